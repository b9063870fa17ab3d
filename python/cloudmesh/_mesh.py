"""The mesh of places: where everything begins."""

import os

from . import _native
from ._core import Event, executable
from ._operations import Operations


class Common:
    def __init__(self, home=None):
        """Opens the folder of settings `home`; without it CLOUDMESH_HOME, else ~/.cloudmesh. Touches nothing yet."""
        self._home = None if home is None else os.fspath(home)
        self._program = None

    def _executable(self):
        if self._program is None:
            self._program = executable()
        return self._program

    def __repr__(self):
        return f"<{type(self).__name__} {self._home or os.environ.get('CLOUDMESH_HOME') or '~/.cloudmesh'}>"


class Mesh(Common, Operations):
    """All places, and everything that can be done with them. Methods are the operations of `cm`."""

    @property
    def aio(self):
        """The same, for `await`."""
        # Loaded when it is first used: most programs never do.
        from ._aio import AsyncMesh

        return AsyncMesh(self._home)

    def events(self, after=None, timeout=None):
        """Gives each change in the store as it comes: those after a position, or from now on.

        Ends when nothing came for `timeout` seconds, if that is given.
        """
        import time

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
            time.sleep(0.1)
