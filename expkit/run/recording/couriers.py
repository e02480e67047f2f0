"""Late delivery while somebody waits for it: to all stores at once, and what became of each run.

Couriers say nothing; what they find out is asked for. So one that was given up on, because its store does not answer
any more, disturbs nobody.
"""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from expkit._support.threads import OwnThread
from expkit.errors import DAMAGE, ExpkitError, StoreError
from expkit.record.model import RUNNING
from expkit.run.recording.overdue import deliver, is_stores_trouble
from expkit.run.recording.owed import target_of
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from expkit.run.recording.overdue import Delivered
    from expkit.run.recording.owed import Note
    from expkit.stores.base import RunStore

DELIVERED, DELETED, FORGOTTEN = "delivered", "deleted", "forgotten"
TAKEN, LIVE, BUSY, OWED = "taken", "running", "busy", "owed"

_TRIES = 3
_PAUSE = 0.01


class Outcome(NamedTuple):
    """What became of a note.

    Attributes:
        note: what one store is owed of one run.
        what: ``delivered``; ``deleted`` where the run lay, or ``forgotten``: nothing is owed any more; ``taken`` by
            another process just now; ``running``, and delivered by its own process; ``busy``: another process delivers
            it; ``owed``: nobody does.
        target: what the store is called.
        delivered: how, where it was.
        error: what was in the way; None where nobody has tried.
    """

    note: Note
    what: str
    target: str
    delivered: Delivered | None = None
    error: Exception | None = None

    @property
    def is_owed(self) -> bool:
        """Whether the run is over, and the store may lack something of it."""
        return self.what in (BUSY, OWED)


def held(note: Note) -> Outcome:
    """How a note stands that some process has taken; while a run lasts that is its own."""
    return Outcome(note, LIVE if _is_running(note) else BUSY, note.target)


def _is_running(note: Note) -> bool:
    """Whether the process that delivers is the one that runs the run."""
    try:
        lease = note.store.lease(note.uid)
        return note.store.load(note.uid).status == RUNNING and (lease is None or note.pid in (None, lease.pid))
    except (ExpkitError, *DAMAGE):
        return False


def deliver_all(notes: Iterable[Note], opened: Callable[[str], RunStore]) -> Iterator[Outcome]:
    """Deliver to all stores at once; what becomes of each note as it becomes known, and last what is still owed.

    Stores that all have taken nothing for ``SETTINGS.LANES.END_LIMIT`` seconds are given up on.

    Args:
        notes: what is owed, and nobody is busy with.
        opened: gives the store of a target, or raises what is said of all that it is owed.
    """
    by_target = sorted(notes, key=lambda note: note.target)
    couriers = [_Courier(target, found, opened) for target, found in groupby(by_target, lambda note: note.target)]
    for courier in couriers:
        courier.thread.start()
    for _ in _while_moving(couriers):
        for courier in couriers:
            yield from courier.news()
    for courier in couriers:
        yield from courier.left()


def _while_moving(couriers: Sequence[_Courier]) -> Iterator[None]:
    """Again and again until all are done, or none gets any further; then once more."""
    seen, moved = -1, time.monotonic()
    while any(each.thread.is_alive() for each in couriers) and time.monotonic() - moved < SETTINGS.LANES.END_LIMIT:
        yield
        time.sleep(_PAUSE)
        if (now := sum(each.moves for each in couriers)) != seen:
            seen, moved = now, time.monotonic()
    yield


class _Courier:
    """Delivers to one store in a thread of its own, one run after another; slow stores do not delay fast ones.

    Attributes:
        thread: which does it.
        moves: grows whenever the store takes something.
    """

    def __init__(self, target: str, notes: Iterable[Note], opened: Callable[[str], RunStore]) -> None:
        self.thread = OwnThread(self._deliver_all, f"sync {target}")
        self.moves = 0
        self._target = target
        self._notes = list(notes)
        self._opened = opened
        self._outcomes: list[Outcome] = []
        self._heard = 0
        self._given_up = False
        self._problem: Exception = StoreError("it does not answer")

    def news(self) -> list[Outcome]:
        """What has become known since the last call, but for what is still owed."""
        new = self._outcomes[self._heard :]
        self._heard += len(new)
        return [outcome for outcome in new if not outcome.is_owed]

    def left(self) -> list[Outcome]:
        """What is still owed, as far as :meth:`news` has told; nothing more is begun."""
        self._given_up = True
        failed = [outcome for outcome in self._outcomes[: self._heard] if outcome.is_owed]
        return failed + [self._outcome(note, OWED, error=self._problem) for note in self._notes[self._heard :]]

    def _deliver_all(self) -> None:
        """Deliver until the end, or until the store turns out to be away; what is wrong with one run is its own."""
        try:
            store = self._opened(self._target)
            self._target = target_of(store)
            for note in self._notes:
                if self._given_up:
                    return
                self._outcomes.append(self._deliver(note, store))
        except Exception as error:
            self._problem = error

    def _deliver(self, note: Note, store: RunStore) -> Outcome:
        """Deliver a note, or find out what is wrong with its run; trouble of the store is raised."""
        mine = note.take()
        if mine is None:
            return self._outcome(note, TAKEN)
        try:
            delivered = self._try(mine, store)
        except BaseException as error:
            mine.release()
            if is_stores_trouble(error) or not isinstance(error, Exception):
                raise
            return self._outcome(note, OWED, error=error)
        return self._outcome(note, DELETED if delivered is None else DELIVERED, delivered)

    def _try(self, note: Note, store: RunStore) -> Delivered | None:
        for _ in range(_TRIES - 1):
            try:
                return deliver(note, store, self._moved)
            except Exception as error:
                if not is_stores_trouble(error):
                    raise
                time.sleep(SETTINGS.LANES.RETRY_FIRST)
        return deliver(note, store, self._moved)

    def _moved(self, amount: int) -> None:
        self.moves += amount

    def _outcome(
        self, note: Note, what: str, delivered: Delivered | None = None, error: Exception | None = None
    ) -> Outcome:
        return Outcome(note, what, self._target, delivered, error)
