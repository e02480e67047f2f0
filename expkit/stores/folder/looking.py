"""What is new in a folder since its index was brought up to date: :class:`Looking`.

Read are folders that are new, runs that have not ended, and what the change logs name since the last look. The store's
folder is listed only if its time of change says that a run came or went. What somebody edits by hand is found by the
records' times: all of them are looked at from time to time, in large stores a part with each look.
"""

from __future__ import annotations

import json
import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.errors import DAMAGE, RunNotFoundError
from expkit.record.later import Later
from expkit.record.model import COPYING, QUEUED, RUNNING
from expkit.record.state import DIED, judge
from expkit.record.wire import annotation_from_json, record_to_json
from expkit.settings import SETTINGS
from expkit.stores import finding, rules
from expkit.stores.answers import RunKey
from expkit.stores.disk.changes import Logs
from expkit.stores.disk.layout import is_of_record
from expkit.stores.disk.mounts import may_map
from expkit.stores.finding import Row
from expkit.stores.folder.index import Entry
from expkit.stores.folder.records import read_run, version
from expkit.stores.folder.summary import summary
from expkit.stores.holder import alive
from expkit.stores.index import cells
from expkit.stores.index.database import DamagedError
from expkit.stores.index.kept import COLUMNS, Kept, KeptRow, parts_of
from expkit.stores.index.place import index_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from expkit.record.model import Lease
    from expkit.record.query import Query
    from expkit.stores.answers import Change
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.folder.parts import Parts
    from expkit.stores.folder.records import Stored
    from expkit.stores.folder.store import FolderStore
    from expkit.stores.index.database import Database

BATCH = 500
"""Runs that are read before the index is written: what a killed process loses."""

WHOLE, PAUSE, SHARE = 10_000, 10.0, 20
"""So many records are looked at as a whole, once in so many seconds; else a share of them, at least ``LEAST``."""

LEAST = 256

SETTLED = 2.0
"""Seconds without change after which a run that has ended is taken to be written."""

_COARSE = 1.1
"""Seconds within which two changes of a folder may have the same time."""

_rested: dict[str, float] = {}
"""Stores, and until when all of their records need not be looked at again, by a clock that nobody sets."""

_OPEN = (RUNNING, QUEUED, COPYING)
_UNSEEN = ("cout", "lease", "last-words")


def find(
    store: FolderStore,
    parts: Parts,
    query: Query | None,
    columns: Sequence[str] | None,
    order: Sequence[str],
    limit: int | None,
) -> Iterator[Mapping[str, Any]]:
    """Rows of the runs that match; from the index, where there can be one and it pays."""
    path = index_of(parts.layout.root) if _is_large(parts.layout.root) else None
    if path is not None:
        try:
            from expkit.stores.index import search
        except ImportError:  # an interpreter without SQLite
            path = None
        else:
            return search.find(store, path, Looking(store, parts, alive), query, columns, order, limit)
    return finding.find(store, query, columns, order, limit)


def _is_large(root: str) -> bool:
    """Whether there may be enough runs for an index."""
    try:
        with os.scandir(root) as items:
            return next(islice(items, SETTINGS.INDEX.FROM, None), None) is not None
    except OSError:
        return False


class _Plan(NamedTuple):
    """What a look found to do: runs to read, runs that are gone, folders that are no runs yet, facts to note."""

    due: list[str]
    gone: set[str]
    pending: set[str]
    facts: dict[str, Any]


class Looking:
    """One look at a store.

    Args:
        store: the store.
        parts: its pieces.
        alive: whether the process of a lease lives.
    """

    def __init__(self, store: FolderStore, parts: Parts, alive: Callable[[Lease], bool | None]) -> None:
        self._store = store
        self._parts = parts
        self._layout = parts.layout
        self._alive = alive
        self._states: dict[str, str] = {}
        self._live: dict[str, tuple[str, Row]] = {}

    def look(self, database: Database) -> Iterator[tuple[str, str, Row]]:
        """Bring the index up to date; give the runs that have not ended: created, name, row.

        Raises:
            FormatError: the store has a format that only newer versions know.
        """
        self._parts.format.check()
        self._states, self._live = {}, {}
        seen = database.version()
        plan = self._plan(database)
        if plan.due or plan.gone or _differ(database, plan):
            self._update(database, plan, seen)
        for name, (created, row) in self._live.items():
            yield created, name, row
        found = database.ask(f"SELECT r.created, r.name, {COLUMNS} FROM runs r WHERE final = 0").fetchall()  # noqa: S608
        for created, name, *values in found:
            yield created, name, KeptRow(self._store, database, tuple(values), self._states.get(name), self._alive)

    # -- what is to do ---------------------------------------------------------------------------------

    def _plan(self, database: Database) -> _Plan:
        stamp = self._stamp()  # before anything is read: what happens from now on is for the next look
        seen = database.fact("cursor")
        changes, cursor = self._changes(seen or "")
        pending = set(json.loads(database.fact("pending") or "[]"))
        gone: set[str] = set()
        if stamp is None or stamp != database.fact("root"):
            listed, known = self._listed(), database.names()
            gone = known - listed
            pending = (pending & listed) | (listed - known)
        uids = dict.fromkeys(change.uid for change in changes) if seen else ()  # at first nothing is kept yet
        due = {name for uid in uids if (name := _name_of(database, uid))}
        due |= self._edited(database)
        due |= self._touched(database, gone)
        due |= {name for name in pending if self._is_due(name)} if len(pending) <= BATCH else pending
        facts = {"cursor": cursor, "root": stamp, "place": self._layout.root}
        return _Plan(_sorted(due - gone), gone, pending - due, facts)

    def _changes(self, seen: str) -> tuple[list[Change], str]:
        """What the change logs tell since they were read; the index knows runs that may never have been, if they are older."""
        news = self._parts.changes.after(seen)
        if news is None:
            raise DamagedError("older files have come back to the store")
        return news

    def _stamp(self) -> str | None:
        """What changes when a run comes or goes; None where that cannot be trusted, or has just happened."""
        try:
            stat = os.stat(self._layout.root)
        except OSError:
            return None
        if not may_map(self._layout.root) or not time.time() - stat.st_mtime - _COARSE >= 0:
            return None
        return f"{stat.st_dev}:{stat.st_ino}:{stat.st_mtime_ns}"

    def _listed(self) -> set[str]:
        try:
            return {name for name in os.listdir(self._layout.root) if name[0] not in "._"}
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def _edited(self, database: Database) -> set[str]:
        """Runs that have ended and whose records somebody has replaced since."""
        last = database.one("SELECT max(run) FROM runs") or 0
        start, most = 0, last
        if last > WHOLE or time.monotonic() < _rested.get(self._layout.root, 0.0):
            most = max(LEAST, last // SHARE)
            start = time.time_ns() // 1000 % last if last > most else 0
        else:
            _rested[self._layout.root] = time.monotonic() + PAUSE
        query = "SELECT name, stamp FROM runs WHERE run > ? AND final = 1 LIMIT ?"
        found = database.ask(query, (start, most)).fetchall()
        if len(found) < most and start:
            found += database.ask(query, (0, most - len(found))).fetchall()
        root = self._layout.root
        return {name for name, stamp in found if _text(version(f"{root}/{name}/run.json")) != stamp}

    def _touched(self, database: Database, gone: set[str]) -> set[str]:
        """Kept runs that have not ended and of which something was written, or that live again."""
        query = "SELECT name, sign, sacred, head FROM runs WHERE final = 0"
        return {
            name
            for name, sign, sacred, head in database.ask(query).fetchall()
            if name not in gone and self._has_changed(name, sign, sacred, head)
        }

    def _has_changed(self, name: str, sign: str, sacred: bool, head: str) -> bool:
        run = self._layout.run(name)
        now, age = _sign_of(run, sacred=bool(sacred))
        if now != sign:
            return True
        tree = json.loads(head)
        if tree["status"] != RUNNING:
            return _is_final(tree["status"], sign, age)
        self._states[name] = self._judged(run, KeptRow.record_of(tree))
        return self._states[name] != DIED  # it is kept because it had died

    def _is_due(self, name: str) -> bool:
        """Whether a folder that was no run, or one that lives, is to be kept now; notes the row of one that lives."""
        taken = self._take(name)
        if isinstance(taken, Row):
            self._live[name] = self._created(name), taken
        return isinstance(taken, Kept)

    # -- doing it --------------------------------------------------------------------------------------

    def _update(self, database: Database, plan: _Plan, seen: int) -> None:
        done, total = 0, len(plan.due)
        paths = cells.fields(database)
        while True:
            with database.changing():
                if database.version() != seen:  # somebody else has been here meanwhile
                    seen, self._live = database.version(), {}
                    plan = self._plan(database)
                    paths = cells.fields(database)
                database.forget(plan.gone)
                batch, rest = plan.due[:BATCH], plan.due[BATCH:]
                left = {name for name in batch if not self._keep(database, name, paths)}
                plan = _Plan(rest, set(), plan.pending | left, plan.facts)
                _note(database, plan)
            done += len(batch)
            if total > BATCH and self._store.on_indexing is not None:
                self._store.on_indexing(min(done, total), total)
            if not plan.due:
                return

    def _keep(self, database: Database, name: str, paths: dict[str, int]) -> bool:
        """Put what a run says into the index; False for what is no run, and for a run that lives."""
        taken = self._take(name)
        if not isinstance(taken, Kept):
            database.forget([name])
            if taken is not None:
                self._live[name] = self._created(name), taken
            return not os.path.isdir(f"{self._layout.root}/{name}")
        self._forget_copies(database, taken)
        run = database.put(taken)
        self._live.pop(name, None)
        if not taken.final:
            database.ask("DELETE FROM cells WHERE run = ?", (run,))
        elif paths:
            found = database.ask(f"SELECT {COLUMNS} FROM runs r WHERE run = ?", (run,)).fetchone()  # noqa: S608
            cells.add(database, run, KeptRow(self._store, database, found, None, self._alive), paths)
        return True

    def _forget_copies(self, database: Database, kept: Kept) -> None:
        """Drop a folder that was taken for this run, as long as nobody knew of the one that it is a copy of."""
        others = database.ask("SELECT name FROM runs WHERE uid = ? AND name <> ?", (kept.uid, kept.name)).fetchall()
        database.forget([name for (name,) in others])

    # -- one run ---------------------------------------------------------------------------------------

    def _take(self, name: str) -> Kept | Row | None:
        """What a run says; its row where it lives or cannot be read; None where there is none."""
        run = self._layout.run(name)
        while True:
            try:
                sign, age = _sign_of(run, sacred=False)
                stored = read_run(run)
                if stored.moved and self._parts.index.entry(name) is None:  # a copy
                    return None
                if stored.sacred:
                    sign, age = _sign_of(run, sacred=True)
                if not sign or (stored.record.status == RUNNING and self._judged(run, stored.record) != DIED):
                    return self._row(name)
                kept = self._kept(run, stored, sign, age)
            except RunNotFoundError:
                return None
            except DAMAGE:
                return self._row(name)
            if stored.record.status != RUNNING or _sign_of(run, sacred=stored.sacred)[0] == sign:
                self._states[name] = DIED if stored.record.status == RUNNING else stored.record.status
                return kept

    def _row(self, name: str) -> Row | None:
        entry = self._parts.index.entry(name)
        row = entry and Row(self._store, RunKey(entry.id, entry.uid), self._alive)
        return row if row and row.load() else None

    def _created(self, name: str) -> str:
        entry = self._parts.index.entry(name)
        return entry.created if entry else ""

    def _judged(self, run: RunLayout, record: Any) -> str:
        return judge(record, self._parts.leases.read(run.lease), self._store.now(), self._alive)

    def _kept(self, run: RunLayout, stored: Stored, sign: str, age: float) -> Kept:
        record = stored.record
        notes = rules.in_order(map(annotation_from_json, Logs(self._layout.annotations(record.uid)).all()))
        tree = Later(notes).mixed_in({**record_to_json(record), "id": record.id})
        entry = Entry(run.id, record.uid, stored.stamp.created, stored.sacred)
        figures = summary(self._parts.streams, entry, self._layout)
        stamp = _text(version(run.record))
        return Kept(
            run.id,
            record.uid,
            stored.stamp.created,
            _is_final(record.status, sign, age),
            stored.sacred,
            stamp,
            sign,
            *parts_of(tree, figures),
        )


def _is_final(status: str, sign: str, age: float) -> bool:
    """Whether a run has ended for good: nobody is about to write the rest of it."""
    return status not in _OPEN and age > SETTLED and "events" not in sign


def _sign_of(run: RunLayout, *, sacred: bool) -> tuple[str, float]:
    """What changes when anything of a run is written, and seconds since that was; ``""`` where ranks are at work."""
    found, newest = [], 0.0
    with os.scandir(run.folder) as items:
        for item in items:
            name = item.name
            if name.startswith("lease-"):
                return "", 0.0
            if (name.startswith(_UNSEEN) or not is_of_record(name)) and not (sacred and name.endswith(".json")):
                continue
            stat = item.stat()
            newest = max(newest, stat.st_mtime)
            found.append(f"{name}:{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_size}")
    return " ".join(sorted(found)), abs(time.time() - newest)


def _text(seen: tuple[int, int, int] | None) -> str:
    return "" if seen is None else "{}:{}:{}".format(*seen)


def _name_of(database: Database, uid: str) -> str | None:
    name = database.one("SELECT name FROM runs WHERE uid = ?", (uid,))
    return None if name is None else str(name)


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (len(name), name))


def _differ(database: Database, plan: _Plan) -> bool:
    """Whether there are new facts to note; that the folder changed a moment ago is none."""
    facts = {name: value for name, value in plan.facts.items() if value is not None}
    return json.dumps(_sorted(plan.pending)) != (database.fact("pending") or "[]") or any(
        database.fact(name) != value for name, value in facts.items()
    )


def _note(database: Database, plan: _Plan) -> None:
    """Note what is done; whoever is killed before everything is done leaves the rest to the next look."""
    owed = set(plan.due) & set(json.loads(database.fact("pending") or "[]"))
    database.note("pending", json.dumps(_sorted(plan.pending | owed)))
    for name, value in plan.facts.items():
        if not plan.due or (name == "cursor" and database.fact(name) is None):  # all that is kept was read after it
            database.note(name, value)
