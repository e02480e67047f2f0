"""What a terminal would show of printed bytes: lines that have scrolled away, and a small screen below them."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HEIGHT = 100
"""Rows that the cursor can reach: those of the tallest terminals and of as many progress bars."""

WIDEST = 1 << 16
"""Characters of a row; what is longer is settled piece by piece, so that a line without end needs no memory."""

_LONGEST_SEQUENCE = 4096
_SEQUENCE = (
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # control sequence
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    rb"|[PX^_][^\x1b]*\x1b\\"
    rb"|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
# compiled when first used: most programs only print
_UNFINISHED = rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)\Z"
_INVISIBLE = rb"\x1b(?:\[[0-9;:]*m|\][^\x07\x1b]*(?:\x07|\x1b\\))"
_TOKENS = _SEQUENCE.decode() + r"|[\r\b\x1b]|[^\r\b\x1b]+"
_CONTROL = r"\x1b\[([0-?]*)[ -/]*([@-~])"
_ALTERNATE = ("?1049", "?1047", "?47")


class _Redrawn(str):
    """A row that the cursor went back into: blanks at its end only wipe what stood there."""

    __slots__ = ()


class Screen:
    """Applies cursor movements to rows; lines that the cursor can no longer reach are settled and given back.

    Colours are left out: what is kept is to be read and searched as text. Bytes that are no UTF-8 stay as they are.

    Args:
        state: what :attr:`state` gave, to go on from there.
    """

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        state = state or {}
        self._rows: list[str] = list(state.get("rows", [""]))
        for number in state.get("redrawn", ()):
            self._rows[number] = _Redrawn(self._rows[number])
        self._row: int = state.get("row", 0)
        self._column: int = state.get("column", 0)
        self._saved: tuple[int, int] = tuple(state.get("saved", (0, 0)))
        self._full: bool = state.get("full", False)
        self._elsewhere: bool = state.get("elsewhere", False)
        self._lowest = 0  # the highest row on screen where the cursor has been lately
        self._rest = b""
        self._out: list[bytes] = []

    @property
    def state(self) -> dict[str, Any]:
        """Everything but :attr:`unfinished`, as plain JSON."""
        return {
            "rows": self._rows,
            "redrawn": [number for number, row in enumerate(self._rows) if isinstance(row, _Redrawn)],
            "row": self._row,
            "column": self._column,
            "saved": list(self._saved),
            "full": self._full,
            "elsewhere": self._elsewhere,
        }

    @property
    def unfinished(self) -> int:
        """Bytes at the end that wait for more: part of a character or of a control sequence."""
        return len(self._rest)

    def feed(self, data: bytes) -> bytes:
        """Show more bytes; return the lines that have been settled by it."""
        data = self._rest + data
        cut = _end_of_whole(data)
        data, self._rest = data[:cut], data[cut:]
        if _has_any(data, (b"\x1b", b"\r", b"\0", b"\x07")):
            data = _without_the_invisible(data)
        if self._elsewhere or not self._is_at_end() or _has_any(data, (b"\x1b", b"\r", b"\b")):
            self._draw(_text(data))
        elif data:
            self._extend(data)
        return self._settled()

    def quiet(self) -> bytes:
        """Settle the lines above all rows where the cursor has been since this was last asked."""
        if not self._full:
            self._scroll(min(self._lowest, self._row))
        self._lowest = self._row
        return self._settled()

    def rest(self) -> bytes:
        """The screen as it stands."""
        rows = _wiped(self._rows)
        last = max((number for number, row in enumerate(rows) if row), default=-1)
        text = "\n".join(rows[: max(last, min(self._row, len(rows) - 1)) + 1])
        return _bytes(text) + self._rest.partition(b"\x1b")[0].rstrip(b"\r")

    # -- plain text ------------------------------------------------------------------------------------

    def _is_at_end(self) -> bool:
        return self._row == len(self._rows) - 1 and self._column == len(self._rows[-1])

    def _extend(self, data: bytes) -> None:
        """Add text without control characters at the end of the last row."""
        *many, last = data.rsplit(b"\n", HEIGHT)
        if len(many) == HEIGHT:
            first, *rest = many[0].split(b"\n", 1)
            self._rows[-1] = _like(self._rows[-1], self._rows[-1] + _text(first))
            self._out.append(b"\n".join((_bytes("\n".join(_wiped(self._rows))), *rest, b"")))
            self._rows = [""]
            del many[0]
            self._lowest = 0
        added = _text(b"\n".join([*many, last])).split("\n")
        self._rows[-1] = _like(self._rows[-1], self._rows[-1] + added[0])
        self._rows += added[1:]
        self._row = len(self._rows) - 1
        self._column = len(self._rows[-1])
        self._bound()

    # -- text with cursor movements --------------------------------------------------------------------

    def _draw(self, text: str) -> None:
        first, *others = text.split("\n")
        self._draw_line(first)
        for line in others:
            if not self._elsewhere:
                self._down()
            self._draw_line(line)

    def _draw_line(self, line: str) -> None:
        if self._elsewhere or "\x1b" in line or "\b" in line:
            for part in re.findall(_TOKENS, line):
                self._take(part)
            return
        first, *others = line.split("\r")
        self._put(first)
        if others:
            self._column = 0
            if len(list(filter(None, others))) > 1:
                self._redraw()
            self._put(_overlaid(others))
            self._column = len(others[-1])

    def _take(self, part: str) -> None:
        if part[0] == "\x1b":
            self._control(part)
        elif self._elsewhere:
            return
        elif part == "\r":
            self._column = 0
        elif part == "\b":
            self._column = max(0, self._column - 1)
        else:
            self._put(part)

    def _put(self, text: str) -> None:
        if not text:
            return
        row = self._rows[self._row]
        if self._column < len(row):
            row = self._redraw()
        before = row[: self._column].ljust(self._column)
        self._rows[self._row] = _like(row, before + text + row[self._column + len(text) :])
        self._column += len(text)
        self._bound()

    def _redraw(self) -> str:
        row = self._rows[self._row] = _Redrawn(self._rows[self._row])
        return row

    def _down(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self._rows):
            self._rows.append("")
        self._bound()

    def _control(self, sequence: str) -> None:
        if sequence in ("\x1b7", "\x1b8"):
            sequence = "\x1b[s" if sequence == "\x1b7" else "\x1b[u"
        if not (match := re.fullmatch(_CONTROL, sequence)):
            return
        parameters, kind = match[1], match[2]
        if parameters in _ALTERNATE and kind in "hl":
            self._elsewhere = kind == "h"
        elif not self._elsewhere and (action := _ACTIONS.get(kind)):
            numbers = [int(number) if number.isdigit() else 0 for number in parameters.split(";")]
            action(self, [min(number, WIDEST) for number in numbers])

    def _move(self, row: int, column: int) -> None:
        self._row = max(0, min(row, HEIGHT - 1))
        self._column = max(0, min(column, WIDEST))
        self._rows += [""] * (self._row + 1 - len(self._rows))
        self._lowest = min(self._lowest, self._row)

    def _address(self, numbers: list[int]) -> None:
        """Go to a place counted from the top of the screen; the first time, all that stands there is kept."""
        if not self._full:
            self._full = True
            self._scroll(len(self._rows) - (not self._rows[-1]))
        self._move((numbers[0] or 1) - 1, (numbers[1] if len(numbers) > 1 and numbers[1] else 1) - 1)

    def _erase_screen(self, numbers: list[int]) -> None:
        row = self._rows[self._row]
        if numbers[0] == 0:
            self._rows[self._row :] = [row[: self._column]]
        elif numbers[0] == 1:
            self._rows[: self._row] = [""] * self._row
            self._rows[self._row] = row[self._column :].rjust(len(row))
        elif not self._full:
            self._address([self._row + 1, self._column + 1])
        else:
            self._rows = [""] * (self._row + 1)

    def _erase_line(self, numbers: list[int]) -> None:
        row = self._rows[self._row]
        after = row[self._column :] if numbers[0] == 1 else ""
        before = row[: self._column] if numbers[0] == 0 else " " * self._column if after else ""
        self._rows[self._row] = _like(row, before + after)

    def _shift(self, inserted: str, removed: int) -> None:
        row = self._redraw()
        self._rows[self._row] = _Redrawn(row[: self._column] + inserted + row[self._column + removed :])
        self._bound()

    def _restore(self) -> None:
        self._move(*self._saved)

    def _save(self) -> None:
        self._saved = self._row, self._column

    # -- settling --------------------------------------------------------------------------------------

    def _bound(self) -> None:
        """Settle what has left the screen, and what is too long to be held."""
        if len(self._rows) > HEIGHT:
            self._scroll(len(self._rows) - HEIGHT)
        while len(row := self._rows[self._row]) > WIDEST:
            self._scroll(self._row)
            self._out.append(_bytes(row[:WIDEST]))
            self._rows[0] = _like(row, row[WIDEST:])
            self._column = max(0, self._column - WIDEST)

    def _scroll(self, count: int) -> None:
        if count > 0:
            self._out.append(_bytes("\n".join(_wiped(self._rows[:count])) + "\n"))
            self._rows = self._rows[count:] or [""]
            self._row = max(0, self._row - count)
            self._lowest = max(0, self._lowest - count)

    def _settled(self) -> bytes:
        out, self._out = self._out, []
        return b"".join(out)


def settled(data: bytes) -> bytes:
    """Everything that a terminal shows of ``data``."""
    screen = Screen()
    return screen.feed(data) + screen.rest()


def _like(row: str, text: str) -> str:
    return _Redrawn(text) if isinstance(row, _Redrawn) else text


def _wiped(rows: list[str]) -> list[str]:
    return [row.rstrip(" ") if isinstance(row, _Redrawn) else row for row in rows]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _has_any(data: bytes, parts: tuple[bytes, ...]) -> bool:
    return any(part in data for part in parts)  # one after the other: each is a search at the speed of memory


def _without_the_invisible(data: bytes) -> bytes:
    """Colours, titles, bells and padding left out, and carriage returns that the end of a line follows."""
    if b"\x1b" in data:
        data = re.sub(_INVISIBLE, b"", data)
    return data.translate(None, b"\0\x07").replace(b"\r\n", b"\n")


def _end_of_whole(data: bytes) -> int:
    """Where a character or a control sequence begins that the next bytes may complete."""
    if data.endswith(b"\r"):  # a line feed may follow
        return len(data.rstrip(b"\r"))
    start = max(0, len(data) - _LONGEST_SEQUENCE)
    if data.find(b"\x1b", start) >= 0 and (match := re.search(_UNFINISHED, data[start:])):
        return start + match.start()
    end = data[-3:]
    return len(data) - len(end) + codecs.utf_8_decode(end, "surrogateescape", False)[1]


def _overlaid(texts: list[str]) -> str:
    """What is seen of texts that were each written from the first column on, one over the other."""
    shown = ""
    for text in reversed(texts):
        if len(text) > len(shown):
            shown += text[len(shown) :]
    return shown


_ACTIONS: dict[str, Callable[[Screen, list[int]], None]] = {
    "A": lambda screen, n: screen._move(screen._row - (n[0] or 1), screen._column),
    "B": lambda screen, n: screen._move(screen._row + (n[0] or 1), screen._column),
    "C": lambda screen, n: screen._move(screen._row, screen._column + (n[0] or 1)),
    "D": lambda screen, n: screen._move(screen._row, screen._column - (n[0] or 1)),
    "E": lambda screen, n: screen._move(screen._row + (n[0] or 1), 0),
    "F": lambda screen, n: screen._move(screen._row - (n[0] or 1), 0),
    "G": lambda screen, n: screen._move(screen._row, (n[0] or 1) - 1),
    "H": Screen._address,
    "f": Screen._address,
    "J": Screen._erase_screen,
    "K": Screen._erase_line,
    "P": lambda screen, n: screen._shift("", n[0] or 1),
    "X": lambda screen, n: screen._shift(" " * (n[0] or 1), n[0] or 1),
    "@": lambda screen, n: screen._shift(" " * (n[0] or 1), 0),
    "s": lambda screen, n: screen._save(),  # noqa: ARG005
    "u": lambda screen, n: screen._restore(),  # noqa: ARG005
}
