"""The current folder, which may be gone: :func:`sentence_of`."""

from __future__ import annotations

import os

GONE = "the current folder is gone: somebody has deleted it or moved it away; go to one that is there (cd)"


def sentence_of(error: Exception) -> str:
    """What an error says; the system names no file where it misses the current folder."""
    is_nameless = isinstance(error, FileNotFoundError) and error.filename is None
    return GONE if is_nameless and _is_gone() else str(error)


def _is_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
