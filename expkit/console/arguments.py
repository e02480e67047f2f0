"""The command lines of subcommands, matched by docopt against their modules' docstrings, and the runs that they name."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.cli.terminal import emit
from expkit.console import showing
from expkit.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs
    from expkit.stores.base import RunStore


_MARK = "\0"
_OPTION = re.compile(r"^  (?:-\w, )?(--[\w-]+)=?(\S*)", re.MULTILINE)
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
    if any(word in ("-h", "--help") for word in _plain(argv)):
        emit(doc or "", sys.stdout)
        return None
    from docopt import DocoptExit, docopt

    try:
        found: Mapping[str, Any] = docopt(doc or "", [command, *_plain(argv)], False)  # help was looked after above
    except DocoptExit:
        raise UsageError(f"{_complaint(doc or '', command, argv)}\nTry: expkit {command} --help") from None
    return {name: _typed(value) for name, value in found.items()}


def _plain(argv: Sequence[str]) -> list[str]:
    """The words without ``--``; those behind it are marked, so that none is taken for an option."""
    if "--" not in argv:
        return list(argv)
    place = list(argv).index("--")
    return [*argv[:place], *(_MARK + word for word in argv[place + 1 :])]


def _typed(value: Any) -> Any:
    """A word without its mark."""
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return value.removeprefix(_MARK) if isinstance(value, str) else value


def _complaint(doc: str, command: str, argv: Sequence[str]) -> str:
    """Which option is wrong; where none is, how the command is to be typed."""
    options = dict(_OPTION.findall(doc))
    for place, word in enumerate(_plain(argv)):
        name, equals, _ = word.partition("=")
        meant = [name] if name in options else [option for option in options if option.startswith(name)]
        if not word.startswith("--"):
            continue
        if not meant:
            near = did_you_mean(name, options) or f"; there are {', '.join(options)}"
            return f"expkit {command} has no option {name}{near}"
        if options[meant[0]] and not equals and place == len(argv) - 1:
            return f"{meant[0]} needs a value: {meant[0]}={options[meant[0]]}"
        if equals and not options[meant[0]]:
            return f"{meant[0]} takes no value"
    usage = " ".join(doc.partition("Usage:")[2].partition("\n\n")[0].split())
    return f"this cannot be understood: {' '.join(['expkit', command, *argv])}\nUsage: {usage}"


def runs_of(options: Mapping[str, Any], *, trash: bool = False) -> Runs:
    """The runs of the store that ``--store`` names, or of the one where a run would go that names no observer.

    Args:
        options: what was typed.
        trash: whether those in the trash are among them.

    Raises:
        UsageError: nobody can open such a store, or it is not there.
    """
    from expkit.console.indexing import show_indexing
    from expkit.readers.opening import runs

    try:
        found = runs(store=options["--store"], trash=trash)
    except StoreError as error:
        raise UsageError(str(error)) from None
    show_indexing(found.store)
    check_there(found.store)
    return found


def check_there(store: RunStore, way_out: str = "; --store=URL says where runs are") -> None:
    """Refuse a store on this machine that is not there.

    Args:
        store: that was named.
        way_out: what else the command takes, said where nothing of a similar name lies beside the place.

    Raises:
        UsageError: says what lies beside the place.
    """
    path = _place(store)
    if path is None or os.path.isdir(path) or (os.path.isfile(path) and not hasattr(store, "root")):
        return
    if os.path.exists(path):
        raise UsageError(f"{path} is a file, and no store{way_out}")
    folder, name = os.path.split(path)
    beside = os.listdir(folder) if os.path.isdir(folder) else []
    near = did_you_mean(name, beside) or way_out
    raise UsageError(f"there is no store in {path}{near}")


def _place(store: RunStore) -> str | None:
    """The folder or the file of a store; None where it has none."""
    from expkit.stores.urls import READ_ONLY

    root = getattr(store, "root", None)
    if root is not None:
        return str(os.path.abspath(root))
    url: str = store.url
    scheme, _, rest = url.partition(":")
    if scheme.partition("+")[0] == "sqlite" and rest.startswith("///"):
        from urllib.parse import unquote

        path = unquote(rest.removeprefix("///").partition("?")[0])
    else:
        path = rest if scheme in READ_ONLY else ""
    return os.path.abspath(os.path.expanduser(path)) if path else None


def say_none(runs: Runs, words: Sequence[str]) -> None:
    """Say that no run fits, where there are some, and what no run has at all.

    Args:
        runs: among which they were looked for.
        words: what was typed: names and questions; without any the store itself has no runs.
    """
    from expkit.readers.asking import asked_in
    from expkit.readers.elsewhere import elsewhere

    showing.talk(f"no {'such ' if words else ''}runs in {runs.place}{elsewhere(runs.store)}")
    say_unheard(runs, asked_in(words))


def say_unheard(runs: Runs, fields: Iterable[str]) -> None:
    """Say which of these fields no run has, most likely because they are misspelt."""
    from expkit.readers.selection import Runs
    from expkit.readers.unheard import unheard

    for sentence in unheard(Runs(runs.store, trash=True), fields):
        showing.talk(sentence)


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
        raise UsageError(f"{name}={text} is not a whole number from 0 on; {name}=20 is one")
    return int(text)


def listed(text: str) -> list[str]:
    """What stands between commas, those in quotes and brackets left alone."""
    return [name.strip() for name in _COMMAS.findall(text) if name.strip()]
