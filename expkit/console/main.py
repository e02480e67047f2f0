"""expkit: looks back at what experiments have recorded, and looks after it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean, nearest
from expkit.cli.terminal import emit
from expkit.errors import ExpkitError, NoObserverError, QueryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS: dict[str, dict[str, str]] = {
    "Look": {
        "ls": "list runs",
        "show": "show one run: how it ended, what was asked, what came out",
        "metrics": "show metrics: a table, plots, or every point",
        "output": "print what a run has printed",
        "files": "list the files of a run",
        "cat": "print a file of a run",
        "open": "open a run's folder, or one of its files, on the desktop",
    },
    "Compare": {
        "diff": "what differs between two runs: config, sources, packages, results",
        "compare": "what differs between any number of runs, as a table",
    },
    "Annotate": {
        "tag": "add tags to a run, or remove some",
        "note": "add a note to a run",
        "rename": "give a run another name",
    },
    "Keep": {
        "rm": "put runs into the trash, take them out, or delete them for good",
        "gc": "empty the trash, and remove files that no run names",
        "du": "how many bytes runs have",
        "sync": "deliver to stores what they have missed",
    },
    "Move": {
        "copy": "copy runs from one store into another",
        "import": "bring in runs of Sacred, MLflow, TensorBoard or W&B",
        "export": "write runs as CSV, Parquet, JSON or a page",
    },
    "Check": {
        "verify": "compare everything that belongs to runs with its hashes",
        "doctor": "what is installed, which stores answer, what is owed",
        "schema": "the JSON Schema of records, and of what commands print with --json",
        "completion": "teach a shell to complete commands, options and runs",
    },
}
"""Subcommands in the order of the help, with a line about each."""

COMMANDS = {name: f"expkit.console.{name}" for group in GROUPS.values() for name in group}
"""Subcommands, and the modules whose ``main(argv)`` does what they promise and returns the exit code."""

COMMANDS |= {name: f"{COMMANDS[name]}_" for name in ("import",) if name in COMMANDS}  # a keyword cannot be a module

FAILURE, MISTAKE, CTRL_C = 1, 2, 130

_LAYOUT = "\n\t"
"""Control characters that errors may have: a caret stands below what it means."""

_USAGE = """
Usage:
  expkit COMMAND [ARGUMENT...]
  expkit (-h | --help)
  expkit --version
"""

_MORE = """
`expkit COMMAND --help` says more about a command, with examples.

RUN is an id, ~ and the beginning of a uid, a name, last, last~2 (the second before it) or best:max:metrics.acc.max.
All commands look where a run would be recorded that names no observer, unless --store=URL names another place.

The exit code is 0 if all is well, 1 if something did not work out, 2 if what was typed cannot work, 130 after Ctrl-C.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: what follows the program's name; None: what was typed.

    Returns:
        The exit code: 0: fine; 1: it did not work out; 2: what was typed cannot work; 130: Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except KeyboardInterrupt:
        return CTRL_C
    except BrokenPipeError:  # who read it has seen enough
        return 0
    except (ExpkitError, OSError) as error:
        from expkit._support.here import sentence_of
        from expkit.console.showing import safe

        emit(f"expkit: {safe(sentence_of(error), keep=_LAYOUT)}\n", sys.stderr)
        return MISTAKE if isinstance(error, (UsageError, QueryError, NoObserverError)) else FAILURE


def help_text() -> str:
    """What ``expkit --help`` prints."""
    width = max(map(len, COMMANDS))
    groups = (
        "\n".join([f"\n{title}:", *(f"  {name.ljust(width)}  {line}" for name, line in lines.items())])
        for title, lines in GROUPS.items()
        if lines
    )
    return "\n".join([__doc__ or "", _USAGE.rstrip(), *groups, _MORE])


def _run(words: list[str]) -> int:
    words = [words[1], "--help"] if words[:1] == ["help"] and len(words) > 1 else words
    first = words[0] if words else "--help"
    if first in ("-h", "--help", "help"):
        emit(help_text(), sys.stdout)
        return 0
    if first == "--version":
        emit(f"expkit {sys.modules['expkit'].__version__}\n", sys.stdout)
        return 0
    if first.startswith("-"):
        raise UsageError(_no_option(words))
    if first not in COMMANDS:
        known = f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {first!r}{did_you_mean(first, COMMANDS)}; {known}")
    from importlib import import_module

    return int(import_module(COMMANDS[first]).main(words[1:]))


def _no_option(words: list[str]) -> str:
    """What is wrong with an option that stands where a command should."""
    name = words[0].partition("=")[0]
    command = next((word for word in words if word in COMMANDS), "")
    if command:
        return f"options stand behind the command: expkit {command} {words[0]}"
    known = {"help": "--help", "version": "--version", **{name: name for name in COMMANDS}}
    near = " or ".join(known[hit] for hit in nearest(name.lstrip("-"), known))
    return f"expkit has no option {name}; {f'did you mean {near}?' if near else 'there are --help and --version'}"


if __name__ == "__main__":
    sys.exit(main())
