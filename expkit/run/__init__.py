"""Definitions, plan, engine and the ``Run`` handle: how a definition becomes a recorded run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.run.handle import Run

__all__ = ["Run"]


def __getattr__(name: str) -> Any:
    if name != "Run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expkit.run.handle import Run

    return Run
