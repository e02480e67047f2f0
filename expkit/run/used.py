"""Files that a run reads and writes, found without special calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expkit.run.handle import Run


class UsedFiles:
    """Sees which files the program opens, until stopped."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def stop(self) -> None:
        """Add what was seen to the record."""
