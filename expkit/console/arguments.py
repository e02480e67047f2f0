"""The command lines of subcommands, matched by docopt against their modules' docstrings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def parse(doc: str | None, command: str, argv: Sequence[str]) -> Mapping[str, Any] | None:
    """What was typed behind a subcommand; None where help was wanted, which is printed.

    Args:
        doc: the module's docstring, with its usage.
        command: the subcommand.
        argv: what follows it.

    Raises:
        UsageError: it does not fit the usage.
    """
    if any(word in ("-h", "--help") for word in argv):
        emit(doc or "", sys.stdout)
        return None
    from docopt import DocoptExit, docopt

    try:
        found: Mapping[str, Any] = docopt(doc or "", [command, *argv], False)  # help was looked after above
    except DocoptExit:
        typed = " ".join(["expkit", command, *argv])
        raise UsageError(f"this cannot be understood: {typed}\nTry: expkit {command} --help") from None
    return found
