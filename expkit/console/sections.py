"""Parts of runs that are compared, and how a part looks: a line for each fact, a column for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.console import showing
from expkit.errors import UsageError
from expkit.readers import facts
from expkit.readers.comparing import SOURCES
from expkit.record.query import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = ("asked", "config", SOURCES, *(name for name in facts.SECTIONS if name not in ("asked", "config")))
"""What runs are compared by, in the order in which it is shown."""

_TYPED = ("config", "result", "metrics")


def chosen(only: str | None) -> Sequence[str]:
    """The sections that ``--only`` names; all without it.

    Raises:
        UsageError: there is no such section.
    """
    if only is None:
        return SECTIONS
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in SECTIONS:
            hint = did_you_mean(name, SECTIONS)
            raise UsageError(f"--only={only}: runs have no part {name!r}{hint}; there are {', '.join(SECTIONS)}")
    return names


def show_section(title: str, names: Sequence[str], rows: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Print facts of runs.

    Args:
        title: of the section.
        names: what the runs are called.
        rows: the path of each fact, and what each run has there.
    """
    differing = {path for path, values in rows if not all(facts.is_same(values[0], value) for value in values)}
    shown = _shown if title in _TYPED else _plain
    lines = [[showing.cell(path), *map(shown, values)] for path, values in rows]

    def style(column: str, text: str) -> str:
        return "bold" if column == title and text in differing else ""

    showing.table([title, *names], lines, style=style if len(differing) < len(rows) else None)


def _plain(value: Any) -> str:
    """A value; a dash for what is not there."""
    if value is MISSING:
        return "-"
    return "None" if value is None else showing.cell(value)


def _shown(value: Any) -> str:
    """The same; a text that could be taken for another value is quoted."""
    return showing.escaped(repr(value)) if isinstance(value, str) and _is_odd(value) else _plain(value)


def _is_odd(text: str) -> bool:
    if text.strip() != text or text in ("", "-", "None", "True", "False"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
