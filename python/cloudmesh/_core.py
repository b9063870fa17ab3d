"""What operations answer with, and how they are run."""

import os
import sys

from . import _native
from ._errors import made


def text(value):
    """A value for a field that takes text: several are joined by commas."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, dict)):
        raise TypeError(f"{type(value).__name__} cannot be given here")
    if isinstance(value, (int, float)):
        return str(value)
    if hasattr(value, "__fspath__"):
        return os.fspath(value)
    if isinstance(value, Thing):
        return value.name
    if isinstance(value, Row):
        return value["name"]
    if isinstance(value, Outcome):
        return ",".join(value.names)
    return ",".join(text(one) for one in value)


def texts(value):
    """A value for a field that takes several texts; a dict becomes NAME=VALUE."""
    if value is None:
        return None
    if isinstance(value, dict):
        return [f"{name}={'' if one is None else text(one)}" for name, one in value.items()]
    if isinstance(value, (str, int, float)) or hasattr(value, "__fspath__"):
        return [text(value)]
    return [text(one) for one in value]


class Row(dict):
    """One row of a table; its columns are attributes, too."""

    __slots__ = ()

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no column {name}: there are {', '.join(self)}") from None

    def __dir__(self):
        return [*super().__dir__(), *self]

    def _repr_html_(self):
        from . import _display

        return _display.row(self)


class Table:
    """The rows of a query, with how fresh and how complete they are."""

    def __init__(self, rows, document):
        self._rows = rows
        self.schema = document["schema"]
        self.as_of = document["as_of"]
        self.complete = document["complete"]
        self.errors = [_error(error) for error in document["errors"]]
        self.places = document["places"]
        self.note = document.get("note")

    @property
    def columns(self):
        """The names of the columns."""
        return [name for name, *_ in self._rows.columns()]

    def column(self, name):
        """The values of one column."""
        return self._rows.column(name)

    def one(self):
        """The only row."""
        if len(self) != 1:
            raise made("ambiguous" if len(self) else "not_found", f"there are {len(self)} rows, not one")
        return self[0]

    def to_dicts(self):
        """The rows as a list of dicts."""
        return self._rows.dicts()

    def to_pandas(self):
        """The rows as a `pandas.DataFrame`; times are in UTC."""
        try:
            import pandas
        except ImportError:
            raise ImportError("to_pandas needs pandas: pip install pandas") from None
        kinds = {name: kind for name, kind, *_ in self._rows.columns()}
        frame = pandas.DataFrame({name: self._rows.column(name) for name in kinds}, columns=list(kinds))
        for name, kind in kinds.items():
            if kind == "time":
                frame[name] = pandas.to_datetime(frame[name], utc=True, format="ISO8601")
            elif kind == "integer":
                frame[name] = frame[name].astype("Int64")
            elif kind == "flag":
                frame[name] = frame[name].astype("boolean")
        return frame

    def to_json(self):
        """The very document that `cm … -o json` writes, as Python values."""
        document = {"schema": self.schema, "items": self.to_dicts(), "as_of": self.as_of, "complete": self.complete}
        document["errors"] = [error.to_json() for error in self.errors]
        document["places"] = self.places
        if self.note is not None:
            document["note"] = self.note
        return document

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, number):
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        return Row(self._rows.row(number))

    def __iter__(self):
        return (self[number] for number in range(len(self)))

    def __bool__(self):
        return len(self) > 0

    def __repr__(self):
        one, several = self._rows.noun()
        return f"<{len(self)} {one if len(self) == 1 else several}{'' if self.complete else ', not complete'}>"

    def __str__(self):
        from . import _display

        return _display.table_text(self)

    def _repr_html_(self):
        from . import _display

        return _display.table_html(self)


def _error(document):
    return made(document["kind"], document["message"], document.get("place"), document.get("hint"))


class Thing:
    """A thing that a plan made: kind, name, place, and how it stands."""

    __slots__ = ("kind", "name", "place", "state")

    def __init__(self, document):
        self.kind = document["kind"]
        self.name = document["label"]
        self.place = document["place"]
        self.state = document["state"]

    def __repr__(self):
        return f"<{self.kind} {self.name} on {self.place}: {self.state}>"


class Outcome:
    """How a change ended: what it made, and for jobs a way to wait for them and to read them."""

    def __init__(self, mesh, document):
        self._mesh = mesh
        self._document = document
        self.plan = document.get("plan")
        self.operation = document.get("operation")
        self.title = document.get("title") or document.get("message")
        self.state = document.get("state", "done")
        self.done = document.get("done", 0)
        self.steps = document.get("steps", 0)
        self.failed = [_error(error) for error in document.get("failed", ())]
        self.seconds = document.get("seconds", 0.0)
        self.things = [Thing(thing) for thing in document.get("things", ())]

    @property
    def names(self):
        """The names of the machines or jobs that were made; else of all things."""
        return [thing.name for thing in self._main()]

    def _main(self):
        main = [thing for thing in self.things if thing.kind in ("server", "job")]
        return main or self.things

    def _jobs(self):
        from ._mesh import Mesh

        steps = Mesh(self._mesh._home).plan.show(self.plan) if self.plan else ()
        jobs = [(step["place"], step["native_id"]) for step in steps if step["does"].startswith("submit job")]
        if not jobs:
            raise made("conflict", "this change submitted no job")
        return jobs

    def jobs(self):
        """The jobs that were submitted, as their clusters see them now."""
        from ._mesh import Mesh

        rows = []
        for place, native in self._jobs():
            rows.extend(Mesh(self._mesh._home).hpc.status(job=native, cluster=place, refresh=True))
        return rows

    def wait(self, timeout=None):
        """Waits until all jobs have ended; returns their rows. Raises TimeoutError after `timeout` seconds."""
        import time

        until = None if timeout is None else time.monotonic() + timeout
        pause = 0.2
        while True:
            rows = self.jobs()
            if all(row["status"] in ENDED for row in rows):
                return rows
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"jobs have not ended after {timeout} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def output(self, error=False):
        """What the jobs wrote. Of several jobs, each begins with a line that names it."""
        from ._mesh import Mesh

        jobs = self._jobs()
        parts = []
        for place, native in jobs:
            written = Mesh(self._mesh._home).hpc.output(native, cluster=place, error=error).text()
            parts.append(written if len(jobs) == 1 else f"==> {place} {native} <==\n{written}")
        return "".join(parts)

    def to_json(self):
        """The very document that `cm … -o json` writes, as Python values."""
        return self._document

    def __len__(self):
        return len(self._main())

    def __iter__(self):
        return iter(self._main())

    def __getitem__(self, number):
        return self._main()[number]

    def __bool__(self):
        return True

    def __repr__(self):
        return f"<{self.title}: {self.state}, {self.done} of {self.steps} steps>"

    def _repr_html_(self):
        from . import _display

        return _display.outcome(self)


ENDED = frozenset(["completed", "failed", "cancelled", "timed_out", "out_of_memory", "node_failed", "gone"])


class Plan:
    """What a change will do. It is kept for 24 hours; `apply` runs it, `cancel` gives it up."""

    def __init__(self, mesh, document):
        self._mesh = mesh
        self._document = document
        plan = document["plan"]
        self.id = plan["id"]
        self.title = plan["title"]
        self.operation = plan["operation"]
        self.steps = plan["steps"]
        self.filled = plan["filled"]
        self.irreversible = plan["irreversible"]
        self.expires = plan["expires"]
        self.saved = document["saved"]
        self.summary = document["summary"]

    def apply(self, *, wait=None, progress=True):
        """Runs this very plan. That it destroys something was seen, so nobody is asked."""
        return change(self._mesh, "plan.apply", {"plan": self.id}, yes=True, wait=wait, progress=progress)

    def cancel(self):
        """Gives it up; it will not be run."""
        return setting(self._mesh, "plan.cancel", {"plan": self.id})

    def to_json(self):
        """The very document that `cm … -o json` writes, as Python values."""
        return self._document

    def __len__(self):
        return len(self.steps)

    def __bool__(self):
        return True

    def __repr__(self):
        return f"<plan {self.id}: {self.title}>"

    def __str__(self):
        from . import _display

        return _display.plan_text(self)

    def _repr_html_(self):
        from . import _display

        return _display.plan_html(self)


class Attachment:
    """A command line for a terminal. `run` runs it in this one."""

    def __init__(self, document):
        self.argv = document["argv"]
        self.environment = document["environment"]
        self.about = document["about"]

    def run(self, **options):
        """Runs it with `subprocess.run`; returns what that returns."""
        import subprocess

        return subprocess.run(self.argv, env={**os.environ, **self.environment}, **options)

    def __repr__(self):
        return f"<{self.about}>"


class Event:
    """Something changed in the store."""

    __slots__ = ("position", "kind", "id", "place", "deleted")

    def __init__(self, position, kind, id, place, deleted):
        self.position = position
        self.kind = kind
        self.id = id
        self.place = place
        self.deleted = deleted

    def __repr__(self):
        return f"<{self.kind} {self.id} {'deleted' if self.deleted else 'changed'}>"


class Stream:
    """What an operation writes until it ends. Iterating gives lines; `chunks` gives bytes as they come."""

    def __init__(self, running):
        self._running = running

    def chunks(self):
        """Bytes, as they come."""
        try:
            while True:
                chunk = self._running.chunk(60.0)
                if chunk is None:
                    break
                if chunk:
                    yield chunk
        except KeyboardInterrupt:
            self.close()
            raise
        self._running.wait(60.0)
        fault = self._running.error()
        if fault:
            raise made(*fault)

    def text(self):
        """Everything, as text. What is not UTF-8 is replaced."""
        return b"".join(self.chunks()).decode("utf-8", "replace")

    def close(self):
        """Reads no more."""
        self._running.close()

    def __iter__(self):
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode("utf-8", "replace")
        if rest:
            yield rest.decode("utf-8", "replace")

    async def __aiter__(self):
        import asyncio

        loop = asyncio.get_running_loop()
        lines = iter(self)
        over = object()
        while True:
            line = await loop.run_in_executor(None, next, lines, over)
            if line is over:
                return
            yield line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __str__(self):
        return self.text()

    def __repr__(self):
        return "<a stream>"


class Handle:
    """A change that runs in the background."""

    def __init__(self, mesh, running):
        self._mesh = mesh
        self._running = running
        self._result = None

    def done(self):
        """Whether it has ended."""
        return self._running.ended()

    def wait(self, timeout=None):
        """Waits until it has ended; returns what came of it. Raises TimeoutError after `timeout` seconds."""
        import time

        until = None if timeout is None else time.monotonic() + timeout
        while not self._running.wait(60.0 if until is None else max(0.0, until - time.monotonic())):
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"it has not ended after {timeout} s")
        return self.result()

    def result(self):
        """What came of it; waits for it."""
        if self._result is None:
            while not self._running.wait(60.0):
                pass
            self._result = answered(self._mesh, self._running)
        return self._result

    def interrupt(self):
        """Asks it to stop: no new calls, those under way are waited for; the second time it leaves at once."""
        self._running.interrupt()

    def told(self):
        """What happened since the last call: what, steps done, steps in all, in words."""
        return self._running.told()

    def __await__(self):
        return ended(self._running, self._mesh).__await__()

    def __repr__(self):
        return f"<a change, {'ended' if self.done() else 'running'}>"


def start(mesh, operation, fields, **around):
    """Starts an operation."""
    fields = {name: value for name, value in fields.items() if value is not None and value is not False}
    return _native.start(mesh._home, mesh._executable(), operation, fields, **around)


def answered(mesh, running):
    """What an operation that has ended answered with; raises what it failed with."""
    fault = running.error()
    rows = running.rows()
    document = running.document()
    if rows is not None:
        table = Table(rows, document)
        if fault and fault[0] != "partial":
            error = made(*fault)
            error.table = table
            raise error
        if not table.complete:
            import warnings

            from ._errors import Incomplete

            failed = "; ".join(str(error) for error in table.errors) or "a place was never read"
            warnings.warn(f"the list is not complete: {failed}", Incomplete, stacklevel=4)
        return table
    attachment = running.attachment()
    if document is not None and document["schema"] == "cloudmesh.plan.v1":
        answer = Plan(mesh, document)
    elif document is not None and document["schema"] == "cloudmesh.outcome.v1":
        answer = Outcome(mesh, document)
    elif document is not None:
        answer = document["message"]
    elif attachment is not None:
        answer = Attachment(attachment)
    else:
        answer = None
    if fault:
        error = made(*fault)
        error.outcome = answer
        raise error
    return answer


def finish(mesh, running, progress=False):
    """Waits for an operation. The first Ctrl-C stops it in order, the second at once."""
    shown = None
    interrupted = 0
    while True:
        try:
            # Progress is drawn about as often as an eye can follow; what is quick is not drawn.
            if running.wait(0.2 if progress else 60.0):
                break
            if progress:
                if shown is None:
                    from . import _display

                    shown = _display.progress()
                shown.show(running.told())
        except KeyboardInterrupt:
            interrupted += 1
            running.interrupt()
            if interrupted > 2:
                raise
    if shown is not None:
        shown.show(running.told())
        shown.close()
    if interrupted:
        try:
            answered(mesh, running)
        except Exception as error:
            raise KeyboardInterrupt(str(error)) from error
        # It was done before it could be stopped; Ctrl-C is not forgotten.
        raise KeyboardInterrupt
    return answered(mesh, running)


def query(mesh, operation, fields, refresh=False):
    """Runs a query."""
    return finish(mesh, start(mesh, operation, fields, refresh=refresh))


def change(mesh, operation, fields, dryrun=False, yes=False, wait=None, progress=True):
    """Plans a change, or runs it, or starts it."""
    running = start(mesh, operation, fields, **_around(operation, dryrun, yes, wait))
    if wait is False and not dryrun:
        return Handle(mesh, running)
    return _outcome(mesh, finish(mesh, running, progress and not dryrun))


def _around(operation, dryrun, yes, wait):
    # What is planned here is kept, so that it can be applied. What runs a plan, or turns one back, is shown.
    shown = dryrun and operation in ("plan.apply", "plan.resume", "undo")
    return {"dryrun": shown, "save": dryrun and not shown, "yes": yes, "wait": True if wait else None}


def _outcome(mesh, answer):
    if isinstance(answer, str):
        return Outcome(mesh, {"schema": "cloudmesh.settled.v1", "message": answer})
    return answer


def setting(mesh, operation, fields):
    """Makes a setting; returns the sentence that says so."""
    return finish(mesh, start(mesh, operation, fields))


def stream(mesh, operation, fields):
    """Starts a stream."""
    return Stream(start(mesh, operation, fields))


def session(mesh, operation, fields):
    """Prepares what is to run in a terminal."""
    return finish(mesh, start(mesh, operation, fields))


async def ended(running, mesh=None):
    """Waits for an operation in a loop; cancelling stops it in order."""
    import asyncio

    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def told():
        if not future.done():
            future.set_result(None)

    def call():
        try:
            loop.call_soon_threadsafe(told)
        except RuntimeError:
            # The loop is closed; nobody waits any more.
            pass

    running.when_ended(call)
    try:
        await future
    except asyncio.CancelledError:
        running.interrupt()
        raise
    return answered(mesh, running)


async def async_query(mesh, operation, fields, refresh=False):
    """Runs a query."""
    return await ended(start(mesh, operation, fields, refresh=refresh), mesh)


async def async_change(mesh, operation, fields, dryrun=False, yes=False, wait=None, progress=True):
    """Plans a change, or runs it, or starts it."""
    running = start(mesh, operation, fields, **_around(operation, dryrun, yes, wait))
    if wait is False and not dryrun:
        return Handle(mesh, running)
    return _outcome(mesh, await ended(running, mesh))


async def async_setting(mesh, operation, fields):
    """Makes a setting; returns the sentence that says so."""
    return await ended(start(mesh, operation, fields), mesh)


async def async_session(mesh, operation, fields):
    """Prepares what is to run in a terminal."""
    return await ended(start(mesh, operation, fields), mesh)


def executable():
    """The program `cm`, for helper processes: beside this Python, or on PATH."""
    named = os.environ.get("CLOUDMESH_PROGRAM")
    if named:
        return named
    beside = os.path.join(sys.prefix, "bin", "cm")
    if os.access(beside, os.X_OK):
        return beside
    import shutil

    return shutil.which("cm") or "cm"
