"""Errors by kind. Each says what happened, where, and what to do."""


class Error(Exception):
    """Something that Cloudmesh could not do."""

    kind = "internal"

    def __init__(self, message, *, place=None, hint=None, context=()):
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint
        self.context = dict(context)
        self.outcome = None
        self.table = None

    def __str__(self):
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text

    def to_json(self):
        """As it stands in the answers of `cm … -o json`."""
        return {"place": self.place, "kind": self.kind, "message": self.message, "hint": self.hint}

    def __reduce__(self):
        return _again, (type(self), self.message, self.place, self.hint, self.context)


def _again(kind, message, place, hint, context):
    return kind(message, place=place, hint=hint, context=context)


class BadInput(Error, ValueError):
    """The request itself cannot be right."""

    kind = "bad_input"


class NotFound(Error, LookupError):
    """A name or id that nothing answers to."""

    kind = "not_found"


class Ambiguous(Error, LookupError):
    """A name that more than one thing answers to."""

    kind = "ambiguous"


class Conflict(Error):
    """The thing exists already, or its state forbids the change."""

    kind = "conflict"


class Quota(Error):
    """The service's quota or limit does not allow it."""

    kind = "quota"


class Unauthorized(Error):
    """The service did not accept the credentials."""

    kind = "unauthorized"


class Forbidden(Error):
    """The credentials are good, but the service's rules forbid it."""

    kind = "forbidden"


class Refused(Error):
    """Cloudmesh's own rules forbid it, or a needed confirmation was not given."""

    kind = "refused"


class Unreachable(Error):
    """The service could not be reached, or did not answer in time."""

    kind = "unreachable"


class Throttled(Error):
    """The service asked us to slow down for longer than we were willing to wait."""

    kind = "throttled"


class Unsupported(Error):
    """The provider or service has no such ability."""

    kind = "unsupported"


class Stale(Error):
    """A fact that a plan rests on is no longer true."""

    kind = "stale"


class Partial(Error):
    """Some of the work is done, some is not. `outcome` tells."""

    kind = "partial"


class Interrupted(Error):
    """The work was interrupted. `mesh.plan.resume` goes on with a plan."""

    kind = "interrupted"


class Store(Error):
    """Cloudmesh's own store cannot be read or written."""

    kind = "store"


class Service(Error):
    """The service failed, or answered in a way that its protocol does not allow."""

    kind = "service"


class Internal(Error):
    """A fault of Cloudmesh itself."""


class Incomplete(UserWarning):
    """A list of which some places did not answer. `errors` of the list tells which."""


_KINDS = {kind.kind: kind for kind in Error.__subclasses__()}


def made(kind, message, place=None, hint=None, context=()):
    """The error of that kind."""
    return _KINDS.get(kind, Internal)(message, place=place, hint=hint, context=context)
