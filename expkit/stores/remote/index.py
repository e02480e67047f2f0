"""Which runs a store has: one listing of empty objects whose names say it, and a look at folders that have none."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from expkit.errors import FormatError, RunNotFoundError, StoreError, StoreNameError
from expkit.stores import rules
from expkit.stores.disk import text
from expkit.stores.disk.layout import check_id
from expkit.stores.remote import layout
from expkit.stores.remote.layout import Noted
from expkit.stores.remote.records import read, record_name

if TYPE_CHECKING:
    from expkit.stores.remote.ids import Ids
    from expkit.stores.remote.media import Media
    from expkit.types import RunId

FORMAT = 1
_UID = re.compile(r"[0-9a-f]{32}")
_STRANGERS = 10.0
"""Seconds for which a list of all folders tells which of them somebody has copied there, with nothing that notes their uids."""


class Index:
    """The runs of one store.

    Args:
        media: where.
        ids: who has which id.
    """

    def __init__(self, media: Media, ids: Ids) -> None:
        self._media = media
        self._ids = ids
        self._names: dict[str, str] = {}
        self._uids: dict[str, str] = {}
        self._strange: dict[str, Noted | None] = {}
        self._checked = False
        self._listed = -inf

    # -- the store as a whole --------------------------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        """Whether somebody has begun the store, as far as this object has seen."""
        return self._checked

    def check(self) -> None:
        """Let nobody use a store that this version does not understand; one without a format has not begun yet.

        Raises:
            FormatError: a newer version of expkit began it.
        """
        if self._checked:
            return
        data = self._media.find(layout.FORMAT)
        number = _number(data)
        if number > FORMAT:
            raise FormatError(
                f"the store {self._media.place.url} has format {number}, and this version of expkit knows formats up to"
                f" {FORMAT}: update expkit"
            )
        self._checked = data is not None

    def prepare(self, *, may_make_bucket: bool) -> None:
        """Begin the store, unless somebody has."""
        self.check()
        if self._checked:
            return
        said = text.pretty({"format": FORMAT, "needs": "0.1"})
        try:
            self._put_format(said)
        except FileNotFoundError:
            if not may_make_bucket:
                raise StoreError(f"{self._media.place.where} is not there; make it first").lasting() from None
            self._media.make_bucket()
            self._put_format(said)
        self._checked = True

    def _put_format(self, said: bytes) -> None:
        self._media.put(layout.FORMAT, said)

    # -- runs ------------------------------------------------------------------------------------------

    def entries(self) -> list[Noted]:
        """All runs, in order of creation."""
        self.check()
        found = {run.id: run for item in self._media.items(layout.RUNS) if (run := layout.noted(item.name))}
        strangers = [name for name in self._media.folders() if name[0] not in "._" and name not in found]
        unknown = [name for name in strangers if name not in self._strange]
        self._strange |= dict(zip(unknown, self._media.each(unknown, self._readable), strict=True))
        found |= {name: run for name in strangers if (run := self._strange[name])}
        for run in found.values():
            self._remember(run)
        self._listed = monotonic()
        return sorted(found.values(), key=lambda run: (run.created, len(run.id), run.id))

    def find(self, run: RunId) -> tuple[str, str]:
        """Uid and id of a run.

        Raises:
            RunNotFoundError: there is none.
            FormatError: there is one, nothing of its record can be read, and nobody has noted its uid.
        """
        self.check()
        name = str(run)
        if name in self._names:
            return name, self._names[name]
        if name in self._uids:
            return self._uids[name], name
        try:
            found = (self._by_uid(name) if _UID.fullmatch(name) else None) or self._by_id(name)
        except FormatError:
            found = next((run for run in self.entries() if name in (run.id, run.uid)), None)
            if found is None:
                raise
        if found is None:
            raise rules.not_found(name, self._media.place.url)
        self._remember(found)
        return found.uid, found.id

    def add(self, run: Noted) -> None:
        """Note that there is a run."""
        self._media.put(layout.note(run), b"")
        self._remember(run)

    def remove(self, uid: str) -> None:
        """Take the notes on a run away."""
        items = self._media.items(layout.RUNS)
        self._media.remove(item.name for item in items if (run := layout.noted(item.name)) and run.uid == uid)
        self.forget(uid)

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        name = self._names.pop(uid, None)
        self._uids.pop(str(name), None)
        self._strange.pop(str(name), None)

    def _remember(self, run: Noted) -> None:
        self._names[run.uid] = run.id
        self._uids[run.id] = run.uid

    def _by_uid(self, uid: str) -> Noted | None:
        name = self._ids.id_of(uid)
        if name is not None:
            found = self._look(name)
            return found if found is not None and found.uid == uid else None
        if monotonic() - self._listed < _STRANGERS:
            return None
        return next((run for run in self.entries() if run.uid == uid), None)

    def _by_id(self, name: str) -> Noted | None:
        try:
            check_id(name)
        except StoreNameError:
            return None
        return self._look(name)

    def _readable(self, name: str) -> Noted | None:
        """What the record of a folder says; None where there is none that can be read."""
        try:
            return self._look(name)
        except FormatError:
            return None

    def _look(self, name: str) -> Noted | None:
        """What the record of a folder says; None where there is none."""
        if not self._media.exists(record_name(name)):
            return None
        try:
            stored = read(self._media, name)
        except RunNotFoundError:
            return None
        return Noted(_microseconds(stored.created), stored.record.uid, name)


def _number(data: bytes | None) -> int:
    try:
        number = text.parsed(data or b"{}")["format"]
    except (ValueError, KeyError, TypeError):  # damage to it is no reason to give up all runs
        return 0
    return number if isinstance(number, int) else 0


def _microseconds(created: str) -> int:
    try:
        time = datetime.fromisoformat(created)
    except ValueError:
        return 0
    return int((time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp() * 1e6)
