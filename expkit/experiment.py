"""Experiments: what a script decorates, runs, and starts from the command line."""

from __future__ import annotations

import os
import sys

from expkit.capture.binding import current, run_of
from expkit.capture.reference import importing
from expkit.errors import AmbiguousRunError, NoActiveRunError
from expkit.ingredient import Ingredient
from expkit.program import (
    command_line,
    first_inputs,
    planned,
    register_builtin_commands,
    run_commandline,
    schema_for,
    updated_inputs,
    with_entries,
)
from expkit.run.definitions import Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import IO, Any, TypeVar

    from expkit.capture.types import CaptureMethod
    from expkit.cli.option import CLIOption
    from expkit.observers.opening import ObserverLike
    from expkit.run.definitions import Definitions
    from expkit.run.handle import Run
    from expkit.run.life.engine import Life

    F = TypeVar("F", bound=Callable[..., Any])


if os.environ.get("EXPKIT_WORKER_FILES"):  # this may be a worker process of a run, which tells it what it opens
    from expkit.provenance.files.workers import report_if_asked

    report_if_asked()


class Experiment(Ingredient):
    """The main object of a script: an ingredient that can be run.

    Args:
        name: default: the name of the file, or notebook, that makes it.
        ingredients: parts that it uses.
        interactive: allow definition where there is neither a file nor a notebook.
        base_dir: where project files are looked for; default: the folder of the file that makes it.
        additional_host_info: gatherers made by :func:`~expkit.host_info_gatherer`.
        additional_cli_options: options made by :func:`~expkit.cli_option`.
        save_git_info: whether git is asked about the sources.
        observers: who is told about runs. None: the default store. A list, also an empty one: exactly these.

    Attributes:
        observers: may be changed; once something was added, the default store is not used.
        captured_out_filter: applied to captured output.
        uses_default_store: whether the default store is used while ``observers`` is empty.
        option_hooks: functions that may change the command line's options.

    Raises:
        RuntimeError: made where there is no file and no name is given, or neither a file nor a notebook and not
            ``interactive``.
    """

    def __init__(
        self,
        name: str | None = None,
        ingredients: Sequence[Ingredient] = (),
        interactive: bool = False,
        base_dir: str | os.PathLike[str] | None = None,
        additional_host_info: Sequence[Any] | None = None,
        additional_cli_options: Sequence[CLIOption] | None = None,
        save_git_info: bool = True,
        *,
        observers: Iterable[ObserverLike] | None = None,
        caller: Caller | None = None,
    ) -> None:
        caller = caller or Caller.of(self)
        if name is None and (file := caller.file or _notebook_file()):
            name = os.path.splitext(os.path.basename(file))[0]
        if name is None:
            raise RuntimeError("an experiment made where there is no file needs a name: Experiment('name', ...)")
        super().__init__(name, ingredients, interactive, base_dir=base_dir, save_git_info=save_git_info, caller=caller)
        self.additional_host_info = list(additional_host_info or ())
        self.additional_cli_options = list(additional_cli_options or ())
        self.captured_out_filter: Callable[[str], str] | None = None
        self._last_run: Run | None = None
        self.uses_default_store = observers is None
        self._observers: list[Any] = list(observers or ())
        register_builtin_commands(self)

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.path

    @property
    def observers(self) -> list[Any]:
        """Who is told about runs."""
        return self._observers

    @observers.setter
    def observers(self, observers: Iterable[ObserverLike]) -> None:
        self.uses_default_store = False
        self._observers = list(observers)

    # -- definitions -----------------------------------------------------------------------------------

    if TYPE_CHECKING:

        @property
        def main(self) -> CaptureMethod: ...  # noqa: D102
        @property
        def automain(self) -> CaptureMethod: ...  # noqa: D102

    else:

        def main(self, function: Any = None, prefix: str | None = None) -> Any:
            """Decorator: the command that runs when none is named."""
            if function is None:
                return lambda actual: self.main(actual, prefix=prefix)
            captured: Any = self.command(function, prefix=prefix)
            self.default_command = captured.__name__
            return captured

        def automain(self, function: Any = None, prefix: str | None = None) -> Any:
            """Decorator: :meth:`main`, and run the command line at once if the file is run as a script.

            It must be the last thing in the file. Nothing is run where the file is imported, in worker processes,
            and in notebooks.
            """
            if function is None:
                return lambda actual: self.automain(actual, prefix=prefix)
            captured: Any = self.main(function, prefix=prefix)
            if function.__module__ == "__main__" and self.caller.file is not None:
                self.run_commandline()
            return captured

    def option_hook(self, function: F) -> F:
        """Decorator: a function of (options) that may change the command line's options before anything else.

        Raises:
            KeyError: the function has no parameter ``options``.
        """
        code = function.__code__
        if "options" not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            raise KeyError(f"option hook {function.__qualname__} must have a parameter named 'options'")
        self.collect(self.option_hooks, function)
        return function

    # -- running ---------------------------------------------------------------------------------------

    def run(
        self,
        command_name: str | None = None,
        config_updates: Mapping[str, Any] | None = None,
        named_configs: Sequence[str] | str = (),
        info: Mapping[str, Any] | None = None,
        meta_info: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a command and return the finished run; exceptions come through as they are.

        In a worker process that is just importing its parent's script, and on a dry run, the run is returned unstarted.

        Args:
            command_name: default: the main function.
            config_updates: entries to change, as a nested dict or by dotted keys.
            named_configs: applied in this order.
            info: first content of ``run.info``.
            meta_info: kept with the record.
            options: command line options by long flag: ``{"--loglevel": "DEBUG"}``.

        Raises:
            CommandNotFoundError: no such command.
            ConfigError: updates or config functions that do not work out.
        """
        run = self._create_run(command_name, config_updates, named_configs, info, meta_info, options)
        if not (importing() or run.plan.inputs.dry_run):
            run()
        return run

    def _create_run(
        self,
        command_name: str | None = None,
        config_updates: Mapping[str, Any] | None = None,
        named_configs: Sequence[str] | str = (),
        info: Mapping[str, Any] | None = None,
        meta_info: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Run:
        """Like :meth:`run`, but the run is returned unstarted; call it to start it."""
        inputs = updated_inputs(self, command_name, config_updates, named_configs, options)
        inputs.info = dict(info or {})
        inputs.meta_info = dict(meta_info or {})
        return planned(self, inputs)

    def run_commandline(self, argv: str | Sequence[str] | None = None) -> Run:
        """Run what a command line asks for; what goes wrong is shown, and the program exits.

        Args:
            argv: program and arguments; None: ``sys.argv``; a str is split as a shell would.

        Raises:
            SystemExit: help was asked for (0), the command line or the config is wrong (2), the run failed (1), was
                interrupted (130) or terminated (143), or exited by itself (its own code).
            ValueError: ``argv`` is something else.
        """
        return run_commandline(self, argv)

    def get_usage(self, program_name: str | None = None) -> tuple[str, str, str]:
        """The forms of the command line, its help page, and that page once more, as the predecessor gave it to docopt.

        Args:
            program_name: default: what was started.
        """
        from expkit.cli.help import help_text, usage

        spec = with_entries(command_line(self, program_name or sys.argv[0]), self)
        page = help_text(spec)
        return usage(spec), page, page

    def config_schema(
        self, config_updates: Mapping[str, Any] | None = None, named_configs: Sequence[str] | str = ()
    ) -> dict[str, Any]:
        """The config as JSON Schema (draft 2020-12): types, choices, docs and defaults; secrets are masked.

        Config functions run for it. Nothing is recorded, and entries that must be given may be missing.

        Args:
            config_updates: entries to change before, as a nested dict or by dotted keys.
            named_configs: applied in this order.

        Raises:
            ConfigError: updates or config functions that do not work out.
        """
        return schema_for(self, updated_inputs(self, "config_schema", config_updates, named_configs))

    def get_default_options(self) -> dict[str, Any]:
        """Options that are not given: long flag to False or None."""
        from expkit.cli.options import default_values, option_table

        return dict(default_values(option_table(self.additional_cli_options)))

    @property
    def all_cli_options(self) -> list[CLIOption]:
        """The options of the command line, built-in ones first."""
        from expkit.cli.options import option_table

        return option_table(self.additional_cli_options)

    def post_process_name(self, name: str, ingredient: Definitions) -> str:
        """What a full name is typed as: without the path, where it is this experiment's own."""
        return name.removeprefix(f"{self.path}.") if ingredient is self else name

    # -- the current run -------------------------------------------------------------------------------

    @property
    def info(self) -> dict[str, Any]:
        """``info`` of the current run."""
        return self._run_for("info").info

    def log_scalar(self, name: str, value: Any, step: Any = None) -> None:
        """Add a point to a metric of the current run; see :meth:`Run.log_scalar`."""
        self._run_for("log_scalar").log_scalar(name, value, step)

    def log_scalars(self, values: Mapping[str, Any], step: Any = None) -> None:
        """Add one point to each of several metrics of the current run."""
        self._run_for("log_scalars").log_scalars(values, step)

    def open_resource(self, filename: str | os.PathLike[str], mode: str = "r") -> IO[Any]:
        """Open a file and keep it as a resource of the current run."""
        return self._run_for("open_resource").open_resource(filename, mode)

    def add_resource(self, filename: str | os.PathLike[str]) -> None:
        """Keep a file that the current run reads."""
        self._run_for("add_resource").add_resource(filename)

    def add_artifact(
        self,
        filename: str | os.PathLike[str],
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        content_type: str | None = None,
    ) -> None:
        """Keep a file that the current run made; see :meth:`Run.add_artifact`."""
        self._run_for("add_artifact").add_artifact(filename, name, metadata, content_type)

    def _run_for(self, what: str) -> Run:
        """The run that the calling code belongs to, else the last one."""
        run: Any = run_of(self) or self._last_run
        if run is None:
            raise NoActiveRunError(f"{self!r}.{what} needs a run, and none was started")
        return run  # type: ignore[no-any-return]

    @property
    def current_run(self) -> Run | None:
        """The run that the calling code belongs to, else the last one that was made; None before there is one."""
        try:
            run: Any = run_of(self) or self._last_run
        except AmbiguousRunError:
            return self._last_run
        return run  # type: ignore[no-any-return]

    @current_run.setter
    def current_run(self, run: Run | None) -> None:
        around = current.get()
        if around is None or not around.covers(self):  # one inside another is no longer current when it has ended
            self._last_run = run


def _notebook_file() -> str:
    from expkit.provenance.code.notebook import notebook_file

    return notebook_file()


def start_run(
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    observers: Iterable[ObserverLike] | None = None,
    tags: Sequence[str] = (),
    base_dir: str | os.PathLike[str] | None = None,
) -> Life:
    """Record a run without decorators.

    ::

        with start_run(config={"lr": 0.1}) as run:
            run.log_scalar("loss", 0.5)

    Args:
        name: default: the name of the calling file.
        config: the run's config; ``seed`` in it is the root of randomness.
        observers: as for :class:`Experiment`.
        tags: kept with the record.
        base_dir: as for :class:`Experiment`.

    Returns:
        A context manager that starts the run, gives its handle, and ends it.
    """
    from expkit.run.life.engine import Life

    caller = Caller(sys._getframe(1))
    if name is None and caller.file is None:
        name = "run"
    experiment = Experiment(name, (), True, base_dir=base_dir, observers=observers, caller=caller)
    if config:
        experiment.add_config(dict(config))
    experiment.main(block)
    inputs = first_inputs(experiment, None)
    inputs.tags = list(tags)
    return Life(planned(experiment, inputs))


def block() -> None:
    """The body of a ``with start_run(...)`` block."""
