"""A line that moves on stderr while a large store is indexed for the first time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.stores.base import RunStore


def show_indexing(store: RunStore) -> None:
    """Tell people at a terminal how far the index of a store is, while that takes time."""
    if hasattr(store, "on_indexing") and is_terminal(sys.stderr):
        store.on_indexing = _bar()


def _bar() -> Callable[[int, int], None]:
    line: Any = None
    task: Any = None

    def show(done: int, total: int) -> None:
        nonlocal line, task
        if line is None:
            line, task = _started(total)
        line.update(task, completed=done, total=total)
        if done >= total:
            line.stop()
            line = None

    return show


def _started(total: int) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("indexing runs"), BarColumn(), MofNCompleteColumn())
    line = Progress(*columns, console=Console(stderr=True), transient=True)
    line.start()
    return line, line.add_task("", total=total)
