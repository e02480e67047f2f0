"""How a run ended, and what is only known by then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Union

from expkit.config.tracking import unread
from expkit.errors import IncompleteRecordError, RunInterrupt
from expkit.record.events import Completed, Failed, Interrupted, Learned
from expkit.record.model import INTERRUPTED
from expkit.run.life.signals import Terminated
from expkit.run.recording.recorder import now

if TYPE_CHECKING:
    from types import TracebackType

    from expkit.run.handle import Run

PACKAGE = str(Path(__file__).parents[2]) + os.sep


def outcome(run: Run, error: BaseException | None) -> Union[Completed, Interrupted, Failed]:
    """The event that ends the run: ``SystemExit(0)`` completes it, interrupts interrupt it, the rest fails it."""
    time = now()
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return Completed(time=time, result=run.result)
    if isinstance(error, RunInterrupt):
        return Interrupted(time=time, status=error.STATUS, cause=str(error))
    if isinstance(error, KeyboardInterrupt):
        return Interrupted(time=time, status=INTERRUPTED, cause="interrupted from the keyboard (SIGINT)")
    if isinstance(error, Terminated):
        return Interrupted(time=time, status=INTERRUPTED, cause=error.cause)
    return Failed(time=time, fail_trace=fail_trace(error), cause=_summary(error))


def doubt(run: Run) -> IncompleteRecordError | None:
    """What the record lacks, where that is not allowed."""
    record = run.record
    found = [*record.gaps, *(f"could not see {what}" for what in record.unseen)]
    if not found or not run.plan.inputs.strict_capture:
        return None
    return IncompleteRecordError(f"--strict-capture: the record of this run is not complete: {'; '.join(found)}")


def fail_trace(error: BaseException) -> tuple[str, ...]:
    """The formatted traceback, without expkit's own frames at its top."""
    import traceback

    try:
        return tuple(traceback.format_exception(type(error), error, _users(error.__traceback__)))
    except BaseException:  # whose text cannot be had
        lines = traceback.format_tb(_users(error.__traceback__))
        return ("Traceback (most recent call last):\n", *lines, f"{_summary(error)}\n")


def last_facts(run: Run) -> Learned:
    """What the end of a run shows: entries that were read, never read, or changed in place."""
    context = run.context
    assert context is not None
    resolution = run.plan.resolution
    reads = context.reads.paths() | resolution.reads
    idle = tuple(unread({*resolution.overridden} - {"seed"}, reads))
    mutated = context.mutated()
    for path in idle if not run.unobserved else ():
        run.run_logger.warning("config entry %s was overridden, but nobody read it", path)
    for path in mutated:
        run.run_logger.warning("config entry %s was changed in place; only that function saw the change", path)
    facts = run.record.facts.but(read=tuple(sorted(reads)), unread=idle, mutated=mutated)
    return Learned(time=now(), facts=facts)


def _users(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not expkit's."""
    step = trace
    while step is not None and step.tb_frame.f_code.co_filename.startswith(PACKAGE):
        step = step.tb_next
    return step or trace


def _summary(error: BaseException) -> str:
    try:
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            return f"left with exit code {error.code} (SystemExit)"
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    except BaseException:
        return f"{type(error).__name__}, which cannot be shown"
