"""Who asks about runs: selections of them, one of them, what differs between them. Knows stores and records, not runs in progress.

Names are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.readers.cleaning import Collected, gc
    from expkit.readers.comparing import Comparison, compare
    from expkit.readers.differing import Difference, diff
    from expkit.readers.grouping import Group, Groups
    from expkit.readers.metric import Metric
    from expkit.readers.opening import open_run, runs
    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs

__all__ = [
    "Collected",
    "Comparison",
    "Difference",
    "Group",
    "Groups",
    "Metric",
    "Runs",
    "StoredRun",
    "compare",
    "diff",
    "gc",
    "open_run",
    "runs",
]

_PLACES = {
    "Collected": "cleaning",
    "Comparison": "comparing",
    "Difference": "differing",
    "Group": "grouping",
    "Groups": "grouping",
    "Metric": "metric",
    "Runs": "selection",
    "StoredRun": "run",
    "compare": "comparing",
    "diff": "differing",
    "gc": "cleaning",
    "open_run": "opening",
    "runs": "opening",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expkit._support.loading import module_of

    return getattr(module_of(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
