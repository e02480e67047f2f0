"""What is said at a run's end of observers that lack something."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from expkit._support.odd import said

if TYPE_CHECKING:
    from pathlib import Path

    from expkit.run.recording.lanes import Lane

log = logging.getLogger("expkit")

_BY_SYNC = "`expkit sync` delivers it, or the next run with this observer"
_WHILE_HERE = "the rest reaches it only while this program goes on, for later only stores that outlive it catch up"
_NOT_LATER = "it is not told later: only stores that outlive the program catch up"


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
