"""The rows of runs: records, later facts, signs of life, changes."""

from __future__ import annotations

import json
import secrets
from datetime import timezone
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from expkit.record.wire import annotation_from_json, annotation_to_json, lease_from_json, lease_to_json
from expkit.stores import rules
from expkit.stores.base import Change, RunKey
from expkit.stores.counting import natural
from expkit.stores.exact import digests_of
from expkit.stores.shown import naive
from expkit.stores.sql import ids, readable, tables
from expkit.stores.sql.records import PROGRESS, Known, columns_of, file_row, parts_of, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Connection

    from expkit.record.model import Annotation, FileRef, Lease, RunRecord
    from expkit.stores.sql.server import Server
    from expkit.types import RunId

_T = TypeVar("_T")


class Runs:
    """Reads and writes the rows of runs.

    Args:
        server: the database.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._url = server.place.url
        self._known: dict[str, Known] = {}

    # -- records ---------------------------------------------------------------------------------------

    def create(self, record: RunRecord, wanted: RunId | None, lease: Lease | None, *, bind: bool) -> RunId:
        """Take in a run, with its lease, and return its id."""
        parts, now = parts_of(record), self._server.now()

        def work(connection: Connection) -> str:
            ids.hold(connection)
            known: str | None = connection.scalar(select(tables.runs.c.id).where(tables.runs.c.uid == record.uid))
            if known is not None:
                connection.rollback()  # nothing has happened
                return known
            name = ids.claim(connection, wanted, self._url, bind=bind)
            row = {"uid": record.uid, "id": name, "version": 0, **columns_of(record, parts)}
            number = connection.execute(insert(tables.runs).values(row)).inserted_primary_key
            assert number is not None
            self._add_all(connection, number[0], record, parts)
            if lease is not None:
                connection.execute(insert(tables.leases), _lease_row(number[0], lease.but(renewed=now)))
            ids.note(connection, record.uid, "created", now)
            return name

        return natural(self._server.write(work))

    def _add_all(self, connection: Connection, number: int, record: RunRecord, parts: Mapping[str, str]) -> None:
        rows = [{"run": number, "part": name, "text": text} for name, text in parts.items()]
        connection.execute(insert(tables.records), rows)
        _write_files(connection, number, record.files, None)

    def save(self, record: RunRecord) -> None:
        """Replace a record; only what has changed since the last time is sent, as long as the run goes on."""
        if not ids.can_be(record.uid):
            raise rules.not_found(record.uid, self._url)
        parts, now = parts_of(record), self._server.now()
        digests = digests_of(parts)

        def work(connection: Connection) -> Known:
            wanted = tables.runs.c.uid == record.uid
            columns = tables.runs.c.number, tables.runs.c.version, tables.runs.c.segment
            row = connection.execute(select(*columns).where(wanted).with_for_update()).one_or_none()
            if row is None:
                raise rules.not_found(record.uid, self._url)
            known = self._known.get(record.uid, _NOTHING)
            known = known if known.version == row.version else _NOTHING
            changed = [name for name in parts if known.digests.get(name) != digests[name]]
            self._write(connection, row.number, {name: parts[name] for name in changed})
            version = secrets.randbits(62)
            shown = {"version": version, **columns_of(record, changed)}
            connection.execute(update(tables.runs).where(tables.runs.c.number == row.number).values(shown))
            if "files" in changed:
                _write_files(connection, row.number, record.files, None if known is _NOTHING else known.files)
            ids.hold(connection)
            ids.note(connection, record.uid, "resumed" if record.segment > row.segment else "saved", now)
            return Known(version=version, digests=digests, files=record.files)

        known = self._server.write(work)
        if record.stop_time is None:
            self._known[record.uid] = known
        else:
            self._known.pop(record.uid, None)

    def forget(self) -> None:
        """Know nothing any more of what was written."""
        self._known.clear()

    @staticmethod
    def _write(connection: Connection, number: int, parts: Mapping[str, str]) -> None:
        for name, text in parts.items():
            where = tables.records.c.run == number, tables.records.c.part == name
            connection.execute(update(tables.records).where(*where).values(text=text))

    def load(self, run: RunId) -> RunRecord:
        """The record of a run."""

        def work(connection: Connection) -> RunRecord:
            row = ids.found(connection, run, self._url)
            parts = connection.scalars(select(tables.records.c.text).where(tables.records.c.run == row.number))
            return record_of(natural(row.id), parts)

        return self._server.read(work, lambda: self._missing(run))

    def keys(self) -> list[RunKey]:
        """All runs, oldest first."""
        wanted = select(tables.runs.c.id, tables.runs.c.uid).order_by(tables.runs.c.number)

        def work(connection: Connection) -> list[RunKey]:
            return [RunKey(natural(row.id), row.uid) for row in connection.execute(wanted)]

        return self._server.read(work, list)

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Change the status if it is as expected; who is asked again, because the answer was lost, remembers."""
        token, now = uuid4().hex, self._server.now()

        def work(connection: Connection) -> bool:
            number = ids.found(connection, run, self._url).number
            here = tables.runs.c.number == number
            held = select(tables.runs.c.uid, tables.runs.c.version, tables.runs.c.setter).where(here)
            row = connection.execute(held.with_for_update()).one()
            part = tables.records.c.run == number, tables.records.c.part == PROGRESS
            tree = json.loads(connection.scalar(select(tables.records.c.text).where(*part)) or "{}")
            if row.setter == token or tree.get("status") != expected:
                return bool(row.setter == token)
            new = {"status": readable.text(status), "setter": token, "version": row.version + 1}
            connection.execute(update(tables.runs).where(here).values(new))
            self._write(connection, number, {PROGRESS: json.dumps({**tree, "status": status})})
            ids.hold(connection)
            ids.note(connection, row.uid, "saved", now)
            return True

        return self._change(run, work)

    def delete(self, run: RunId) -> None:
        """Take a run out of every list; what it logged goes with the next sweep."""
        now = self._server.now()

        def work(connection: Connection) -> None:
            row = ids.found(connection, run, self._url, tables.runs.c.uid)
            for table in (tables.records, tables.leases, tables.files, tables.remarks):
                connection.execute(delete(table).where(table.c.run == row.number))
            connection.execute(delete(tables.runs).where(tables.runs.c.number == row.number))
            ids.hold(connection)
            ids.note(connection, row.uid, "deleted", now)
            self._known.pop(row.uid, None)

        self._change(run, work)

    # -- leases ----------------------------------------------------------------------------------------

    def renew(self, run: RunId, lease: Lease) -> None:
        """Write the lease of a run."""
        stamped = lease if lease.renewed is not None else lease.but(renewed=self._server.now())

        def work(connection: Connection) -> None:
            number = ids.found(connection, run, self._url).number
            row = _lease_row(number, stamped)
            if not connection.execute(update(tables.leases).where(tables.leases.c.run == number).values(row)).rowcount:
                connection.execute(insert(tables.leases), row)

        self._change(run, work)

    def lease(self, run: RunId) -> Lease | None:
        """The last lease of a run."""

        def work(connection: Connection) -> str | None:
            number = ids.found(connection, run, self._url).number
            return connection.scalar(select(tables.leases.c.text).where(tables.leases.c.run == number))

        return lease_of(self._server.read(work, lambda: self._missing(run)))

    # -- later facts -----------------------------------------------------------------------------------

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Add a later fact, once, also where it has to be sent twice."""
        row, now = remark(annotation), self._server.now()

        def work(connection: Connection) -> None:
            found = ids.found(connection, run, self._url, tables.runs.c.uid)
            if connection.scalar(select(tables.remarks.c.number).where(tables.remarks.c.token == row["token"])):
                return
            connection.execute(insert(tables.remarks), {"run": found.number, **row})
            ids.hold(connection)
            ids.note(connection, found.uid, "annotated", now)

        self._change(run, work)

    def annotations(self, run: RunId) -> list[Annotation]:
        """The later facts of a run."""

        def work(connection: Connection) -> list[str]:
            number = ids.found(connection, run, self._url).number
            wanted = select(tables.remarks.c.text).where(tables.remarks.c.run == number)
            return list(connection.scalars(wanted.order_by(tables.remarks.c.number)))

        return annotations_of(self._server.read(work, lambda: self._missing(run)))

    def changes(self, since: str) -> tuple[list[Change], str]:
        """What happened after a cursor, and the new cursor."""
        place = rules.counted_cursor(since, self._url)
        columns = tables.changes.c
        wanted = select(columns.number, columns.uid, columns.what, columns.time).where(columns.number > place)

        def work(connection: Connection) -> list[Any]:
            return list(connection.execute(wanted.order_by(columns.number)))

        rows = self._server.read(work, list)
        changes = [Change(row.uid, row.what, row.time.replace(tzinfo=timezone.utc)) for row in rows]
        return changes, str(rows[-1].number) if rows else since or "0"

    # -- inside ----------------------------------------------------------------------------------------

    def _change(self, run: RunId, work: Callable[[Connection], _T]) -> _T:
        """Write about a run that is there; a database without tables has none, and gets none by it."""
        if not self._server.is_there():
            self._missing(run)
        return self._server.write(work)

    def _missing(self, run: RunId) -> NoReturn:
        raise rules.not_found(run, self._url)


_NOTHING = Known()


def remark(annotation: Annotation) -> dict[str, Any]:
    """The row of a later fact."""
    return {
        "time": naive(annotation.time),
        "action": readable.text(annotation.action),
        "author": readable.text(annotation.author),
        "value": readable.tree(annotation.value),
        "text": json.dumps(annotation_to_json(annotation)),
        "token": uuid4().hex,
    }


def lease_of(text: str | None) -> Lease | None:
    """The lease in a row."""
    return None if text is None else lease_from_json(json.loads(text))


def annotations_of(texts: Iterable[str]) -> list[Annotation]:
    """Annotations in order of their time; those of one time as they came."""
    found = [annotation_from_json(json.loads(text)) for text in texts]
    return rules.in_order(found)


def _lease_row(number: int, lease: Lease) -> dict[str, Any]:
    shown = {"renewed": naive(lease.renewed), "host": readable.text(lease.host), "pid": lease.pid}
    return {"run": number, **shown, "text": json.dumps(lease_to_json(lease))}


def _write_files(
    connection: Connection, run: int, files: tuple[FileRef, ...], known: tuple[FileRef, ...] | None
) -> None:
    """Bring the rows of files up to date; where nothing is known of them, all are written anew."""
    old = known or ()
    new = [place for place, ref in enumerate(files) if place >= len(old) or old[place] != ref]
    table = tables.files
    if known is None or any(place < len(old) for place in new) or len(old) > len(files):
        connection.execute(delete(table).where(table.c.run == run))
        new = list(range(len(files)))
    if new:
        connection.execute(insert(table), [file_row(run, place, files[place]) for place in new])
