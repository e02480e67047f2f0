"""Lanes: one thread and one place in the local log per observer.

A lane delivers the events of one run to one observer, in order. Slowness, failure, retry and late delivery of
one observer are its lane's business alone; neither the program nor another observer waits for it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from expkit._support.odd import safe_repr, said
from expkit._support.threads import OwnThread
from expkit.errors import RunExistsError
from expkit.observers.base import overrides
from expkit.observers.delivery import Delivery, current
from expkit.observers.store import JOURNAL, StoreObserver
from expkit.record.events import Beat, FileAdded, Queued
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from expkit.observers.base import RunObserver
    from expkit.record.model import Lease, StreamKey
    from expkit.types import RunId

log = logging.getLogger("expkit")

_NOTICE = 3.0
"""Seconds after which the start of a run says for whom it waits."""

_LAST_TRY = 0.5
"""Seconds without progress that the end of a run leaves stores that fail; what they lack is delivered later."""

_LOOK = 0.01
"""Seconds between two looks at whether lanes have delivered."""


class _Opening:
    """What comes of telling an observer that a run starts."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.answer: RunId | None = None
        self.failure: BaseException | None = None
        self.away = False


class Lane:
    """The way to one observer.

    Args:
        observer: who is told.
        on_delivered: called in the lane's thread, with the lane, when the observer has everything up to the end.

    Attributes:
        observer: who is told.
        cursors: how far the observer has read each stream.
        sent: hashes of the bytes that the observer has; see :class:`~expkit.observers.delivery.Delivery`.
        missed: how many events were given up.
        problem: the last exception.
        delivered: the observer has everything up to the end.
        away: the observer has not answered when the run started.
        failing: the observer is a store, to which later delivery is possible, and the last try has failed.
        waited: seconds that the start of the run has waited for the answer.
    """

    def __init__(self, observer: RunObserver, on_delivered: Callable[[Lane], None] = lambda _: None) -> None:
        self.observer = observer
        self.cursors: dict[StreamKey, int] = {}
        self.sent: dict[str, int] = {}
        self.missed = 0
        self.problem: BaseException | None = None
        self.delivered = False
        self.away = False
        self.failing = False
        self.waited = 0.0
        self._on_delivered = on_delivered
        # whatever a store is told, it fetches all that it lacks: a later event makes up for an earlier one
        self._catches_up = isinstance(observer, StoreObserver) and not overrides(observer, StoreObserver)
        self._may_be_away = isinstance(observer, StoreObserver) and observer.offline == JOURNAL
        self._queue: deque[Delivery] = deque()
        self._change = threading.Condition()
        self._busy = False
        self._stopped = False
        self._lingers = False
        self._abandoned = False
        self._sign: Callable[[], None] | None = None
        self._steps = 0
        self._reported = False
        self._noticed = False
        self._heard = False
        self._since = 0.0
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return safe_repr(self.observer)

    def begin(self, delivery: Delivery) -> RunId | None:
        """Tell of the start, in the lane's thread, and wait for the answer; what the observer raises is raised.

        An observer that may be away, and one that is not awaited, is told in the background; the answer is None. So is
        it of a store that is merely slow, which has answered a first question: it gets the run later.

        Raises:
            TimeoutError: it does not answer.
        """
        opening, began = _Opening(), monotonic()
        name = f"lane {type(self.observer).__name__}"
        self._thread = OwnThread(self._run, name, opening, delivery)
        self._thread.start()
        try:
            self._wait_for(opening)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                log.warning("interrupted while observer %s was taking in the run", self.observer)
            self.abandon()
            raise
        self.waited = monotonic() - began
        return opening.answer

    def _wait_for(self, opening: _Opening) -> None:
        seconds = self._start_patience()
        notice = min(_NOTICE, seconds)
        if not opening.done.wait(notice) and notice < seconds:
            log.warning("waiting for observer %s to take in the run, up to %g s ...", self.observer, seconds)
        if not opening.done.wait(seconds - notice):
            problem = TimeoutError(f"it has not answered within {seconds:g} s")
            if not (self._heard or self._may_be_away):
                raise problem
            self._may_be_away = True
            self._note(problem, "the start")
        if opening.failure is not None:
            raise opening.failure
        self.away = opening.away or not opening.done.is_set()

    def _start_patience(self) -> float:
        settings = SETTINGS.LANES
        if self._may_be_away:
            return float(settings.JOURNAL_PATIENCE)
        return float(settings.STORE_LIMIT if isinstance(self.observer, StoreObserver) else settings.START_LIMIT)

    def put(self, delivery: Delivery) -> None:
        """Add an event to what is owed to the observer; it replaces waiting ones for which it makes up."""
        self._notice()
        with self._change:
            if self._catches_up and not isinstance(delivery.event, FileAdded):
                self._queue.clear()
            elif self._queue and isinstance(delivery.event, Beat) and isinstance(self._queue[-1].event, Beat):
                self._queue.pop()
            self._queue.append(delivery)
            self._change.notify_all()

    def renew(self, uid: str, lease: Lease) -> None:
        """Give the observer's store a sign of life, as soon as it is not busy."""
        self._notice()
        if isinstance(self.observer, StoreObserver):
            store = self.observer.store
            with self._change:
                self._sign = lambda: store.renew(uid, lease)
                self._change.notify_all()

    def _notice(self) -> None:
        """Say once that the observer has been busy with one event for long."""
        since, limit = self._since, SETTINGS.LANES.SLOW
        if since and monotonic() - since > limit and not self._noticed:
            self._noticed = True
            log.warning("observer %s has taken more than %g s for one event; the run goes on", self.observer, limit)

    @property
    def progress(self) -> int:
        """Grows whenever the observer takes something."""
        return self._steps

    def moved(self, amount: int = 1) -> None:
        """The observer has taken something."""
        self._steps += amount

    def is_idle(self, seconds: float) -> bool:
        """Wait up to ``seconds`` until nothing waits or is under way; whether that is so."""
        with self._change:
            return self._change.wait_for(lambda: not self._queue and not self._busy, seconds)

    def stop(self) -> None:
        """Deliver what waits, without pauses, then end the thread."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

    def linger(self) -> None:
        """Nobody waits any more: go on with pauses, as long as the process lives."""
        with self._change:
            self._lingers = True

    def abandon(self) -> None:
        """Give up what is still owed."""
        with self._change:
            self._abandoned = True
            self._change.notify_all()

    def joined(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the thread's end; whether it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    # -- the lane's thread -----------------------------------------------------------------------------

    def _run(self, opening: _Opening, delivery: Delivery) -> None:
        try:
            opening.answer = self._tell_first(delivery) if self.observer.awaited else None
        except BaseException as error:
            opening.away = self._is_away(error)
            if not opening.away:
                opening.failure = error
                return
            self._note(error, "the start")
        finally:
            opening.done.set()
        if opening.away or not self.observer.awaited:
            self._deliver(delivery.but(bind=False))
        self._deliver_all()
        if self._abandoned or self._queue:
            return
        if not self.missed or not self._catches_up:
            self.delivered = True
            self._on_delivered(self)
        if not isinstance(delivery.event, Queued):
            self._join_observer()

    def _tell_first(self, delivery: Delivery) -> RunId | None:
        """Tell of the start; a store is asked first whether it is there, for nobody waits for one that is not."""
        if isinstance(self.observer, StoreObserver):
            self.observer.preflight()
            self._heard = True
        return None if self._abandoned else self._tell(delivery)

    def _is_away(self, error: BaseException) -> bool:
        return self._may_be_away and isinstance(error, Exception) and not isinstance(error, RunExistsError)

    def _deliver_all(self) -> None:
        while (waiting := self._next()) is not None:
            self._deliver(waiting)
            with self._change:
                self._busy = False
                self._steps += 1
                self._change.notify_all()

    def _next(self) -> Delivery | None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._queue or self._stopped or self._abandoned or self._sign)
                if self._queue and not self._abandoned:
                    self._busy = True
                    return self._queue.popleft()
                if self._abandoned or self._stopped:
                    return None
            self._give_sign()

    def _give_sign(self) -> None:
        """Give a sign of life that waits, if one does."""
        with self._change:
            sign, self._sign = self._sign, None
        try:
            if sign is not None:
                sign()
        except BaseException as error:  # the next one comes soon
            self.problem = error

    def _deliver(self, delivery: Delivery) -> None:
        """Try until the observer takes the event, or until its number of tries is used up."""
        pause = SETTINGS.LANES.RETRY_FIRST
        tries = 0
        while not self._try(delivery) and not self._abandoned:
            tries += 1
            if self.observer.tries is not None and tries >= self.observer.tries:
                self.missed += 1
                return
            self._pause(pause)
            pause = min(2 * pause, SETTINGS.LANES.RETRY_LONGEST)
        if tries and not self._abandoned:
            log.info("observer %s answers again", self.observer)

    def _try(self, delivery: Delivery) -> bool:
        try:
            self._tell(delivery)
        except BaseException as error:
            self._note(error, type(delivery.event).__name__)
            return False
        return True

    def _tell(self, delivery: Delivery) -> RunId | None:
        self._since = monotonic()
        token, pid = current.set(delivery), os.getpid()
        try:
            answer = self.observer.notify(delivery.event, delivery.record)
            self.failing = False
            return answer
        finally:
            current.reset(token)
            if os.getpid() != pid:  # a child that the observer has forked: the lane is its parent's
                _leave(sys.exc_info()[1])
            self._since = 0.0

    def _pause(self, seconds: float) -> None:
        """Until the next try; signs of life are given meanwhile, for the store may refuse no more than an event."""
        until = monotonic() + seconds
        while not self._is_hurried() and (left := until - monotonic()) > 0:
            with self._change:
                self._change.wait_for(lambda: self._is_hurried() or self._sign, left)
            self._give_sign()
        with self._change:
            if self._stopped and not self._abandoned:  # at the end of a run: try on, but do not spin
                self._change.wait(min(seconds, 0.05))

    def _is_hurried(self) -> bool:
        return self._abandoned or (self._stopped and not self._lingers)

    def _note(self, error: BaseException, what: str) -> None:
        self.problem, self.failing = error, isinstance(self.observer, StoreObserver)
        if not self._reported:
            self._reported = True
            log.warning(
                "observer %s failed at %s: %s; the run goes on, the event is tried again",
                self,
                what,
                said(error),
            )

    def _join_observer(self) -> None:
        try:
            self.observer.join()
        except BaseException as error:
            log.warning("observer %s failed in join(): %s", self, said(error))


def _leave(error: BaseException | None) -> None:
    """End a forked child, which nobody else is left to do: with the exit code that it wanted."""
    code = error.code if isinstance(error, SystemExit) else error and 1
    os._exit(code if isinstance(code, int) else int(code is not None))


class Patience:
    """How long the end of a run waits for its lanes: the settings say, and Ctrl-C ends it at once.

    What its start has waited for them counts as well, and stores that fail are tried once more at the most.

    Args:
        lanes: who is waited for.
    """

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = list(lanes)
        self._start = self._moved = monotonic()
        self._waited = sum(lane.waited for lane in self._lanes)
        self._seen = -1
        self._gone = self._is_spent = False

    def settle(self, lanes: Iterable[Lane]) -> None:
        """Wait until some lanes have delivered everything so far."""
        self._is_spent = bool(self._wait(lanes, Lane.is_idle))

    def finish(self) -> None:
        """Wait until all lanes have delivered everything; those that have not go on in the background.

        Where the patience is spent already, the others still have a moment for the end of the run, and longer only
        while they go on.
        """
        for lane in self._lanes:
            lane.stop()
        if self._is_spent:
            self._moved = monotonic()
        for lane in self._wait(self._lanes, Lane.joined):
            lane.linger()

    def _wait(self, lanes: Iterable[Lane], is_ready: Callable[[Lane, float], bool]) -> list[Lane]:
        waiting = list(lanes)
        while waiting and not self._is_over(waiting):
            try:
                waiting = [lane for lane in waiting if not is_ready(lane, _LOOK)]
            except KeyboardInterrupt:  # whoever presses Ctrl-C at the end does not want to wait
                self._gone = True
        return waiting

    def _is_over(self, waiting: Iterable[Lane]) -> bool:
        progress = sum(lane.progress for lane in self._lanes)
        if progress != self._seen:
            self._seen, self._moved = progress, monotonic()
        patience, limit = SETTINGS.LANES.END_PATIENCE, SETTINGS.LANES.END_LIMIT
        if self._is_spent or all(lane.failing for lane in waiting):
            patience = min(patience, _LAST_TRY)
        used = self._waited + monotonic() - self._start
        return self._gone or monotonic() - self._moved > patience or used > max(limit, self._waited + patience)
