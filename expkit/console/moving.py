"""What ``copy`` and ``import`` share: a line that moves while runs are copied, and what is said about them afterwards."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit.cli.terminal import is_terminal
from expkit.console.arguments import say_unheard
from expkit.console.showing import document, say
from expkit.errors import ExpkitError, RunNotFoundError, UsageError
from expkit.readers.asking import asked_in
from expkit.readers.elsewhere import elsewhere
from expkit.readers.resolve import resolve
from expkit.readers.selection import Runs
from expkit.record.expression import split
from expkit.stores.copying.run import COPIED, FAILED, UNCHANGED, UPDATED
from expkit.stores.copying.runs import copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from expkit.stores.base import RunStore
    from expkit.stores.copying.runs import Progress, Report
    from expkit.types import Json

_MILLION = 1e6


def move(src: RunStore, dst: RunStore, where: Sequence[str]) -> Report:
    """Copy runs, while a line moves where somebody looks at a terminal; where none is meant, say what no run has.

    Args:
        src: where they are.
        dst: where they go.
        where: which of them: what people call runs by, and questions; none for all.

    Raises:
        UsageError: a question about a field that no run has.
        QueryError: a question that cannot be read.
        SeveralRunsError: a name of several runs.
        StoreError: one of the stores cannot be reached.
    """
    with _progress() as tell:
        try:
            report = copy(src, dst, _meant(src, where) if where else None, tell)
        except ExpkitError:
            raise
        except ValueError as error:  # a field that no run has
            raise UsageError(str(error)) from None
    if not report.runs:
        say_unheard(Runs(src), asked_in(where))
    return report


def _meant(src: RunStore, words: Sequence[str]) -> list[str]:
    """Uids of the runs that are named, and questions."""
    there = {name for key in src.ids() for name in (str(key.id), key.uid)}
    names, questions = split(words, there.__contains__)
    return [*(name if name in there else _uid(Runs(src), name) for name in names), *questions]


def _uid(runs: Runs, name: str) -> str:
    try:
        return resolve(runs, name).uid
    except RunNotFoundError:
        return name  # it is told of beside the others, which are copied all the same


def show(report: Report, src: RunStore, dst: RunStore) -> None:
    """Print what became of the runs: those with another id, what could not be copied, how many."""
    for run in report.runs:
        if run.id is not None and str(run.id) != str(run.source_id) and run.what != UNCHANGED:
            say(f"run {run.source_id} is run {run.id} there")
    say(*report.problems)
    counted = [f"{report.count(what)} {what}" for what in (COPIED, UPDATED, UNCHANGED, FAILED) if report.count(what)]
    say(f"{src.url} to {dst.url}: {', '.join(counted) or f'there are no such runs{elsewhere(src)}'}")


def show_json(report: Report, src: RunStore, dst: RunStore, **more: Json) -> None:
    """Print the same as one document."""
    runs: list[Json] = [
        {"uid": run.uid, "source_id": run.source_id, "id": run.id, "what": run.what, "problems": list(run.problems)}
        for run in report.runs
    ]
    document({"source": src.url, "target": dst.url, "runs": runs, **more})


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    if not is_terminal(sys.stderr):
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
