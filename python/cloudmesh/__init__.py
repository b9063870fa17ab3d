"""Virtual machines on many clouds and jobs on many clusters, with one vocabulary.

    import cloudmesh as cm

    mesh = cm.Mesh()
    mesh.vm.list(cloud="all", refresh=True)
"""

from ._core import Attachment, Event, Handle, Outcome, Plan, Row, Stream, Table, Thing
from ._errors import (
    Ambiguous,
    BadInput,
    Conflict,
    Error,
    Forbidden,
    Incomplete,
    Internal,
    Interrupted,
    NotFound,
    Partial,
    Quota,
    Refused,
    Service,
    Stale,
    Store,
    Throttled,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from ._mesh import Mesh
from ._native import __version__

__all__ = [
    "Ambiguous",
    "AsyncMesh",
    "Attachment",
    "BadInput",
    "Conflict",
    "Error",
    "Event",
    "Forbidden",
    "Handle",
    "Incomplete",
    "Internal",
    "Interrupted",
    "Mesh",
    "NotFound",
    "Outcome",
    "Partial",
    "Plan",
    "Quota",
    "Refused",
    "Row",
    "Service",
    "Stale",
    "Store",
    "Stream",
    "Table",
    "Thing",
    "Throttled",
    "Unauthorized",
    "Unreachable",
    "Unsupported",
    "__version__",
]


def __getattr__(name):
    # Loaded when it is first used: most programs never do.
    if name == "AsyncMesh":
        from ._aio import AsyncMesh

        return AsyncMesh
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
