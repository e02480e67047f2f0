"""Where something in a config comes from."""

from __future__ import annotations

import os

from expkit._support.named import NamedTuple


class Origin(NamedTuple):
    """Where an entry, an update or a config was written down.

    Attributes:
        what: in words, such as ``command line`` or ``config function small``.
        file: full name of the file, or ``""``.
        line: line in that file, counted from 1, or 0 where it is not known.
    """

    what: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """The place as people say it: ``digits.py:31``, else what it is."""
        if not self.file:
            return self.what
        return place(self.file, self.line)


def place(file: str, line: int = 0) -> str:
    """``digits.py:31``: the last part of a file's name, and the line if it is known."""
    name = os.path.basename(file) or file
    return f"{name}:{line}" if line else name
