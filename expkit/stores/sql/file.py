"""The file of a SQLite database: which one it is, and how it is opened where nobody may write."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

_BESIDE = ("-wal", "-journal")


def identity(path: str) -> tuple[int, int] | None:
    """What tells a file from another one that has taken its place; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def is_read_only(path: str) -> bool:
    """Whether there is a file that this process cannot open as SQLite does, which wants to write beside it, too."""
    return os.path.exists(path) and not (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK))


def is_refusal(error: Exception) -> bool:
    """Whether SQLite says of a file that it may only be read."""
    return "readonly" in str(error)


def read_only_uri(path: str) -> str:
    """How SQLite opens a file that is only read.

    Where nothing lies beside it nobody is writing, and SQLite is told not to look: it could make no files to look into.
    """
    rest = "" if any(os.path.exists(path + end) for end in _BESIDE) else "&immutable=1"
    return f"file:{quote(path)}?mode=ro{rest}"


def open_as_allowed(path: str, arguments: list[Any], named: dict[str, Any]) -> bool:
    """Change the arguments of ``sqlite3.connect`` for a file that may only be read; whether it is one."""
    if not is_read_only(path):
        return False
    arguments[0] = read_only_uri(path)
    named["uri"] = True
    return True
