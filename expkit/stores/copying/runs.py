"""All runs of a store, or some of them, into another store: :func:`copy`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Union

from expkit._support.frozen import Frozen
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError, StoreError
from expkit.record.expression import parse, split
from expkit.record.query import And, Compare, Exists, Not, Or, fields_of
from expkit.stores.copying.files import Carrier
from expkit.stores.copying.run import FAILED, Copied, copy_run
from expkit.stores.same import is_same
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.record.model import RunRecord
    from expkit.record.query import Query
    from expkit.stores.base import RunKey, RunStore
    from expkit.types import RunId

    Place = Union[RunStore, str, os.PathLike[str]]
    """A store, or the URL or path of one."""
    Where = Union[Query, str, int, Iterable[Union[str, int]], Callable[[RunRecord], bool], None]
    """Which runs; see :func:`copy`."""

_ENOUGH = 3
_TREES = (And, Or, Not, Compare, Exists)


class Progress(NamedTuple):
    """How far copying has come.

    Attributes:
        done: runs that are done.
        total: runs that are to be copied.
        moved: bytes and metric points that have passed.
    """

    done: int
    total: int
    moved: int


class Report(Frozen):
    """What became of the runs that were to be copied, in the order in which they were."""

    runs: tuple[Copied, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence on everything that could not be copied."""
        return tuple(f"run {run.source_id}: {problem}" for run in self.runs for problem in run.problems)

    def count(self, what: str) -> int:
        """Of how many runs it became ``copied``, ``brought up to date``, ``unchanged`` or ``failed``."""
        return sum(run.what == what for run in self.runs)


def copy(src: Place, dst: Place, where: Where = None, progress: Callable[[Progress], None] = lambda _: None) -> Report:
    """Copy runs from one store into another.

    It can be broken off anywhere and called again: what is there already is not sent again, and where nothing is new
    nothing is written. Runs in progress are copied as far as they have come, and completed by a later copy. A run keeps
    its id where that is free, else it gets the next free one; its uid stays. Until a run is whole its status is
    ``COPYING``. Bytes are compared with their hashes on the way: those that are not what was recorded are not copied,
    and named among the gaps of the copy.

    Args:
        src: where the runs are: a store, or its URL or path.
        dst: where they go.
        where: which ones: a question such as ``"config.lr < 0.1"``, see :mod:`expkit.record.expression`, or the id or
            uid of a run; several of these: all of the questions must hold, and any of the ids will do; a query of
            :mod:`expkit.record.query`; a function of the record; None: all.
        progress: told how far it has come.

    Returns:
        What became of each run. What is wrong with one run is told there, and the others are copied all the same.

    Raises:
        StoreError: one of the stores cannot be reached, or both are the same.
        QueryError: a question cannot be read.
        ValueError: no run has a field of a query.
    """
    src, dst = _opened(src), _opened(dst)
    if is_same(src, dst):
        raise StoreError(f"{src.url} cannot be copied into itself; name another store")
    chosen, absent = _chosen(src, where)
    taken = {str(key.id) for key in dst.ids()}
    # those whose ids are free come first, so that no other run gets these
    chosen.sort(key=lambda key: str(key.id) in taken)
    lost = [Copied(uid="", source_id=run, id=None, what=FAILED, problems=("there is no such run",)) for run in absent]
    return Report(runs=(*_Copying(src, dst, progress).all(chosen), *lost))


class _Copying:
    def __init__(self, src: RunStore, dst: RunStore, progress: Callable[[Progress], None]) -> None:
        self._src = src
        self._dst = dst
        self._tell = progress
        self._state = Progress(0, 0, 0)
        self._troubles = 0
        self._carrier = Carrier(src, dst, self._moved)

    def all(self, keys: list[RunKey]) -> list[Copied]:
        self._state = Progress(0, len(keys), 0)
        self._tell(self._state)
        return [self._one(key) for key in keys]

    def _one(self, key: RunKey) -> Copied:
        if self._troubles >= _ENOUGH:
            return _failed(key, "it was not tried, after so many others had failed")
        try:
            found = copy_run(self._src, self._dst, key, self._carrier)
        except (ExpkitError, *DAMAGE) as error:
            self._troubles += not isinstance(error, ExpkitError) or type(error) is StoreError
            found = _failed(key, str(error) if isinstance(error, ExpkitError) else f"{type(error).__name__}: {error}")
        else:
            self._troubles = 0
        self._step(done=1)
        return found

    def _moved(self, amount: int) -> None:
        self._step(moved=amount)

    def _step(self, done: int = 0, moved: int = 0) -> None:
        state = self._state
        self._state = state._replace(done=state.done + done, moved=state.moved + moved)
        self._tell(self._state)


def _failed(key: RunKey, why: str) -> Copied:
    return Copied(uid=key.uid, source_id=key.id, id=None, what=FAILED, problems=(why,))


def _opened(place: Place) -> RunStore:
    return open_store(place) if isinstance(place, (str, os.PathLike)) else place


def _chosen(src: RunStore, where: Where) -> tuple[list[RunKey], list[RunId]]:
    """The runs that are wanted, in order of creation, and those that are wanted and not there."""
    keys = src.ids()
    if where is None:
        return keys, []
    if isinstance(where, _TREES):
        return _found(src, keys, where), []
    if isinstance(where, (str, int, Iterable)):
        return _named(src, keys, [where] if isinstance(where, (str, int)) else list(where))
    return [key for key in keys if _is_wanted(src, key, where)], []


def _named(src: RunStore, keys: list[RunKey], words: list[str | int]) -> tuple[list[RunKey], list[RunId]]:
    known = {name for key in keys for name in (str(key.id), key.uid)}
    called, asked = split(map(str, words), known.__contains__)
    names = set(called)
    if names:
        keys = [key for key in keys if names & {str(key.id), key.uid}]
    return _found(src, keys, And(*map(parse, asked))) if asked else keys, sorted(names - known)


def _found(src: RunStore, keys: list[RunKey], query: Query) -> list[RunKey]:
    # fields that no run has are refused among columns
    uids = {row["uid"] for row in src.find(query, columns=["uid", *sorted(fields_of(query))])}
    return [key for key in keys if key.uid in uids]


def _is_wanted(src: RunStore, key: RunKey, wanted: Callable[[RunRecord], bool]) -> bool:
    """What cannot be read is wanted: it is to be named as a problem, not left out in silence."""
    try:
        record = src.load(key.uid)
    except RunNotFoundError:
        return False
    except DAMAGE:
        return True
    return bool(wanted(record))
