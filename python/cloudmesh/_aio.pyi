from typing import AsyncIterator

from ._async_operations import AsyncOperations
from ._core import Event
from ._mesh import Common

class AsyncMesh(Common, AsyncOperations):
    def events(self, after: int | None = None, timeout: float | None = None) -> AsyncIterator[Event]: ...
