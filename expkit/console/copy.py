"""Copy runs from one store into another: from a folder into a database, from Sacred's records into ours.

Usage:
  expkit copy SRC DST [WHERE...]

Arguments:
  SRC, DST   Paths or URLs of stores: runs, folder:runs, tinydb:runs_db, mongodb://HOST/DATABASE, ...
  WHERE      Which runs: their ids, or questions that must all hold, such as state=COMPLETED 'config.lr < 0.1' tags=good
             'name ~ "digits*" and start > "2 days ago"'. Without it: all.

It can be stopped at any time and called again: what is there already is not sent again. Runs that go on are copied as
far as they are, and completed when it is called again. Runs keep their ids where these are free. Until a run is whole
its status is COPYING.

What cannot be copied is named, a line each, and the exit code is 1; it is 0 if everything that was asked for is there.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit.cli.terminal import emit
from expkit.console.arguments import parse
from expkit.errors import ExpkitError, QueryError, UsageError
from expkit.stores.copying.run import COPIED, FAILED, UNCHANGED, UPDATED
from expkit.stores.copying.runs import copy
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from expkit.stores.base import RunStore
    from expkit.stores.copying.runs import Progress, Report

_MILLION = 1e6


def main(argv: Sequence[str]) -> int:
    """Copy; return 0 if all that was asked for is there, else 1.

    Raises:
        UsageError: the command line does not fit.
    """
    options = parse(__doc__, "copy", argv)
    if options is None:
        return 0
    src, dst = _source(options["SRC"]), open_store(options["DST"])
    with _progress() as tell:
        try:
            report = copy(src, dst, options["WHERE"] or None, tell)
        except QueryError as error:
            raise UsageError(str(error)) from None
        except ExpkitError:
            raise
        except ValueError as error:  # a field that no run has
            raise UsageError(str(error)) from None
    _show(report, src, dst)
    return 1 if report.problems else 0


def _source(url: str) -> RunStore:
    store = open_store(url)
    root = getattr(store, "root", None)
    if root is not None and not root.is_dir():
        raise UsageError(f"there is no folder {root}")
    return store


def _show(report: Report, src: RunStore, dst: RunStore) -> None:
    for run in report.runs:
        if run.id is not None and str(run.id) != str(run.source_id) and run.what != UNCHANGED:
            _say(f"run {run.source_id} is run {run.id} there")
    for problem in report.problems:
        _say(problem)
    counted = [f"{report.count(what)} {what}" for what in (COPIED, UPDATED, UNCHANGED, FAILED) if report.count(what)]
    _say(f"{src.url} to {dst.url}: {', '.join(counted) or 'there are no such runs'}")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A line that moves, where somebody looks at a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Line

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs, {task.fields[amount]:.1f} million bytes and points"),
    )
    with Line(*columns, console=Console(stderr=True), transient=True) as line:
        task = line.add_task("", total=None, amount=0.0)
        yield lambda state: line.update(task, completed=state.done, total=state.total, amount=state.moved / _MILLION)


def _say(line: str) -> None:
    emit(f"{line}\n", sys.stdout)
