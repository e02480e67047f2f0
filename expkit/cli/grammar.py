"""What a command line may look like, and what a given one means.

The grammar::

    PROG [(with UPDATE...)] [options]
    PROG help [COMMAND]
    PROG (-h | --help)
    PROG COMMAND [ARGUMENT...] [(with UPDATE...)] [options]

It is written out for docopt, which does the matching. The experiment's docstring is shown to people only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.nearest import did_you_mean
from expkit.cli.options import OptionValues, default_values
from expkit.cli.spelling import spell_out
from expkit.errors import CommandNotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.cli.option import CLIOption


class CommandInfo(Frozen, kw_only=False):
    """A command as the command line knows it.

    Attributes:
        name: as it is typed, dotted for commands of ingredients.
        doc: docstring, or ``""``.
        function: what runs; asked for signature and place when help is wanted.
        arguments: names of positional arguments between the command and ``with``, like ``("KEY",)``.
    """

    name: str
    doc: str = ""
    function: Callable[..., Any] | None = None
    arguments: tuple[str, ...] = ()


class CommandLine(Frozen, kw_only=False):
    """Everything that the command line of one experiment is made from.

    Attributes:
        program: name of the program, as help and errors show it.
        commands: by name, in the order of the help page.
        options: see :func:`expkit.cli.options.option_table`.
        doc: docstring of the experiment's module.
        default_command: runs where no command is named; None if there is none.
        entries: names of config entries of a declared type, and what help says about them.
    """

    program: str
    commands: Mapping[str, CommandInfo]
    options: Sequence[CLIOption] = ()
    doc: str = ""
    default_command: str | None = None
    entries: Sequence[tuple[str, str]] = ()


class Invocation(Frozen, kw_only=False):
    """What a command line means.

    Attributes:
        command: name of the command to run; None where help is wanted.
        tokens: updates and named configs, as typed.
        options: value of every option by long flag, given or not.
        help: True for the page of the program, a name for that of a command, else False.
        arguments: positional arguments of the command.
        named: whether the command was typed; else it is the default one.
    """

    command: str | None
    tokens: list[str]
    options: OptionValues
    help: str | bool = False
    arguments: tuple[str, ...] = ()
    named: bool = False


def split_argv(argv: str | Sequence[str] | None) -> list[str]:
    """The command line as a list, program first: ``sys.argv`` for None, a str is split as a shell would.

    Raises:
        ValueError: neither None nor str nor a list or tuple of str.
    """
    import sys

    if argv is None:
        return list(sys.argv)
    if isinstance(argv, str):
        import shlex

        return shlex.split(argv)
    if isinstance(argv, (list, tuple)) and all(isinstance(token, str) for token in argv):
        return list(argv)
    raise ValueError(f"argv is None, a str, or a list of str, not {argv!r}")


def parse(argv: Sequence[str], spec: CommandLine) -> Invocation:
    """Say what ``argv`` (without the program) means.

    Raises:
        CommandNotFoundError: no such command, or none given and no default.
        UsageError: anything else that the grammar does not allow; the message says what to type instead.
    """
    given, words = spell_out(argv, spec.options)
    words = _as_defined(words, spec)
    options = default_values(spec.options)
    if not given and not words:
        return Invocation(_known(spec.default_command, spec), [], options)
    if "--help" in given:
        return Invocation(None, [], options, help=_help_wanted(words, spec))
    found = _match(given, words, spec)
    options.update({name: value for name, value in found.items() if name.startswith("--")})
    return _invocation(found, options, spec)


def _as_defined(words: list[str], spec: CommandLine) -> list[str]:
    """The words with the command spelled as it is defined; hyphens and underscores mean the same."""
    at = 1 if words[:1] == ["help"] else 0
    alike = (name for name in spec.commands if words[at:] and name.replace("-", "_") == words[at].replace("-", "_"))
    name = next(alike, None)
    return [*words[:at], name, *words[at + 1 :]] if name else words


def _invocation(found: Mapping[str, Any], options: OptionValues, spec: CommandLine) -> Invocation:
    tokens = list(found["UPDATE"])
    if "with" in tokens:
        raise UsageError("`with` may stand only once; all updates follow it")
    spelled = [name for name in _with_arguments(spec) if found[name]]
    command = spelled[0] if spelled else found["COMMAND"]
    if found["help"]:
        return Invocation(None, [], options, help=_help_wanted([command] if command else [], spec))
    if command is None and options.get("--id") is not None:
        return Invocation(None, tokens, options)  # a queued run of that id knows its command
    name = _known(command or spec.default_command, spec)
    arguments = tuple(found[_slot(argument)] for argument in spec.commands[name].arguments)
    return Invocation(name, tokens, options, arguments=arguments, named=command is not None)


def _help_wanted(words: Sequence[str], spec: CommandLine) -> str | bool:
    topics = [word for word in words[:1] if word not in ("help", "with")]
    return _known(topics[0], spec) if topics else True


def _match(given: list[str], words: list[str], spec: CommandLine) -> Mapping[str, Any]:
    from docopt import DocoptExit, docopt

    try:
        # The options come first, all spelled out, so whatever follows is no option even if it begins with '-'.
        found = docopt(_formal(given, spec), [*given, *words], False, None, True)  # no help, no version, options first
    except DocoptExit:
        found = None
    misuse = _misuse(words, spec)
    if misuse or found is None:
        raise UsageError(misuse or f"this cannot be understood: {' '.join(words)}")
    return found


def _formal(given: Sequence[str], spec: CommandLine) -> str:
    """The grammar for docopt, with the options that occur: its cost grows with every further one."""
    present = {token.partition("=")[0] for token in given}
    options = [option for option in spec.options if option.long in present]
    repeatable = "".join(f"[{option.long}=VALUE]... " for option in options if option.repeatable)
    special = "".join(
        f"({name} {' '.join(map(_slot, info.arguments))} [(with UPDATE...)]) | "
        for name, info in _with_arguments(spec).items()
    )
    usage = f"Usage: program {repeatable}[options] [({special}(help [COMMAND]) | (COMMAND [(with UPDATE...)]) | (with UPDATE...))]"
    described = [f"  {option.long}{'' if option.is_flag else '=VALUE'}" for option in options]
    return "\n".join([usage, "", "Options:", *described, ""])


def _with_arguments(spec: CommandLine) -> dict[str, CommandInfo]:
    return {name: info for name, info in spec.commands.items() if info.arguments}


def _slot(argument: str) -> str:
    return f"<{argument}>"


def _misuse(words: Sequence[str], spec: CommandLine) -> str:
    """What is wrong with the words of a command line that are no options, or ``""``."""
    before = list(words[: words.index("with")]) if "with" in words else list(words)
    if len(before) == len(words) - 1:
        return "`with` needs at least one update or named config after it, like: with seed=1"
    if before[:1] == ["help"]:
        return "help takes the name of a command and nothing else" if words[2:] else ""
    return _misuse_of_command(before, spec) if before else ""


def _misuse_of_command(before: Sequence[str], spec: CommandLine) -> str:
    command, *rest = before
    if "=" in command and command not in spec.commands:
        return f"updates stand after `with`: with {command}"
    wanted = spec.commands[command].arguments if command in spec.commands else ()
    if len(rest) < len(wanted):
        return f"{command} needs {' '.join(wanted[len(rest) :])} after it"
    if len(rest) > len(wanted):
        surplus = rest[len(wanted)]
        return f"{surplus!r} cannot stand after {command}; updates and named configs stand after `with`: with {surplus}"
    return ""


def _known(command: str | None, spec: CommandLine) -> str:
    if command in spec.commands:
        return str(command)
    available = f"commands: {', '.join(spec.commands)}"
    if command is None:
        raise CommandNotFoundError(f"which command? There is no default one (@ex.main); {available}")
    raise CommandNotFoundError(f"there is no command {command}{did_you_mean(command, spec.commands)}; {available}")
