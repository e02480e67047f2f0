"""What was found out about an environment, for the next run in it: texts by a key that changes with what it says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit._support.digests import sha256_of
from expkit._support.places import state_dir

if TYPE_CHECKING:
    from pathlib import Path

LATEST = 40
"""So many texts are remembered."""


def recall(key: object) -> str:
    """What was remembered under ``key``; ``""`` for nothing."""
    try:
        return _place(key).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def remember(key: object, text: str) -> None:
    """Remember a text under ``key``, if that can be done; the oldest ones are forgotten."""
    try:
        _write(_place(key), text)
    except OSError:  # then it is found out again the next time
        pass


def _place(key: object) -> Path:
    return state_dir() / "environments" / sha256_of(repr(key).encode(errors="replace"))


def _write(place: Path, text: str) -> None:
    folder = place.parent
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{os.getpid()}-{place.name}"
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    for old in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)[:-LATEST]:
        old.unlink(missing_ok=True)
