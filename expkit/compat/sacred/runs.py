"""The old name of runs: functions of command line options ask ``isinstance(run, Run)`` of one that is not planned yet."""

from __future__ import annotations

from expkit.run.handle import Run
from expkit.run.inputs import RunInputs

__all__ = ["Run"]

RunInputs.stands_for = Run
