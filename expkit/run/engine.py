"""The life of a run, on one page."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from expkit.capture.binding import activate
from expkit.observers.dispatch import naive
from expkit.record.events import Failed, Learned, Queued, Started
from expkit.record.model import QUEUED, RUNNING
from expkit.run.context import Context
from expkit.run.ending import fail_trace, last_facts, outcome
from expkit.run.files import keep_run_files, keep_sources
from expkit.run.later import LaterFacts
from expkit.run.log import NoLog
from expkit.run.logging import Heard
from expkit.run.output import capture
from expkit.run.pulse import Pulse
from expkit.run.recorder import Recorder, now
from expkit.run.seeds import seed_globals
from expkit.run.signals import TerminationGuard
from expkit.settings import SETTINGS
from expkit.stores.holder import this_process

if TYPE_CHECKING:
    from types import TracebackType

    from expkit.run.handle import Run


def execute(run: Run, args: tuple[Any, ...] = ()) -> Any:
    """Start ``run``, call hooks and main, write down the end; return main's result.

    Raises:
        RuntimeError: the run was started before.
        BaseException: whatever observers raise at the start, and hooks and main during the run.
    """
    with Life(run):
        if run.status != QUEUED:
            for hook in run.pre_run_hooks:
                hook()
            run.result = _called(run.main_function, args)
            for hook in run.post_run_hooks:
                hook()
    return run.result


class Life:
    """A run lives while the body runs: observers know of it, output is captured, config is bound.

    The body's exception decides how the run ends, and is raised again.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._around = ExitStack()

    def __enter__(self) -> Run:
        run = self.run
        run.claim()
        with ExitStack() as around:
            around.enter_context(Heard(run.root_logger, run.plan.inputs.loglevel))
            run.context = Context(run.plan, run, run.root_logger)
            around.enter_context(activate(run.context))
            self._begin()
            if run.status == RUNNING:
                around.enter_context(TerminationGuard())
                around.callback(seed_globals(run.seed).restore)
                self._watch_or_fail()
            for warning in run.plan.resolution.warnings:
                run.run_logger.warning("%s", warning)
            self._around = around.pop_all()
        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._around:
            if self.run.status == RUNNING:
                self._end(error)

    def _begin(self) -> None:
        """Tell the observers; from here on the run has an id and a log."""
        run, plan = self.run, self.run.plan
        observers = () if run.unobserved else tuple(run.observers)
        time = now()
        run.status = QUEUED if run.queue_only else RUNNING
        record = plan.record.but(status=run.status, **{"queue_time" if run.queue_only else "start_time": time})
        event = (Queued if run.queue_only else Started)(time=time, record=record)
        run.recorder = Recorder(record, observers, plan.live)
        try:
            run._id = run.recorder.begin(event, run._id)
        except BaseException as error:
            run.recorder.end(Failed(time=now(), fail_trace=fail_trace(error)))
            raise
        run.start_time = None if run.queue_only else naive(time)
        keep_sources(run)
        run.opened()
        if run.announce is not None:
            run.announce(run)
        if run.queue_only:
            run.recorder.tell(Learned(time=now()))  # so that all stores fetch the sources
            run.recorder.close()

    def _watch_or_fail(self) -> None:
        """A run that has begun ends in the record, too, where it cannot be watched."""
        try:
            self._watch()
        except BaseException as error:
            self.run.recorder.end(Failed(time=now(), fail_trace=fail_trace(error)))
            self.run.status = self.run.record.status
            raise

    def _watch(self) -> None:
        """Capture output, beat, give signs of life."""
        run, log = self.run, self.run.recorder.log
        self._output = capture(
            "no" if isinstance(log, NoLog) else run.capture_mode, log.output, run.captured_out_filter
        )
        lease = this_process(SETTINGS.LEASE_INTERVAL)
        log.renew(lease)
        self._later = LaterFacts(run.recorder)
        self._pulse = Pulse(self._beat, run.beat_interval, lambda: log.renew(lease), lease.interval)

    def _beat(self) -> None:
        self._output.pump()
        self.run.recorder.beat(self.run.info, self.run.result)

    def _end(self, error: BaseException | None) -> None:
        """Everything up to the last line is written, then the end itself."""
        run = self.run
        self._pulse.stop()
        self._output.stop()
        if self._output.gap:
            run.recorder.gap(self._output.gap)
        self._later.wait()
        run.captured_out = run.recorder.log.output_text()
        keep_run_files(run)
        run.recorder.tell(last_facts(run))
        run.recorder.beat(run.info, run.result)
        event = outcome(run, error)
        run.stop_time = naive(event.time)
        run.recorder.end(event)
        run.status = run.record.status
        run.fail_trace = list(run.record.fail_trace) or None


def _called(function: Any, args: tuple[Any, ...]) -> Any:
    """The function's result; that of a coroutine function is awaited."""
    result = function(*args)
    if getattr(result, "cr_code", None) is None:
        return result
    import asyncio

    return asyncio.run(result)
