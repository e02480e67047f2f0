"""expkit: looks after what experiments have recorded.

Usage:
  expkit COMMAND [ARGUMENT...]
  expkit (-h | --help)
  expkit --version

Commands:
  copy    copy runs from one store into another
  sync    deliver to stores what they have missed

`expkit COMMAND --help` says more about a command.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean
from expkit.cli.terminal import emit
from expkit.errors import ExpkitError, NoObserverError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {"copy": "expkit.console.copy", "sync": "expkit.console.sync"}
"""Subcommands, and the modules whose ``main(argv)`` does what they promise and returns the exit code."""

FAILURE, MISTAKE, CTRL_C = 1, 2, 130


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
    except ExpkitError as error:
        emit(f"expkit: {error}\n", sys.stderr)
        return MISTAKE if isinstance(error, (UsageError, NoObserverError)) else FAILURE


def _run(words: list[str]) -> int:
    first = words[0] if words else "--help"
    if first in ("-h", "--help", "help"):
        emit(__doc__ or "", sys.stdout)
        return 0
    if first == "--version":
        emit(f"expkit {sys.modules['expkit'].__version__}\n", sys.stdout)
        return 0
    if first not in COMMANDS:
        known = f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {first!r}{did_you_mean(first, COMMANDS)}; {known}")
    from importlib import import_module

    return int(import_module(COMMANDS[first]).main(words[1:]))


if __name__ == "__main__":
    sys.exit(main())
