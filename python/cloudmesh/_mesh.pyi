import os
from typing import Iterator

from ._aio import AsyncMesh
from ._core import Event
from ._operations import Operations

class Common:
    def __init__(self, home: str | os.PathLike[str] | None = None) -> None: ...

class Mesh(Common, Operations):
    @property
    def aio(self) -> AsyncMesh: ...
    def events(self, after: int | None = None, timeout: float | None = None) -> Iterator[Event]: ...
