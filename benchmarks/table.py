"""Figures as a table."""

from __future__ import annotations

from dataclasses import dataclass, field

HEAD = ("figure", "limit, measured here", "Sacred 0.8.7, measured here", "expkit", "ratio", "goal", "")


@dataclass
class Row:
    """One figure; numbers in ``unit``, None where there is none.

    Attributes:
        goal: the most that expkit may need, or None where the figure is only shown.
        goal_of_limit: the goal is this many times the limit, measured in the same run.
        folder: the same with the folder store, where ``expkit`` is another one.
        notes: library to a word that is added to its number.
    """

    figure: str
    unit: str
    limit: float | None = None
    sacred: float | None = None
    expkit: float | None = None
    goal: float | None = None
    goal_of_limit: float | None = None
    folder: float | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def cells(self) -> tuple[str, ...]:
        """The row's text, cell by cell, under ``HEAD``."""
        return (
            self.figure,
            self._number("limit"),
            self._number("sacred"),
            self._number("expkit"),
            self._ratio(),
            self._goal_text(),
            self._verdict(),
        )

    @property
    def most(self) -> float | None:
        """The most that expkit may need."""
        if self.goal_of_limit is not None:
            return None if self.limit is None else self.goal_of_limit * self.limit
        return self.goal

    def _number(self, library: str) -> str:
        value = getattr(self, library)
        note = self.notes.get(library, "")
        if value is None:
            return "–"
        return f"{_short(value)} {self.unit}".rstrip() + (f", {note}" if note else "")

    def _ratio(self) -> str:
        if not self.expkit:
            return ""
        parts = []
        if self.limit:
            parts.append(f"{_short(self.expkit / self.limit)} × limit")
        if self.folder:
            parts.append(f"{_short(self.expkit / self.folder)} × folder store")
        if self.sacred:
            parts.append(f"Sacred {_short(self.sacred / self.expkit)} × expkit")
        return "; ".join(parts)

    def _goal_text(self) -> str:
        if self.goal_of_limit is not None:
            return f"≤ {_short(self.goal_of_limit)} × limit"
        return "" if self.goal is None else f"≤ {_short(self.goal)} {self.unit}".rstrip()

    def _verdict(self) -> str:
        if self.expkit is None or self.most is None:
            return ""
        return "reached" if self.expkit <= self.most else "MISSED"


def _short(number: float) -> str:
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.2g}" if number < 10 else f"{number:.1f}"


def render(rows: list[Row]) -> str:
    """The rows as a Markdown table that can be read as it is."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (padded[0], rule, *padded[1:]))
