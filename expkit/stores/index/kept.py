"""What the index keeps of a run: :class:`Kept`, and the row that is made of it: :class:`KeptRow`."""

from __future__ import annotations

import json
import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.record.fields import metric_of
from expkit.record.model import RUNNING, RunRecord
from expkit.record.paths import Path
from expkit.record.query import MISSING
from expkit.record.tagged import kind_of
from expkit.record.wire import time_from_json
from expkit.stores.answers import RunKey
from expkit.stores.finding import Row, duration_of
from expkit.stores.index.database import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.record.model import Lease
    from expkit.stores.base import RunStore
    from expkit.stores.index.database import Database
    from expkit.types import Json

_BULKY = ("experiment", "host", "facts", "launch", "meta", "files", "resources", "artifacts", "info", "fail_trace")
"""Parts of a record that lists rarely show: they are packed, and looked at only where somebody asks for them."""

_SIMPLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

COLUMNS = "r.run, r.name, r.uid, r.head, r.config, r.metrics"
"""What a :class:`KeptRow` is made of."""


class Kept(NamedTuple):
    """What a run said when it was read.

    Attributes:
        name: its id.
        uid: its uid.
        created: when it was created, as rows are ordered by it.
        final: whether it has ended, so that it will hardly change.
        sacred: whether the predecessor recorded it.
        stamp: what changes when its record is replaced.
        sign: what changes when anything of it is written.
        head, config, metrics: JSON texts: the small parts of its tree, its config, the figures of its metrics.
        whole: the rest of its tree, packed.
    """

    name: str
    uid: str
    created: str
    final: bool
    sacred: bool
    stamp: str
    sign: str
    head: str
    config: str
    metrics: str
    whole: bytes


def parts_of(tree: Mapping[str, Json], metrics: Mapping[str, Json]) -> tuple[str, str, str, bytes]:
    """A tree and its metrics as the index keeps them: head, config, metrics, whole."""
    head = {key: value for key, value in tree.items() if key not in _BULKY and key != "config"}
    rest = {key: tree[key] for key in _BULKY if key in tree}
    return _text(head), _text(tree["config"]), _text(metrics), zlib.compress(_text(rest).encode(), 1)


class KeptRow(Row):
    """A row that is made of what the index keeps.

    Args:
        store: where the run is.
        database: the index.
        found: the values of ``COLUMNS``.
        state: the judged state of a run that has not ended.
        alive: whether the process of a lease lives.
    """

    def __init__(
        self,
        store: RunStore,
        database: Database,
        found: tuple[Any, ...],
        state: str | None,
        alive: Callable[[Lease], bool | None],
    ) -> None:
        self._number, name, uid, *self._texts = found
        super().__init__(store, RunKey(name, uid), alive)
        self._database = database
        self._state = state
        self._parts: list[dict[str, Json] | None] = [None, None, None]
        self._is_whole = False

    def load(self) -> bool:
        """It is here."""
        return True

    def __call__(self, field: str) -> Any:
        """What the run has at a dotted path, MISSING where there is nothing."""
        part, steps = _way(field)
        if part == _METRICS:
            return self.figures().get(steps[0], {}).get(steps[1], MISSING)
        if part == _ELSEWHERE or self._is_whole:
            return super().__call__(field)
        if field == "id":
            return self._key.id
        if field == "duration":
            return duration_of(self._part(_HEAD), self._store.now)
        found = _walk(self._part(part), steps)
        return super().__call__(field) if found is _UNSURE else found

    def tree(self) -> dict[str, Json]:
        """The whole tree; what of it is packed is unpacked now."""
        if not self._is_whole:
            packed = self._database.one("SELECT tree FROM wholes WHERE run = ?", (self._number,))
            try:
                self._tree = {**self._part(_HEAD), "config": self._part(_CONFIG), **json.loads(zlib.decompress(packed))}
                self._running = self.record_of(self._tree) if self._tree["status"] == RUNNING else None
            except _UNREADABLE as error:
                raise DamagedError(f"{type(error).__name__}: {error}") from error
            self._is_whole = True
        return self._tree

    def figures(self) -> dict[str, dict[str, Any]]:
        """What is known of each metric, by name."""
        found: Any = self._part(_METRICS)
        return found  # type: ignore[no-any-return]

    def shown(self, columns: Sequence[str] | None) -> Mapping[str, Any]:
        """What somebody asked to see; None stands for what the run lacks."""
        if columns is None:
            return super().shown(None)
        found = {}
        for column in columns:
            value = self(column)
            found[column] = None if value is MISSING else value
        return found

    def _explain(self) -> None:
        self.tree()
        super()._explain()

    def _part(self, part: int) -> dict[str, Json]:
        tree = self._parts[part]
        if tree is None:
            try:
                self._parts[part] = tree = _parsed(self._texts[part])
                if part == _HEAD:
                    tree["state"] = self._state or tree["status"]
            except _UNREADABLE as error:
                raise DamagedError(f"{type(error).__name__}: {error}") from error
        return tree

    @staticmethod
    def record_of(tree: Mapping[str, Json]) -> RunRecord:
        """As much of the record as it takes to judge whether the run lives, and why it died."""
        known: dict[str, Any] = {key: tree[key] for key in _KNOWN}
        known |= {key: time_from_json(tree[key]) for key in ("start_time", "heartbeat")}
        return RunRecord(**known)


_UNREADABLE = (ValueError, TypeError, LookupError, zlib.error)
_KNOWN = ("uid", "id", "name", "command", "status", "parent", "segment", "cause")
_HEAD, _CONFIG, _METRICS, _ELSEWHERE = range(4)
_UNSURE: Any = object()
_ASKED_FOR = ("cause", "last_sign", "metrics")


@lru_cache(maxsize=256)
def _way(field: str) -> tuple[int, tuple[str, ...]]:
    """The part of a row that holds a field, and the steps to it; elsewhere is what takes a closer look."""
    if (metric := metric_of(field)) is not None:
        return _METRICS, metric
    first, *rest = Path.parse(field).steps
    if field in _ASKED_FOR or first in _BULKY or not _SIMPLE.fullmatch(field):
        return _ELSEWHERE, ()
    return (_CONFIG, tuple(rest)) if first == "config" else (_HEAD, (first, *rest))


def _walk(tree: Any, steps: tuple[str, ...]) -> Any:
    """What lies at the end of the steps; unsure where a key may have dots, or a value is more than plain JSON."""
    for number, step in enumerate(steps):
        if tree.__class__ is not dict or kind_of(tree) is not None:
            return MISSING if tree.__class__ in _SCALARS else _UNSURE
        if number + 1 < len(steps) and any("." in key for key in tree):
            return _UNSURE
        if step not in tree:
            return MISSING
        tree = tree[step]
    return tree


_SCALARS = frozenset({int, float, str, bool, type(None)})
_text = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def _parsed(text: str) -> Any:
    """What JSON says that :func:`_text` has written: nothing is around it."""
    return _decode(text)[0]
