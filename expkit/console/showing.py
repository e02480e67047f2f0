"""How results look in a terminal, and in a pipe: tables, times, durations, sizes, states in their colours, JSON.

A pipe gets plain text that does not change from call to call, and rich is never loaded for it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from expkit._support import counting
from expkit._support.printable import printable
from expkit.cli.terminal import emit, speaks_unicode, wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from expkit.types import Json

COLOURS = {
    "COMPLETED": "green",
    "RUNNING": "cyan",
    "QUEUED": "blue",
    "COPYING": "blue",
    "FAILED": "bold red",
    "DIED": "bold red",
    "UNREADABLE": "bold red",
    "INTERRUPTED": "yellow",
    "TIMEOUT": "yellow",
}
"""Of states, in rich's words."""

WIDEST = 60
"""Characters of a cell in a table."""

_GAP = "  "
_NARROWEST = 4
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MANY = 1000
_TWO_DIGITS = 9.95
_BLOCK = 500


# -- writing -------------------------------------------------------------------------------------------


def say(*lines: str) -> None:
    """Lines for stdout: results.

    Raises:
        BrokenPipeError: the reader has gone (``| head``); the program is to end quietly.
        OSError: they cannot be written: the disk is full.
    """
    put("".join(f"{line}\n" for line in lines))


def talk(line: str) -> None:
    """A line for stderr: what is said about results."""
    emit(f"{line}\n", sys.stderr)


def put(text: str) -> None:
    """Text for stdout, as it is; see :func:`say`."""
    if not emit(text, sys.stdout, needed=True):
        raise BrokenPipeError


def harmless(text: str) -> str:
    r"""What runs contain, for stdout: on a terminal control characters are ``\x1b`` and colours are left out."""
    if not is_terminal():
        return text
    import re

    return safe(re.sub(r"\x1b\[[0-9;:]*m", "", text), keep="\n\t\r")


def put_bytes(data: bytes) -> None:
    """Bytes for stdout, as they are.

    Raises:
        BrokenPipeError: the reader has gone.
    """
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        put(data.decode("utf-8", "replace"))
        return
    put("")
    try:
        raw.write(data)
        raw.flush()
    except BrokenPipeError:
        put("")
        raise


def document(tree: Json) -> None:
    """One JSON document for ``--json``; ASCII alone, so that it survives every terminal and pipe."""
    say(_json(tree, 2))


def json_lines(rows: Iterable[Json]) -> None:
    """A JSON document on each line, for lists."""
    lines: list[str] = []
    for row in rows:
        lines.append(_json(row))
        if len(lines) == _BLOCK:
            say(*lines)
            lines.clear()
    if lines:
        say(*lines)


def _json(tree: Json, indent: int | None = None) -> str:
    try:
        return json.dumps(tree, indent=indent, allow_nan=False)
    except ValueError:  # figures of metrics are floats as they are
        return json.dumps(_finite(tree), indent=indent, allow_nan=False)


def _finite(tree: Json) -> Json:
    """The tree with NaN and infinities in the form that records have for them."""
    if isinstance(tree, dict):
        return {key: _finite(item) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_finite(item) for item in tree]
    from expkit.record.codec import encode

    return encode(tree) if isinstance(tree, float) else tree


def is_terminal() -> bool:
    """Whether somebody looks at stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int | None:
    """Columns that a line may fill: those of the terminal or of ``COLUMNS``; None in a pipe that says nothing."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    if not is_terminal():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


# -- words ---------------------------------------------------------------------------------------------


counted = counting.counted
"""For sentences: see :func:`expkit._support.counting.counted`."""

safe = printable
"""For terminals: see :func:`expkit._support.printable.printable`."""


def escaped(text: str) -> str:
    r"""Text on one line that moves no cursor and changes no colour: control characters as ``\x1b``, spaces run together."""
    return safe(" ".join(text.split()))


def cell(value: Any) -> str:
    """A value in a table: short, on one line; nothing for None."""
    from datetime import datetime

    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return escaped(value if isinstance(value, str) else _said(value))


def moment(time: datetime | None) -> str:
    """A time by the clock on the wall here: ``2026-11-21 09:30:00``."""
    return "" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float | None) -> str:
    """How long something took: ``0.42 s``, ``12.3 s``, ``3m 05s``, ``2h 10m``, ``3d 04h``."""
    if seconds is None:
        return ""
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR:02}h"


def size(count: float) -> str:
    """A number of bytes: ``512 B``, ``1.5 kB``, ``23 MB``."""
    units = ["TB", "GB", "MB", "kB", "B"]
    unit = units.pop()
    while units and round(count) >= _MANY:
        count, unit = count / _MANY, units.pop()
    return f"{count:.1f} {unit}" if unit != "B" and count < _TWO_DIGITS else f"{count:.0f} {unit}"


def cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, most: int) -> str:
    """The text, or its beginning and dots where it takes more than ``most`` columns."""
    if cells(text) <= most:
        return text
    dots = "…" if speaks_unicode(sys.stdout) else "..."
    while text and cells(text) + len(dots) > most:
        text = text[:-1]
    return f"{text}{dots}"[: max(most, 1)]


def _said(value: Any) -> str:
    from expkit._support.odd import safe_repr

    return safe_repr(value)


# -- colours -------------------------------------------------------------------------------------------


def state(name: str) -> str:
    """A state in its colour, where there are colours."""
    return coloured(name, COLOURS.get(name, ""))


def has_colours() -> bool:
    """Whether stdout shows colours: a terminal that can, and no ``NO_COLOR``."""
    return sys.stdout is not None and wants_colour(sys.stdout)


def coloured(text: str, style: str) -> str:
    """Text in a style of rich (``bold red``), where stdout shows colours; else as it is."""
    if not style or not has_colours():
        return text
    from rich.style import Style

    return Style.parse(style).render(text)


# -- tables --------------------------------------------------------------------------------------------


def table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[str] = (),
    style: Callable[[str, str], str] | None = None,
    whole: Sequence[str] = (),
) -> None:
    """Print columns side by side; see :func:`tabled`."""
    say(*tabled(titles, rows, right=right, style=style, whole=whole))


def tabled(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[str] = (),
    style: Callable[[str, str], str] | None = None,
    spare: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> list[str]:
    """The lines of a table; cells that are too wide for the terminal are cut.

    Args:
        titles: of the columns.
        rows: texts without control characters, see :func:`cell`.
        right: titles of columns of numbers.
        style: says for a title and a cell which style of rich it has in a terminal, ``""`` for none.
        spare: columns that are left out where the terminal is too narrow for them, those that are missed least first;
            the last line names them.
        whole: columns whose cells are cut only where the terminal is too narrow: what is typed again.
    """
    given, most = titles, [None if title in whole else WIDEST for title in titles]
    lines = [[_cell(*each) for each in zip(row, most, strict=True)] for row in (map(escaped, titles), *rows)]
    kept = _with_room(titles, lines, spare)
    lines = [[line[column] for column in kept] for line in lines]
    titles = [titles[column] for column in kept]
    widths = _widths(lines)
    numeric = set(right)
    is_right = [title in numeric for title in titles]
    shown = [coloured(_GAP.join(_padded(lines[0], widths, is_right)).rstrip(), "bold")]
    for line in lines[1:]:
        texts = _padded(line, widths, is_right)
        if style is not None and has_colours():
            texts = [coloured(text, style(*what)) for text, *what in zip(texts, titles, line, strict=True)]
        shown.append(_GAP.join(texts).rstrip())
    return [*shown, *_left_out([title for title in given if title not in titles])]


def _cell(text: str, most: int | None) -> str:
    return text if most is None else cut(text, most)


def _left_out(titles: Sequence[str]) -> list[str]:
    """What is said about columns for which there is no room."""
    if not titles:
        return []
    said = f"no room for {', '.join(map(escaped, titles))}; --columns=id,{escaped(titles[0])}, a wider terminal and --json show them"
    return _wrapped(said, 0)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and what there is to say about each; what is empty is left out, what is too long goes on below."""
    found = [(name, text) for name, text in pairs if text]
    longest = max((cells(name) for name, _ in found), default=0)
    for name, text in found:
        first, *rest = _wrapped(text, longest + len(_GAP))
        say(
            f"{name}{' ' * (longest - cells(name))}{_GAP}{first}",
            *(" " * (longest + len(_GAP)) + line for line in rest),
        )


def _wrapped(text: str, indent: int) -> list[str]:
    limit = width()
    if limit is None or cells(text) <= limit - indent:
        return [text]
    from textwrap import wrap

    return wrap(text, max(limit - indent, 2 * _NARROWEST), break_on_hyphens=False)


def _with_room(titles: Sequence[str], lines: Sequence[Sequence[str]], spare: Sequence[str]) -> Sequence[int]:
    """Places of columns for which a line has room; of the spare ones each that fits beside those that are missed more."""
    limit = width()
    if limit is None:
        return range(len(titles))
    taken = [max(map(cells, column)) + len(_GAP) for column in zip(*lines, strict=True)]
    kept = [column for column, title in enumerate(titles) if title not in spare]
    for column in map(titles.index, reversed(spare)):
        if sum(taken[each] for each in (*kept, column)) - len(_GAP) <= limit:
            kept.append(column)
    return sorted(kept)


def _padded(texts: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> list[str]:
    found = []
    for text, most, right in zip(texts, widths, is_right, strict=True):
        shown = cut(text, most)
        blank = " " * (most - cells(shown))
        found.append(blank + shown if right else shown + blank)
    return found


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """Of each column what its widest cell takes; the widest ones give way where the terminal is narrower."""
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    limit = width()
    if limit is None or not widths:
        return widths
    room = max(limit - len(_GAP) * (len(widths) - 1), _NARROWEST * len(widths))
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths
