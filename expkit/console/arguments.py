"""The command lines of subcommands, matched by docopt against their modules' docstrings, and the runs that they name."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit
from expkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs


_COMMAS = re.compile(r"""((?:[^,"'\[]|"[^"]*"|'[^']*'|\[[^]]*\])+)""")


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


def runs_of(options: Mapping[str, Any], *, trash: bool = False) -> Runs:
    """The runs of the store that ``--store`` names, or of the one where a run would go that names no observer.

    Args:
        options: what was typed.
        trash: whether those in the trash are among them.

    Raises:
        UsageError: nobody can open such a store, or it is a folder that is not there.
    """
    from expkit.console.indexing import show_indexing
    from expkit.readers.opening import runs

    try:
        found = runs(store=options["--store"], trash=trash)
    except StoreError as error:
        raise UsageError(str(error)) from None
    show_indexing(found.store)
    root = getattr(found.store, "root", None)
    if root is not None and not root.is_dir():
        raise UsageError(f"there is no folder {root}; --store=URL says where runs are")
    return found


def run_of(options: Mapping[str, Any], name: str = "RUN") -> StoredRun:
    """The run that was named; one in the trash only by its id or uid.

    Args:
        options: what was typed.
        name: of the argument.

    Raises:
        UsageError: there is no such store.
        RunNotFoundError: there is none; the message has near names.
        SeveralRunsError: several fit; the message names them.
    """
    return runs_of(options)[str(options[name])]


def number(options: Mapping[str, Any], name: str) -> int | None:
    """A number of things that was typed; None where it was not.

    Raises:
        UsageError: it is none.
    """
    text = options[name]
    if text is None:
        return None
    if not text.isdecimal():
        raise UsageError(f"{name}={text} is not a number; {name}=20 is one")
    return int(text)


def listed(text: str) -> list[str]:
    """What stands between commas, those in quotes and brackets left alone."""
    return [name.strip() for name in _COMMAS.findall(text) if name.strip()]
