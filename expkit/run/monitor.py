"""What the processes of a run use, as metrics ``system/...``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expkit.run.handle import Run


class Monitor:
    """Looks at the run's processes from time to time, until stopped."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def stop(self) -> None:
        """Look no more."""
