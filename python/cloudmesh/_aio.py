"""The mesh for `await`."""

import asyncio
import time

from . import _native
from ._async_operations import AsyncOperations
from ._core import Event
from ._mesh import Common


class AsyncMesh(Common, AsyncOperations):
    """`Mesh` for `await`: each operation is a coroutine. Cancelling it stops it in order."""

    async def events(self, after=None, timeout=None):
        """Gives each change in the store as it comes: those after a position, or from now on.

        Ends when nothing came for `timeout` seconds, if that is given.
        """
        if after is None:
            after = _native.latest(self._home, self._executable())
        heard = time.monotonic()
        while True:
            for event in _native.events(self._home, self._executable(), after, 500):
                after = event[0]
                heard = time.monotonic()
                yield Event(*event)
            if timeout is not None and time.monotonic() - heard > timeout:
                return
            await asyncio.sleep(0.1)
