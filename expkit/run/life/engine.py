"""The life of a run, on one page."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from expkit._support import troubles
from expkit._support.odd import said
from expkit._support.threads import OwnThread, start
from expkit.capture.binding import activate
from expkit.errors import RunInterrupt
from expkit.record.events import Learned, Queued, Started
from expkit.record.model import QUEUED, RUNNING
from expkit.run.audience import Audience
from expkit.run.context import Context
from expkit.run.life import living, pulse
from expkit.run.life.crash import LastWords
from expkit.run.life.ending import doubt, last_facts, outcome
from expkit.run.life.pulse import Pulse
from expkit.run.life.signals import Deferred, SignalGuard, Terminated
from expkit.run.logging import Heard
from expkit.run.monitor import Monitor
from expkit.run.output.capture import capture
from expkit.run.recording.log import NoLog
from expkit.run.recording.recorder import Recorder, now
from expkit.run.seeds import seed_globals
from expkit.run.used.sources import RunSources
from expkit.run.used.watch import UsedFiles, disown_stores_of
from expkit.settings import SETTINGS
from expkit.stores.holder import this_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from expkit.errors import IncompleteRecordError
    from expkit.record.model import Lease, RunRecord
    from expkit.run.handle import Run
    from expkit.run.output.capture import Capture

log = logging.getLogger("expkit")


def execute(run: Run, args: tuple[Any, ...] = ()) -> Any:
    """Start ``run``, call hooks and main, write down the end; return main's result.

    Raises:
        RuntimeError: the run was started before.
        BaseException: whatever observers raise at the start, and hooks and main during the run.
    """
    with Life(run):
        if run.record.status != QUEUED:
            for hook in run.pre_run_hooks:
                _called(hook)
            run.admit()
            run.result = _called(run.main_function, *args)
            for hook in run.post_run_hooks:
                _called(hook)
    return run.result


class Life:
    """A run lives while the body runs: observers know of it, output is captured, config is bound.

    The body's exception decides how the run ends, and is raised again. So is a signal that came while the end was
    written down.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._around = ExitStack()
        self._watching = ExitStack()
        self._output: Capture | None = None
        self._pulses: list[Pulse] = []
        self._sources: RunSources | None = None
        self._words = LastWords("")
        self._doubt: IncompleteRecordError | None = None
        self._pid = 0
        self._said = ""
        self._ending = threading.Lock()

    def __enter__(self) -> Run:
        run = self.run
        run.claim()
        with ExitStack() as around:
            around.enter_context(SignalGuard())
            around.enter_context(Heard(run.root_logger, run.plan.inputs.loglevel))
            run.context = Context(run.plan, run, run.root_logger)
            around.enter_context(activate(run.context))
            self._begin()
            around.callback(seed_globals(run.plan.seed).restore)
            additions = run.plan.resolution.additions if run.plan.observers else ()
            for warning in (*run.plan.resolution.warnings, *additions):
                run.run_logger.warning("%s", warning)
            self._around = around.pop_all()
        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._around:
            self._end_once(error)
        if error is None and self._doubt is not None:
            raise self._doubt

    def _begin(self) -> None:
        """Tell the observers; from here on the run has an id and a log, and whatever happens, an end."""
        run, plan = self.run, self.run.plan
        time = now()
        start = {"status": QUEUED, "queue_time": time} if run.queue_only else {"status": RUNNING, "start_time": time}
        record = run.first_record().but(**start)
        event = (Queued if run.queue_only else Started)(time=time, record=record)
        lease = None if run.queue_only else this_process(SETTINGS.LEASE_INTERVAL)
        run.recorder = _recorder(run, record)
        disown_stores_of(run)
        self._pid = os.getpid()
        try:
            run._id = run.recorder.begin(event, run._id, lease)
            if plan.seat is not None:
                from expkit.run.recording.ranks import publish

                publish(plan.seat, run.recorder.log.home, run.uid)
            self._watch(lease)
        except BaseException as error:
            with Deferred() as deferred:  # a second signal must not spoil what is written of the first
                living.remove(self)
                pulse.stop(self._pulses, SETTINGS.LANES.END_PATIENCE)
                _in_any_case(self._stop_watching)
                run.recorder.end(outcome(run, error), deferred.give_keyboard_back)
                self._words.remove()
            raise

    def _watch(self, lease: Lease | None) -> None:
        """Give signs of life, keep the sources, capture output, beat; the run goes on without what cannot be begun."""
        run, local = self.run, self.run.recorder.log
        if lease is not None:
            self._try("how it dies cannot be told", lambda: self._expect_death(lease))
        self._try("sources are not complete", self._keep_sources)
        run.opened()
        if run.announce is not None:
            run.announce(run)
        if lease is None:
            self._watching.close()
            run.recorder.tell(Learned(time=now()))  # so that all stores fetch the sources
            run.recorder.close()
            return
        living.add(self)
        mode = "no" if isinstance(local, NoLog) else run.capture_mode or SETTINGS.CAPTURE_MODE
        with Deferred() as deferred:  # whoever led descriptors elsewhere must be known, to lead them back
            self._output = capture(mode, local.output, run.captured_out_filter)
        deferred.raise_again()
        self._try("facts are missing", self._find_out_more)
        self._try("inputs and outputs are not complete", lambda: self._watching.callback(UsedFiles(run).stop))
        self._try("what its processes use is not known", lambda: self._watching.callback(Monitor(run).stop))
        self._begin_pulse(lambda: self._renew(lease), lease.interval, "pulse")
        self._begin_pulse(self._beat, run.beat_interval, "beat")

    def _try(self, gap: str, step: Callable[[], object]) -> None:
        """Our own trouble is a gap in the record, and does not stop the user's program."""
        try:
            step()
        except Exception as error:
            self.run.recorder.gap(f"{gap}: {said(error)}")

    def _expect_death(self, lease: Lease) -> None:
        local = self.run.recorder.log
        self._words = LastWords(local.last_words)
        local.renew(lease)

    def _keep_sources(self) -> None:
        self._sources = RunSources(self.run)
        self._watching.callback(self._sources.stop)

    def _find_out_more(self) -> None:
        run = self.run
        if run.plan.facts.later:
            from expkit.run.later import STRICT_PATIENCE, LaterFacts

            patience = STRICT_PATIENCE if run.plan.inputs.strict_capture else 0.0
            self._watching.callback(LaterFacts(run.recorder, run.plan.facts.later, patience).wait)

    def _begin_pulse(self, job: Callable[[], None], interval: float, name: str) -> None:
        self._try(f"its {name} is missing", lambda: self._pulses.append(Pulse(job, interval, name)))

    def _beat(self) -> None:
        assert self._output is not None
        self._output.pump()
        self._say_gap()
        if self._sources is not None:
            self._sources.look()
        self.run.admit()
        self.run.recorder.beat(self.run.info, self.run.result)

    def _renew(self, lease: Lease) -> None:
        self.run.recorder.renew(lease)
        self._words.trim()

    # -- the end ---------------------------------------------------------------------------------------

    def _end_once(self, error: BaseException | None) -> None:
        """End the run that this process began; of a forked child's ways nothing is written down."""
        if os.getpid() != self._pid:
            return
        with Deferred() as deferred:  # before the lock is taken: no signal may leave it taken
            if self._ending.acquire(timeout=SETTINGS.LANES.END_LIMIT):
                try:
                    if self.run.record.status == RUNNING:
                        self._end(error, deferred)
                finally:
                    self._ending.release()
        if not isinstance(error, (KeyboardInterrupt, Terminated)):
            deferred.raise_again()

    def _end(self, error: BaseException | None, deferred: Deferred) -> None:
        if pulse.stop(self._pulses, SETTINGS.LANES.END_PATIENCE):
            self._write_end(error, deferred.give_keyboard_back)
        else:
            _in_time(lambda: self._write_end(error), self.run)
            self._words.close()
        living.remove(self)

    def _write_end(self, error: BaseException | None, written: Callable[[], None] = lambda: None) -> None:
        """Everything up to the last line is written, then the end itself, which nothing before it can prevent."""
        run = self.run
        for step in (
            self._stop_watching,
            self._note_output,
            self._note_troubles,
            run.admit,
            lambda: keep_run_files(run),
            lambda: run.recorder.tell(last_facts(run)),
            lambda: run.recorder.report(run.info, run.result),
            self._hear_ranks,
        ):
            _in_any_case(step)
        self._doubt = doubt(run)
        run.recorder.end(outcome(run, error or self._doubt), written)
        self._words.remove()

    def _hear_ranks(self) -> None:
        if self.run.plan.seat is not None:
            from expkit.run.recording.ranks import hear_out

            hear_out(self.run.plan.seat, self.run.recorder)

    def _stop_watching(self) -> None:
        """Output first, for what is said from here on is not the program's; the others in reverse, sources at last.

        As it is led back here, a start that failed half way leaves the program's output as it was, too.
        """
        try:
            if self._output is not None:
                self._output.stop()
        finally:
            self._watching.close()

    def _note_output(self) -> None:
        assert self._output is not None
        self._say_gap()
        self.run.captured_out = self.run.recorder.log.output_text()

    def _say_gap(self) -> None:
        """Write down that output is missing as soon as that is known: nobody may come to write the end."""
        gap = "" if self._output is None else self._output.gap
        if gap not in ("", self._said):
            self._said = gap
            self.run.recorder.gap(gap)

    def _note_troubles(self) -> None:
        for trouble in troubles.take():
            self.run.recorder.gap(trouble)

    # -- what happens from outside, see :mod:`expkit.run.life.living` ------------------------------------------

    def note(self, text: str) -> None:
        """Write a sentence into the record."""
        self.run.recorder.tell(Learned(time=now(), gaps=(text,)))

    def orphan(self) -> None:
        """In a forked child: whatever it tells of the run goes nowhere."""
        self.run.disown()

    def abandon(self) -> None:
        """The interpreter ends while the run is going on in a thread, or in a block that was never left."""
        _in_any_case(lambda: self._end_once(RunInterrupt("the program ended while the run was going on")))


def keep_run_files(run: Run) -> None:
    """Make artifacts of the files in ``run.dir``, if the program ever asked for it."""
    if run.dir_used:
        from expkit.run.used import files

        files.keep_run_files(run)


def _recorder(run: Run, record: RunRecord) -> Recorder:
    """Who writes the run down: where another process makes it, only what this one adds."""
    plan = run.plan
    if plan.seat is None or plan.seat.record is None or run.unobserved:
        run.audience = Audience(run)
        return Recorder(record, run.audience.opened, plan.live)
    from expkit.run.recording.rank_log import RankRecorder

    return RankRecorder(plan.seat, plan.live)


def _in_time(step: Callable[[], object], run: Run) -> None:
    """Do it aside, because the disk may never answer; the program does not wait for ever."""
    thread = OwnThread(_in_any_case, "end", step)
    if start(thread):
        thread.join(SETTINGS.LANES.END_LIMIT)
    if thread.is_alive() or not thread.ident:
        log.warning("the end of the run could not be written: %s does not answer", run.recorder.log.folder)


def _in_any_case(step: Callable[[], object]) -> None:
    try:
        step()
    except BaseException:
        log.warning("the record lacks something of the run's end", exc_info=True)


def _called(function: Any, *args: Any) -> Any:
    """The function's result; that of a coroutine function is awaited."""
    result = function(*args)
    return _awaited(result) if type(result) is CoroutineType else result


def _awaited(coroutine: CoroutineType[Any, Any, Any]) -> Any:
    """The coroutine's result, also where an event loop is running already, as in notebooks."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    with ThreadPoolExecutor(1, thread_name_prefix="expkit main") as threads:
        return threads.submit(copy_context().run, asyncio.run, coroutine).result()
