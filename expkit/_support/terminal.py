"""Text as a terminal shows it."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\b\r]")


def apply_backspaces_and_linefeeds(text: str) -> str:
    r"""Text as a terminal would show it after ``\b`` and ``\r`` have moved the cursor.

    A progress bar that redraws itself with ``\r`` becomes its last state. Made to be used as
    ``ex.captured_out_filter``. ``\r\n`` counts as the end of a line; where a line ends in a bare ``\r``, nothing has
    been drawn over it, so the text stays.

    Args:
        text: any number of lines.

    Returns:
        The same number of lines.
    """
    if not _CONTROL.search(text):
        return text
    return "\n".join(_settled(line) for line in text.split("\n"))


def _settled(line: str) -> str:
    """One line after all cursor movements."""
    cells: list[str] = []
    cursor = 0
    for character in line:
        if character == "\r":
            cursor = 0
        elif character == "\b":
            cursor = max(0, cursor - 1)
        else:
            cells[cursor : cursor + 1] = [character]
            cursor += 1
    return "".join(cells)
