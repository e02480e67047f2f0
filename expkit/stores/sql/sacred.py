"""Runs that the predecessor recorded in the same database: read, never changed. Its jsonpickle trees stay data."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from sqlalchemy import DateTime, LargeBinary, Text, column, delete, func, insert, inspect, select, table
from sqlalchemy.types import String

from expkit.errors import BlobNotFoundError, RunNotFoundError
from expkit.record.codec import encode
from expkit.record.model import BY_SACRED, OUTPUT, FileRef, RunRecord, StreamKey
from expkit.stores.base import RunKey
from expkit.stores.counting import natural
from expkit.stores.sacred import base_name, tree_of, uid_of_run, utc
from expkit.stores.sql import ids, tables
from expkit.stores.sql.runs import annotations_of, remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, FromClause

    from expkit.record.model import Annotation
    from expkit.stores.sql.server import Server
    from expkit.types import RunId

_TIMES = ("start_time", "heartbeat", "stop_time", "queue_time")
_RUN = table(
    "run",
    column("id"),
    column("run_id"),
    column("command"),
    *(column(name, DateTime()) for name in _TIMES),
    *(column(name) for name in ("priority", "comment", "fail_trace", "captured_out", "config", "info")),
    column("status", String()),
    *(column(name) for name in ("host_id", "experiment_id", "result")),
)
_EXPERIMENT = table("experiment", column("experiment_id"), column("name"), column("base_dir"))
_HOST = table("host", *map(column, ("host_id", "hostname", "cpu", "os", "os_info", "python_version")))
_SOURCE = table("source", *map(column, ("source_id", "filename", "md5sum")), column("content", Text()))
_RESOURCE = table("resource", *map(column, ("resource_id", "filename", "md5sum")), column("content", LargeBinary()))
_ARTIFACT = table("artifact", *map(column, ("artifact_id", "filename", "run_id")), column("content", LargeBinary()))
_REPOSITORY = table("repository", *map(column, ("repository_id", "url", "commit", "dirty")))
_DEPENDENCY = table("dependency", *map(column, ("dependency_id", "name", "version")))
_DIGITS = 15
"""Hexadecimal ones, that a number of a database has for sure."""

_NEEDED = {"run_id", "captured_out", "experiment_id", "host_id"}


class Theirs(NamedTuple):
    """A run of the predecessor's.

    Attributes:
        number: of its row; databases give it again, so the row counts only while it has this uid.
        uid: of the run.
    """

    number: int
    uid: str


class Sacreds:
    """The runs of the predecessor's in a database.

    Args:
        server: the database.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._numbers: dict[str, int] = {}
        self._are_there = False
        self._looked = -1

    def keys(self) -> list[RunKey]:
        """Their names, oldest first."""
        return self._server.look(self._keys, list)

    def _keys(self, connection: Connection) -> list[RunKey]:
        if not self._has_tables(connection):
            return []
        rows = list(connection.execute(_identities().order_by(_RUN.c.id)))
        self._numbers = {_uid(row): row.id for row in rows}
        return [RunKey(natural(row.run_id), _uid(row)) for row in rows]

    def _has_tables(self, connection: Connection) -> bool:
        """Whether the database that is open now has their tables."""
        if self._looked != self._server.opened:
            self._are_there, self._looked = _has_tables(connection), self._server.opened
        return self._are_there

    def find(self, run: RunId) -> Theirs | None:
        """A run by its uid or id; None where there is none."""
        return self._server.look(lambda connection: self._find(connection, str(run)), lambda: None)

    def _find(self, connection: Connection, run: str) -> Theirs | None:
        if not self._has_tables(connection):
            return None
        numbers = self._numbers
        if run not in numbers or _uid_at(connection, numbers[run]) != run:
            keys, numbers = self._keys(connection), self._numbers
            run = next((key.uid for key in keys if run in (key.uid, str(key.id))), "")
        return Theirs(numbers[run], run) if run else None

    # -- records ---------------------------------------------------------------------------------------

    def record(self, run: Theirs) -> RunRecord:
        """What the rows say, as a record."""
        found: RunRecord = self._server.look(lambda connection: _record(connection, _row(connection, run)), _nothing)
        return found

    def output(self, run: Theirs) -> bytes:
        """What the run printed."""
        row = self._server.look(lambda connection: _row(connection, run), _nothing)
        return (row.captured_out or "").encode("utf-8", "backslashreplace")

    def streams(self, run: Theirs) -> dict[StreamKey, int]:
        """The streams of a run and their ends: its output, if there is any."""
        output = self.output(run)
        return {StreamKey(OUTPUT): len(output)} if output else {}

    def open(self, run: Theirs, ref: FileRef) -> BinaryIO:
        """The bytes of a file.

        Raises:
            BlobNotFoundError: they are not here.
        """
        data = self._server.look(lambda connection: _content(connection, _row(connection, run), ref), _nothing)
        if data is None:
            raise BlobNotFoundError(f"there is no {ref.role} {ref.path!r} of run {run.number}")
        return io.BytesIO(data)

    def delete(self, run: Theirs) -> None:
        """Remove the rows of a run, and what we wrote about it; those that runs share stay."""
        shared = table("runs_resources", column("run_id"))
        now = self._server.now()

        def work(connection: Connection) -> None:
            row = _row(connection, run)
            for each in (shared, _ARTIFACT, _RUN):
                connection.execute(delete(each).where(each.c.run_id == row.run_id))
            connection.execute(delete(tables.remarks).where(tables.remarks.c.run == _ours(run.uid)))
            ids.hold(connection)
            ids.note(connection, run.uid, "deleted", now)

        self._server.write(work)
        self._numbers.pop(run.uid, None)

    # -- later facts -----------------------------------------------------------------------------------

    def annotate(self, run: Theirs, annotation: Annotation) -> None:
        """Add a later fact."""
        entry, now = remark(annotation), self._server.now()

        def work(connection: Connection) -> None:
            if not connection.scalar(select(tables.remarks.c.number).where(tables.remarks.c.token == entry["token"])):
                connection.execute(insert(tables.remarks), {"run": _ours(run.uid), **entry})
                ids.hold(connection)
                ids.note(connection, run.uid, "annotated", now)

        self._server.write(work)

    def annotations(self, run: Theirs) -> list[Annotation]:
        """The later facts of a run."""
        wanted = select(tables.remarks.c.text).where(tables.remarks.c.run == _ours(run.uid))
        ordered = wanted.order_by(tables.remarks.c.number)
        return annotations_of(self._server.read(lambda connection: list(connection.scalars(ordered)), list))


def _ours(uid: str) -> int:
    """By what rows of ours speak of a run of theirs: below 0, and not their number, which databases give again."""
    return -1 - int(uid[-_DIGITS:], 16)


def _nothing() -> Any:
    raise RunNotFoundError("the database is gone")


def _has_tables(connection: Connection) -> bool:
    inspector = inspect(connection)
    if not inspector.has_table("run") or not inspector.has_table("experiments_sources"):
        return False
    return {found["name"] for found in inspector.get_columns("run")} >= _NEEDED


def _joined() -> FromClause:
    with_host = _RUN.outerjoin(_HOST, _RUN.c.host_id == _HOST.c.host_id)
    return with_host.outerjoin(_EXPERIMENT, _RUN.c.experiment_id == _EXPERIMENT.c.experiment_id)


def _identities() -> Any:
    named = _EXPERIMENT.c.name, _HOST.c.hostname
    return select(_RUN.c.id, _RUN.c.run_id, _RUN.c.start_time, _RUN.c.command, *named).select_from(_joined())


def _uid(row: Any) -> str:
    return uid_of_run(row.run_id, utc(row.start_time), {"name": row.name}, {"hostname": row.hostname}, row.command)


def _uid_at(connection: Connection, number: int) -> str | None:
    row = connection.execute(_identities().where(_RUN.c.id == number)).one_or_none()
    return None if row is None else _uid(row)


def _row(connection: Connection, run: Theirs) -> Any:
    host = [found for found in _HOST.c if found.name != "host_id"]
    columns = [*_RUN.c, _EXPERIMENT.c.name, _EXPERIMENT.c.base_dir, *host]
    row = connection.execute(select(*columns).select_from(_joined()).where(_RUN.c.id == run.number)).one_or_none()
    if row is None or _uid(row) != run.uid:
        raise RunNotFoundError(f"run {run.uid} has just been deleted")
    return row


def _record(connection: Connection, row: Any) -> RunRecord:
    config = tree_of(_parsed(row.config))
    seed = config.get("seed")
    return RunRecord(
        uid=_uid(row),
        id=natural(row.run_id),
        name=row.name or "",
        command=row.command or "",
        status=row.status or "",
        seed=seed if isinstance(seed, int) else None,
        queue_time=utc(row.queue_time),
        start_time=utc(row.start_time),
        stop_time=utc(row.stop_time),
        heartbeat=utc(row.heartbeat),
        config=encode(config),
        experiment=encode(_experiment(connection, row)),
        host=encode({**_named(row, "hostname", "cpu", "python_version"), "os": [row.os, row.os_info]}),
        meta=encode(_named(row, "comment", "priority")),
        files=tuple(_refs(connection, row)),
        info=encode(tree_of(_parsed(row.info))),
        result=encode(row.result),
        # entries end in a newline, and were joined by another one
        fail_trace=tuple(re.split(r"(?<=\n)\n", row.fail_trace)) if row.fail_trace else (),
        gaps=(BY_SACRED,),
    )


def _named(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _experiment(connection: Connection, row: Any) -> dict[str, Any]:
    repositories = _of_experiment(connection, row, _REPOSITORY, "repository", "experiments_repositories")
    dependencies = _of_experiment(connection, row, _DEPENDENCY, "dependency", "experiments_dependencies")
    return {
        "name": row.name,
        "base_dir": base_name(row.base_dir or ""),
        "repositories": [{**_named(found, "url", "commit"), "dirty": bool(found.dirty)} for found in repositories],
        "dependencies": [f"{found.name}=={found.version}" for found in dependencies],
    }


def _of_experiment(connection: Connection, row: Any, things: Any, name: str, link: str) -> list[Any]:
    links = table(link, column("experiment_id"), column(f"{name}_id"))
    key = things.c[f"{name}_id"]
    kept = [found for found in things.c if found.name != "content"]
    wanted = select(*kept).join(links, links.c[f"{name}_id"] == key).where(links.c.experiment_id == row.experiment_id)
    return list(connection.execute(wanted.order_by(key)))


def _refs(connection: Connection, row: Any) -> Iterator[FileRef]:
    for ref, things, where in _files(connection, row):
        if things is _SOURCE:  # texts, which databases count in characters
            size = len(_bytes(connection.scalar(select(things.c.content).where(where)), ref.md5))
        else:
            size = int(connection.scalar(select(func.length(things.c.content)).where(where)) or 0)
        yield ref.but(size=size)


def _files(connection: Connection, row: Any) -> Iterator[tuple[FileRef, Any, Any]]:
    """The files of a run, without their sizes, and where their bytes are: a table, and a condition on it."""
    for found in _of_experiment(connection, row, _SOURCE, "source", "experiments_sources"):
        ref = FileRef(path=found.filename, role="source", md5=found.md5sum or "")
        yield ref, _SOURCE, _SOURCE.c.source_id == found.source_id
    links, columns = table("runs_resources", column("run_id"), column("resource_id")), _RESOURCE.c
    wanted = select(columns.resource_id, columns.filename, columns.md5sum)
    joined = wanted.join(links, links.c.resource_id == columns.resource_id).where(links.c.run_id == row.run_id)
    for found in connection.execute(joined.order_by(columns.resource_id)):
        ref = FileRef(path=base_name(found.filename), role="resource", root="elsewhere", md5=found.md5sum or "")
        yield ref, _RESOURCE, columns.resource_id == found.resource_id
    made = select(_ARTIFACT.c.artifact_id, _ARTIFACT.c.filename).where(_ARTIFACT.c.run_id == row.run_id)
    for found in connection.execute(made.order_by(_ARTIFACT.c.artifact_id)):
        ref = FileRef(path=found.filename, role="artifact", root="run", mode="w")
        yield ref, _ARTIFACT, _ARTIFACT.c.artifact_id == found.artifact_id


def _content(connection: Connection, row: Any, ref: FileRef) -> bytes | None:
    for found, things, where in _files(connection, row):
        if found == ref.but(size=0):
            return _bytes(connection.scalar(select(things.c.content).where(where)), ref.md5)
    return None


def _bytes(content: Any, md5: str) -> bytes:
    """Sources are kept as text, without their ends of lines: these are found again by the hash."""
    if not isinstance(content, str):
        return bytes(content or b"")
    data = content.encode()
    other = data.replace(b"\n", b"\r\n")
    return other if hashlib.md5(other, usedforsecurity=False).hexdigest() == md5 else data


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
