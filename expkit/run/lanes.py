"""Lanes: one thread and one place in the local log per observer.

A lane delivers the events of one run to one observer, in order. Slowness, failure, retry and late delivery of
one observer are its lane's business alone; neither the program nor another observer waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from expkit.observers.delivery import Delivery, current
from expkit.record.events import Beat, Queued
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.observers.base import RunObserver
    from expkit.record.model import StreamKey
    from expkit.types import RunId

log = logging.getLogger("expkit")


class _Opening:
    """What comes of telling an observer that a run starts."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.answer: RunId | None = None
        self.failure: BaseException | None = None


class Lane:
    """The way to one observer.

    Attributes:
        observer: who is told.
        cursors: how far the observer has read each stream.
        sent: hashes of the bytes that the observer has.
        missed: how many events were given up.
        problem: the last exception.
    """

    def __init__(self, observer: RunObserver) -> None:
        self.observer = observer
        self.cursors: dict[StreamKey, int] = {}
        self.sent: set[str] = set()
        self.missed = 0
        self.problem: BaseException | None = None
        self._queue: deque[Delivery] = deque()
        self._change = threading.Condition()
        self._busy = False
        self._stopped = False
        self._abandoned = False
        self._steps = 0
        self._reported = False
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return repr(self.observer)

    def begin(self, delivery: Delivery) -> RunId | None:
        """Tell of the start, in the lane's thread, and wait for the answer; what the observer raises is raised."""
        opening = _Opening()
        name = f"expkit lane {type(self.observer).__name__}"
        self._thread = threading.Thread(target=self._run, args=(opening, delivery), name=name, daemon=True)
        self._thread.start()
        opening.done.wait()
        if opening.failure is not None:
            raise opening.failure
        return opening.answer

    def put(self, delivery: Delivery) -> None:
        """Add an event to what is owed to the observer; a beat that is still waiting is replaced by the next."""
        with self._change:
            if self._queue and isinstance(delivery.event, Beat) and isinstance(self._queue[-1].event, Beat):
                self._queue.pop()
            self._queue.append(delivery)
            self._change.notify_all()

    @property
    def progress(self) -> int:
        """Grows whenever the observer takes something."""
        return self._steps + sum(self.cursors.values())

    def settle(self) -> None:
        """Wait until everything so far is delivered, as long as an end may wait without progress."""
        with self._change:
            self._change.wait_for(lambda: not self._queue and not self._busy, SETTINGS.LANES.END_PATIENCE)

    def stop(self) -> None:
        """Deliver what waits, without pauses, then end the thread."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

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
            opening.answer = self._tell(delivery)
        except BaseException as error:
            opening.failure = error
            return
        finally:
            opening.done.set()
        while (waiting := self._next()) is not None:
            self._deliver(waiting)
            with self._change:
                self._busy = False
                self._steps += 1
                self._change.notify_all()
        if not self._abandoned and not isinstance(delivery.event, Queued):
            self._join_observer()

    def _next(self) -> Delivery | None:
        with self._change:
            self._change.wait_for(lambda: self._queue or self._stopped or self._abandoned)
            if not self._queue or self._abandoned:
                return None
            self._busy = True
            return self._queue.popleft()

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

    def _try(self, delivery: Delivery) -> bool:
        try:
            self._tell(delivery)
        except BaseException as error:
            self._note(error, delivery)
            return False
        return True

    def _tell(self, delivery: Delivery) -> RunId | None:
        token = current.set(delivery)
        try:
            return self.observer.notify(delivery.event, delivery.record)
        finally:
            current.reset(token)

    def _pause(self, seconds: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self._stopped, timeout=seconds)
            if self._stopped and not self._abandoned:  # at the end of a run: try on, but do not spin
                self._change.wait(min(seconds, 0.05))

    def _note(self, error: BaseException, delivery: Delivery) -> None:
        self.problem = error
        if not self._reported:
            self._reported = True
            log.warning(
                "observer %s failed at %s: %s: %s; the run goes on, the event is tried again",
                self.observer,
                type(delivery.event).__name__,
                type(error).__name__,
                error,
            )

    def _join_observer(self) -> None:
        try:
            self.observer.join()
        except BaseException as error:
            log.warning("observer %s failed in join(): %s: %s", self.observer, type(error).__name__, error)


def finish(lanes: Iterable[Lane]) -> list[Lane]:
    """Wait until all lanes have delivered, as long as the settings allow; return those that still owe something."""
    waiting = list(lanes)
    for lane in waiting:
        lane.stop()
    start = moved = monotonic()
    seen = -1
    while waiting and monotonic() - start < SETTINGS.LANES.END_LIMIT:
        progress = sum(lane.progress for lane in waiting)
        if progress != seen:
            seen, moved = progress, monotonic()
        if monotonic() - moved > SETTINGS.LANES.END_PATIENCE:
            break
        try:
            waiting = [lane for lane in waiting if not lane.joined(0.01)]
        except KeyboardInterrupt:  # whoever presses Ctrl-C at the end does not want to wait
            break
    for lane in waiting:
        lane.abandon()
    return waiting
