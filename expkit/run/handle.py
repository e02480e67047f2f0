"""The handle of one run: what main and hooks get as ``_run``, and what ``ex.run()`` returns."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit._support.covering import coverable
from expkit._support.loading import loading
from expkit._support.places import state_dir
from expkit.capture.binding import bind
from expkit.config.containers import copy_containers, mutations
from expkit.errors import NoActiveRunError
from expkit.observers.dispatch import naive
from expkit.record.encoding import encode
from expkit.record.model import FileRef
from expkit.run.facts import NOT_GATHERED, gather, shown
from expkit.run.recording.log import NoLog
from expkit.run.recording.recorder import Recorder
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import IO, NoReturn, TypeVar

    from expkit.record.model import RunRecord
    from expkit.run.audience import Audience
    from expkit.run.context import Context
    from expkit.run.facts import Facts
    from expkit.run.plan import RunPlan
    from expkit.types import RunId

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")


class Run:
    """One run of an experiment.

    Made by ``ex.run()`` and its kin; may be called once. Until then ``observers``, ``unobserved``, ``queue_only``,
    ``capture_mode``, ``captured_out_filter``, ``beat_interval``, ``meta_info`` and ``_id`` may be set. Attributes of
    one's own may be set at any time.

    Attributes:
        config: the resolved config, as plain containers.
        config_modifications: what updates changed: ``added``, ``modified``, ``typechanged``, ``docs``.
        info: free dict; kept at every beat.
        result: what main returned; may be set earlier as an intermediate result.
        status: None before the start; then QUEUED, RUNNING, COMPLETED, FAILED, INTERRUPTED, TIMEOUT or the user's own.
        start_time, stop_time: naive UTC, or None.
        fail_trace: lines of the traceback, or None.
        captured_out: captured output, filtered; its last 10 MB.
        meta_info: what is known about the invocation.
        observers: who is told, by priority once the run has started; those that are added later hear of it, too.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self._id: RunId | None = plan.inputs.id
        self.config_modifications = plan.summary
        self.meta_info = plan.meta_info
        self._meta_planned = copy_containers(dict(plan.meta_info))
        self.info: dict[str, Any] = plan.inputs.info
        self.result: Any = None
        self.captured_out = ""
        self.observers: list[Any] = [getattr(observer, "target", observer) for observer in plan.observers]
        self.audience: Audience | None = None
        self.unobserved = plan.unobserved
        self.queue_only = plan.inputs.queue_only
        self.force = plan.inputs.force
        self.debug = plan.inputs.debug
        self.pdb = plan.inputs.pdb
        self.beat_interval = plan.inputs.beat_interval
        self.capture_mode: str | None = plan.inputs.capture_mode or SETTINGS.CAPTURE_MODE
        self.captured_out_filter = plan.inputs.captured_out_filter
        self.main_function = plan.function
        self.pre_run_hooks = list(plan.pre_run_hooks)
        self.post_run_hooks = list(plan.post_run_hooks)
        self.root_logger = plan.logger
        self.run_logger = plan.logger if plan.root.logger is None else plan.logger.getChild(plan.record.name)
        self.context: Context | None = None
        self._has_begun = False
        self.recorder = Recorder(plan.record, (), plan.live)
        self.folder: Path | None = None
        self.dir_used = False
        self.announce: Callable[[Run], None] | None = None
        self._started = threading.Lock()
        # bound to the log's writer at the start: the way of a point has no detours
        self._log_point: Callable[..., None] = _not_started
        vars(self).update({name: value for name, value in plan.inputs.added.items() if name not in vars(self)})

    def __call__(self, *args: Any) -> Any:
        """Run main with ``args`` and return its result.

        Raises:
            RuntimeError: the run was called before.
        """
        with loading:
            from expkit.run.life.engine import execute

        return execute(self, args)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a run belongs to its process and cannot be pickled; give other processes run.uid")

    def __repr__(self) -> str:
        return f"<Run {self._id or self.uid[:8]} of {self.plan.record.name}: {self.status or 'not started'}>"

    def _repr_html_(self) -> str:
        """How notebooks show a run."""
        from expkit.run.notebooks.html import html

        return html(self)

    @cached_property
    def _facts(self) -> Facts:
        plan = self.plan
        return gather(plan.root, plan.inputs, ()) if plan.facts is NOT_GATHERED else plan.facts

    @cached_property
    def experiment_info(self) -> dict[str, Any]:
        """What is known about the code; where nobody observes, it is found out when somebody asks."""
        return shown(self.plan.root, self.plan.record.name, self._facts)

    @cached_property
    def host_info(self) -> dict[str, Any]:
        """What is known about the machine; see :attr:`experiment_info`."""
        return self._facts.host

    @property
    def uid(self) -> str:
        """The globally unique name of the run."""
        return self.recorder.record.uid

    @property
    def record(self) -> RunRecord:
        """The record as it stands."""
        return self.recorder.record

    @coverable
    def status(self) -> str | None:
        """See the class."""
        return None if self.context is None else self.record.status

    @coverable
    def start_time(self) -> datetime | None:
        """See the class."""
        return _naive(self.record.start_time) if self._has_begun else None

    @coverable
    def stop_time(self) -> datetime | None:
        """See the class."""
        return _naive(self.record.stop_time)

    @coverable
    def fail_trace(self) -> list[str] | None:
        """See the class."""
        return list(self.record.fail_trace) or None

    @coverable
    def config(self) -> dict[str, Any]:
        """See the class; whoever looks at it counts as a reader of all entries."""
        if self.context is not None:
            self.context.reads.add("")
        return self.plan.config

    @coverable
    def seed(self) -> int:
        """The root of the run's randomness."""
        return self.plan.seed

    @coverable
    def dir(self) -> Path:
        """A folder for files of this run; what lies in it at the end belongs to the run's artifacts.

        Raises:
            NoActiveRunError: the run has not started.
        """
        self._need_start("dir")
        self.dir_used = True
        return self.recorder.log.files

    # -- metrics ---------------------------------------------------------------------------------------

    def log_scalar(self, metric_name: str, value: Any, step: Any = None) -> None:
        """Add a point to a metric; from any thread, without waiting.

        Args:
            metric_name: name of the metric.
            value: a number; NaN and infinities are kept as they are.
            step: default: one more than the metric's last step, from 0 on. Steps may repeat or go back.

        Raises:
            NoActiveRunError: the run has not started.
        """
        self._log_point(metric_name, value, step)

    def log_scalars(self, values: Mapping[str, Any], step: Any = None) -> None:
        """Add one point to each of several metrics, all at ``step``; without one, each metric goes on by itself."""
        for name, value in values.items():
            self._log_point(name, value, step)

    # -- files -----------------------------------------------------------------------------------------

    def open_resource(self, filename: str | os.PathLike[str], mode: str = "r") -> IO[Any]:
        """Open a file and keep it as a resource of the run."""
        self.add_resource(filename)
        from expkit.provenance.files.audit import quietly

        with quietly():
            return open(filename, mode)

    def add_resource(self, filename: str | os.PathLike[str]) -> None:
        """Keep a file that the run reads."""
        path = Path(os.path.abspath(filename))
        self._keep(path, FileRef(path=path.name, role="resource", root="elsewhere"))

    def input(self, thing: T, name: str | None = None) -> T:
        """Record data that no look at opened files can see, by its content: an array, a frame, bytes, text, a URL.

        Arrays count as ``numpy.save`` writes them, frames as CSV, a path as the file's bytes; of a URL, only the
        address is known. A later change of the object is not seen.

        A string is a URL (``scheme://...`` without spaces), else the path of a file that exists, else a text that counts
        by its content: the last one only with a name, so that a misspelt path is not taken for a text.

        Args:
            thing: the data.
            name: under which it is recorded; default: made from its kind and hash.

        Returns:
            ``thing``, so that it can be recorded where it is used: ``data = run.input(load())``.

        Raises:
            NoActiveRunError: the run has not started.
            ValueError: a string without a name is neither a URL nor a file; nothing is recorded.
        """
        self._need_start("input")
        from expkit.provenance.files.audit import quietly
        from expkit.run.used.given import check, give

        check(thing, name)
        try:
            with quietly():
                give(self.recorder, thing, name)
        except Exception as error:
            self.recorder.gap(f"an input of type {type(thing).__name__} could not be recorded: {error}")
        return thing

    def add_artifact(
        self,
        filename: str | os.PathLike[str],
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> None:
        """Keep a file, or all files of a folder, that the run made. The bytes are safe when this returns.

        Args:
            filename: the file; it may be changed or removed afterwards.
            name: under which it is kept; default: its base name. May have sub-folders.
            metadata: kept with it.
            content_type: MIME type; default: guessed from the name.

        Raises:
            StoreNameError: the name leaves the run's folder or hides a file of the record.
        """
        path = Path(os.path.abspath(filename))
        name = name or path.name
        if path.is_dir() and os.fspath(filename):
            ours = {
                Path(os.path.abspath(getattr(self.recorder.log.home, "root", path / "runs"))),
                state_dir().absolute(),
            }
            for inner in sorted(child for child in path.rglob("*") if child.is_file() and not ours & {*child.parents}):
                self.add_artifact(inner, f"{name}/{inner.relative_to(path).as_posix()}", metadata, content_type)
            return
        from mimetypes import guess_type

        ref = FileRef(
            path=name,
            role="artifact",
            root="run",
            mode="w",
            metadata=encode(dict(metadata or {})),
            content_type=content_type or guess_type(name)[0] or "",
        )
        self._keep(path, ref)

    def _keep(self, path: Path, ref: FileRef) -> None:
        """Keep a file; one that cannot be read is a gap in the record, not the end of the program."""
        self._need_start(f"add_{ref.role}")
        self.admit()
        if path.exists() and not path.is_file():
            self.recorder.gap(f"{ref.role} {ref.path} could not be kept: {path} is no regular file")
            return
        from expkit.provenance.files.audit import quietly

        try:
            with quietly():
                self.recorder.add_file(path, ref)
        except OSError as error:
            self.recorder.gap(f"{ref.role} {ref.path} could not be kept: {error}")

    # -- the rest --------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Bring record and observers up to date with everything reported so far."""
        self._need_start("flush")
        self.admit()
        self.recorder.beat(self.info, self.result)

    def bind(self, fn: F) -> F:
        """``fn`` for use in another thread: there its captured functions belong to this run."""
        if self.context is None:
            raise NoActiveRunError("bind(fn) needs a run that has started")
        return bind(self.context, fn)

    def claim(self) -> None:
        """Take the one start that a run has.

        Raises:
            RuntimeError: it was taken before.
        """
        if not self._started.acquire(blocking=False):
            raise RuntimeError("A run can only be started once; make a new one with ex.run()")

    def first_record(self) -> RunRecord:
        """The record to begin with; what was said about the run since it was planned counts."""
        record, secrets = self.plan.record, self.plan.live.secrets
        if not mutations(self._meta_planned, self.meta_info):
            return record
        return record.but(meta=encode(secrets.shown(self.meta_info)))

    def admit(self) -> None:
        """Tell observers that were added since the start; they hear of everything that comes."""
        if self.audience is not None:
            self.audience.admit()

    def opened(self) -> None:
        """The local log is there: bind what writes to it."""
        log = self.recorder.log
        self.folder = log.folder
        self._has_begun = True
        self._log_point = _ignore if isinstance(log, NoLog) else self._log_first_point

    def disown(self) -> None:
        """This is a forked child, and the record the parent's: whatever is told here goes nowhere."""
        self.recorder = Recorder(self.record, (), self.plan.live)
        self._log_point = _ignore

    def _log_first_point(self, name: str, value: Any, step: Any = None) -> None:
        """Open the file of points; many runs need none. What comes after the end is lost there, and said."""
        if self.recorder.over:
            self.recorder.too_late()
            return
        points = self.recorder.log.points
        assert points is not None
        self._log_point = self.plan.live.secrets.naming(points.log_scalar)
        self._log_point(name, value, step)

    def _need_start(self, what: str) -> None:
        if self.context is None:
            raise NoActiveRunError(f"{what} needs a run that has started")


def _naive(time: datetime | None) -> datetime | None:
    return None if time is None else naive(time)


def _not_started(name: str, value: Any, step: Any = None) -> None:  # noqa: ARG001
    raise NoActiveRunError(f"log_scalar({name!r}, ...) needs a run that has started")


def _ignore(name: str, value: Any, step: Any = None) -> None:
    """Where nobody observes, points go nowhere."""
