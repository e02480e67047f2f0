"""A script as a program: from an invocation, typed or called, to a run; and the commands every script has."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

from expkit._support.loading import loading
from expkit.capture.reference import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, NoReturn

    from expkit.cli.grammar import CommandLine, Invocation
    from expkit.cli.options import OptionValues
    from expkit.cli.tokens import Tokens
    from expkit.experiment import Experiment
    from expkit.run.handle import Run
    from expkit.run.inputs import RunInputs

ARGUMENTS = {"explain": ("KEY",)}
"""Positional arguments of commands."""

OUR_COMMANDS = ("explain", "config_schema")
"""Commands that the predecessor did not have."""


# -- from inputs to a run --------------------------------------------------------------------------------


def first_inputs(experiment: Experiment, command: str | None) -> RunInputs:
    """Inputs as the experiment defines them, before options and updates."""
    from expkit.run.inputs import RunInputs

    inputs = RunInputs(command)
    inputs.follow(lambda: (list(experiment.observers), experiment.uses_default_store))
    inputs.captured_out_filter = experiment.captured_out_filter
    inputs.host_info = experiment.additional_host_info
    return inputs


def updated_inputs(
    experiment: Experiment,
    command: str | None,
    config_updates: Mapping[str, Any] | None,
    named_configs: Sequence[str] | str,
    options: Mapping[str, Any] | None = None,
) -> RunInputs:
    """Inputs of a run that is called for; what was typed, ``options`` may know better."""
    from expkit.cli.tokens import Tokens

    inputs = first_inputs(experiment, command)
    inputs.options = dict(options or {})
    known = inputs.options.get("UPDATE")
    tokens = known if isinstance(known, Tokens) else Tokens()
    inputs.updates = tokens.updates_for(config_updates or {})
    inputs.named_configs = tokens.named_in([named_configs] if isinstance(named_configs, str) else named_configs)
    return inputs


def schema_for(experiment: Experiment, inputs: RunInputs) -> dict[str, Any]:
    """The config that ``inputs`` ask for, as JSON Schema."""
    from expkit.run.plan import make_plan
    from expkit.run.schema import schema_of

    inputs.unobserved = True
    return schema_of(make_plan(experiment, inputs))


def planned(experiment: Experiment, inputs: RunInputs) -> Run:
    """The unstarted run that ``inputs`` ask for, after option hooks and options had their say.

    A command line that it comes from is told of it.
    """
    with loading:
        from expkit.cli.options import OptionValues, apply_options, default_values, option_table
        from expkit.cli.tokens import Tokens
        from expkit.run.handle import Run
        from expkit.run.plan import make_plan

    table = option_table(experiment.additional_cli_options)
    inputs.options = OptionValues({**default_values(table), **inputs.options})
    tokens = inputs.options.get("UPDATE")
    for hook in experiment.option_hooks:
        hook(options=inputs.options)
    inputs.catch_up()
    apply_options(table, inputs.options, inputs)
    run = experiment.current_run = Run(make_plan(experiment, inputs))
    if isinstance(tokens, Tokens):
        tokens.noticed(run)
    return run


# -- the command line ------------------------------------------------------------------------------------


def run_commandline(experiment: Experiment, argv: str | Sequence[str] | None) -> Run:
    """See :meth:`Experiment.run_commandline`."""
    from expkit.cli.grammar import parse, split_argv

    words = split_argv(argv) or [experiment.name]
    spec = command_line(experiment, words[0])
    attempt = _Attempt(spec.program, words)
    try:
        invocation = parse(words[1:], spec)
        if invocation.help:
            _help(with_entries(spec, experiment), invocation)
        return attempt.run(experiment, invocation)
    except BaseException as error:
        attempt.fail(error)


def command_line(experiment: Experiment, program: str) -> CommandLine:
    """What the command line of an experiment may look like."""
    from expkit.cli.grammar import CommandInfo, CommandLine
    from expkit.cli.options import option_table

    commands = {
        name: CommandInfo(name, function.__doc__ or "", function, ARGUMENTS.get(name, ()))
        for name, function in experiment.gather_commands()
    }
    return CommandLine(
        program=_shown(program),
        doc=experiment.doc or "",
        commands=commands,
        options=option_table(experiment.additional_cli_options),
        default_command=experiment.default_command,
    )


def with_entries(spec: CommandLine, experiment: Experiment) -> CommandLine:
    """The same with the config's entries of declared types."""
    from expkit.cli.entries import declared_entries

    return spec.but(entries=declared_entries(experiment, first_inputs(experiment, experiment.default_command)))


def _printed_aside() -> AbstractContextManager[object]:
    """While the body runs, what config functions print goes to stderr: stdout is for a document."""
    from contextlib import redirect_stdout

    return redirect_stdout(sys.stderr)


class _Attempt:
    """One start from the command line: what is shown before and after, and how it may fail."""

    def __init__(self, program: str, words: Sequence[str]) -> None:
        self._program = program
        self._words = words
        self._runs: list[Run] = []
        self._debug = self._pdb = False

    def run(self, experiment: Experiment, invocation: Invocation) -> Run:
        from expkit.cli.tokens import Tokens

        self._debug = bool(invocation.options.get("--debug"))
        self._pdb = bool(invocation.options.get("--pdb"))
        tokens = Tokens(invocation.tokens, self._notice)
        options = _options(invocation, tokens)
        if invocation.command in OUR_COMMANDS:
            return _look(experiment, invocation, options, tokens)
        given = tokens.as_mapping(), tokens.names()
        run = experiment.run(invocation.command, *given, info={}, meta_info={}, options=options)
        self._conclude()
        return run

    def _notice(self, run: Run) -> None:
        """A run was made for this command line."""
        self._runs.append(run)
        run.announce = announce
        if run.plan.inputs.print_config:
            from expkit.cli.terminal import emit

            show_config(run)
            emit("-" * 79 + "\n", sys.stdout)
        if run.plan.inputs.dry_run:
            _tell(f"dry run of {run.plan.command}: everything up to the start works, nothing was written")

    def _conclude(self) -> None:
        for run in self._runs:
            conclude(run)

    def fail(self, error: BaseException) -> NoReturn:
        """Show what went wrong and exit."""
        from expkit.cli.failures import post_mortem, show

        started = any(run.start_time is not None for run in self._runs)
        self._conclude()
        if self._pdb and isinstance(error, Exception):
            post_mortem(error)
            sys.exit(1)
        sys.exit(show(error, program=self._program, debug=self._debug, started=started, hide=self._hide))

    def _hide(self, text: str) -> str:
        from expkit.run.disclosure import secrets_typed

        text = secrets_typed(self._words).hide(text)
        for run in self._runs:
            text = run.plan.live.secrets.hide(text)
        return text


def _options(invocation: Invocation, tokens: Tokens) -> OptionValues:
    """The options, and the words beside them, by the predecessor's names."""
    from expkit.cli.options import OptionValues

    command = invocation.command if invocation.named else None
    words = {"COMMAND": command, "UPDATE": tokens, "with": bool(tokens), "help": False}
    return OptionValues({**invocation.options, **words})


def _look(experiment: Experiment, invocation: Invocation, options: OptionValues, tokens: Tokens) -> Run:
    """Run a command that subclasses need not know, with its arguments."""
    inputs = updated_inputs(experiment, invocation.command, tokens.as_mapping(), tokens.names(), options)
    with _printed_aside() if invocation.command == "config_schema" else nullcontext():
        run = planned(experiment, inputs)
    if not (importing() or inputs.dry_run):
        run(*invocation.arguments)
    return run


def _help(spec: CommandLine, invocation: Invocation) -> NoReturn:
    from expkit.cli.commands import print_help

    print_help(spec, invocation.help if isinstance(invocation.help, str) else None)
    sys.exit(0)


def _shown(program: str) -> str:
    """The program as one would type it from here."""
    return os.path.basename(program) if os.path.isabs(program) else program


# -- status lines ----------------------------------------------------------------------------------------


def announce(run: Run) -> None:
    """Say on stderr who observes, and where."""
    from expkit.cli.status import begin_line, queued_line

    if run.queue_only:
        _tell(queued_line(run._id, _location(run)))
    elif run.observers and not run.unobserved:
        observers = [run.plan.live.secrets.hide(repr(lane.observer)) for lane in run.recorder.lanes]
        _tell(begin_line(run._id, _location(run), observers, run.plan.seed))


def conclude(run: Run) -> None:
    """Say on stderr how the run ended, and where its record is."""
    from expkit.cli.status import captured_line, end_line

    if run.unobserved or not run.observers or run.start_time is None or run.stop_time is None:
        return
    seconds = (run.stop_time - run.start_time).total_seconds()
    secrets = run.plan.live.secrets
    line = end_line(run._id, _location(run), run.status or "", seconds, secrets.masked(run.result))
    _tell(secrets.sure(line))
    _tell(captured_line(run.record))


def _tell(line: str) -> None:
    from expkit.cli.status import tell

    tell(line)


def _location(run: Run) -> str | None:
    place = run.recorder.log.folder
    if place is None or (run.recorder.spooled and not run.recorder.owed):
        return None
    if run.recorder.log.is_gone:
        return f"{place}, which is gone"
    folder, here = os.path.realpath(place), _folder_at_start(run)
    return os.path.relpath(folder, here) if folder.startswith(here + os.sep) else str(place)


def _folder_at_start(run: Run) -> str:
    """Where the user stands, wherever the program has gone since."""
    return os.path.realpath(os.path.join(run.plan.root.project, run.record.launch.cwd))


# -- commands that every script has ----------------------------------------------------------------------


def register_builtin_commands(experiment: Experiment) -> None:
    """Give an experiment the commands that look at it without running it; what these ask for, only they know."""
    for function in (print_config, print_dependencies, save_config, print_named_configs, explain, config_schema):
        experiment.captured_functions.remove(experiment.command(function, unobserved=True))
        experiment.looking_commands.add(function.__name__)


def print_config(_run: Run) -> None:
    """Print the config and mark what differs from its definition.

    Entries that updates added, changed, or gave another type are marked.
    """
    show_config(_run)


def show_config(run: Run) -> None:
    """Print a run's config."""
    from expkit.cli.commands import print_config as show

    resolution = run.plan.resolution
    show(
        run.plan.live.config,
        run.config_modifications,
        [path for path in run.plan.paths.values() if path],
        declared=resolution.declared,
        missing=resolution.missing,
    )


def print_dependencies(_run: Run) -> None:
    """Print the packages, source files and repositories that a run would record."""
    from expkit.cli.commands import print_dependencies as show
    from expkit.run.facts import experiment_info

    show(experiment_info(_run.plan.root))


def save_config(_run: Run, config_filename: str = "config.json") -> None:
    """Write the config to a file that can be given after ``with``.

    The file's name is the config entry ``config_filename``, its extension the format.
    """
    from expkit.cli.commands import save_config as save

    _run.plan.resolution.refuse_missing()
    config = _run.plan.resolution.written(_run.plan.live.config)
    save({key: value for key, value in config.items() if key != "config_filename"}, config_filename)


def print_named_configs(_run: Run) -> None:
    """Print the names and descriptions of all named configs."""
    from expkit.cli.commands import print_named_configs as show

    root = _run.plan.root
    show({root.name_of(node, name): found.doc for node, _ in root.walk() for name, found in node.named_configs.items()})


def explain(KEY: str, _run: Run) -> None:  # noqa: N803 - shown like that in the help
    """Print which layers of the config set an entry, each with file and line."""
    from expkit.cli.commands import explain as show

    resolution = _run.plan.resolution
    show(KEY, resolution.layers, _run.config, resolution.layers_inside, resolution.declared)


def config_schema(_run: Run) -> None:
    """Print the config's JSON Schema: types, choices, docs and defaults."""
    from expkit.cli.commands import config_schema as show
    from expkit.run.schema import schema_of

    show(schema_of(_run.plan))
