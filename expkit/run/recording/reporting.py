"""What is said of what is missing: at a run's end by observers, and from values that are nested too deeply."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit._support.odd import said
from expkit.record.encoding import MAX_DEPTH, on_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from expkit.run.recording.lanes import Lane

log = logging.getLogger("expkit")

TOO_DEEP = f"what the program has reported is nested more than {MAX_DEPTH} levels deep: the rest of it was cut off"

_BY_SYNC = "`expkit sync` delivers it, or the next run with this observer"
_WHILE_HERE = "the rest reaches it only while this program goes on, for later only stores that outlive it catch up"
_NOT_LATER = "it is not told later: only stores that outlive the program catch up"


@contextmanager
def watched_for_cuts(tell: Callable[[], None]) -> Iterator[None]:
    """Have ``tell`` called whenever a value that is encoded meanwhile is cut off."""
    token = on_cut.set(tell)
    try:
        yield
    finally:
        on_cut.reset(token)


def report(lane: Lane, is_owed: bool, is_noted: bool, folder: Path | None) -> None:
    """Warn of an observer that has not taken everything.

    Args:
        lane: the way to the observer.
        is_owed: it may still take the rest.
        is_noted: what it lacks is written down for later processes.
        folder: where the log lies.
    """
    if is_owed and is_noted:
        log.warning("observer %s has not taken everything; what it is owed lies in %s; %s", lane, folder, _BY_SYNC)
    elif is_owed:
        log.warning("observer %s has not taken everything; %s; all is in %s", lane, _WHILE_HERE, folder)
    elif lane.missed:
        problem = lane.problem and said(lane.problem)
        log.warning("observer %s missed %d events; last problem: %s; %s", lane, lane.missed, problem, _NOT_LATER)
    elif not lane.joined(0):
        log.warning("observer %s has been told everything, but does not come back from join()", lane)
