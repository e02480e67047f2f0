"""What the recorder has to know of an observer before it tells it anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit._support.odd import said
from expkit.errors import ExpkitError, ObserverError, StoreError
from expkit.observers.base import overrides
from expkit.observers.store import StoreObserver

if TYPE_CHECKING:
    from typing import TypeGuard

    from expkit.observers.base import RunObserver

FOUND = frozenset(("input", "output", "patch", "untracked"))
"""Roles of files that nobody named."""

ASKED_FOR = frozenset(("artifact", "resource"))
"""Roles of files that the program gave."""

JOURNAL_OPTION = "offline=journal"
"""What lets a run start while an observer is away."""


def keeps_folders(observer: RunObserver) -> TypeGuard[StoreObserver]:
    """Whether runs have a folder of their own there, which can be the log."""
    return isinstance(observer, StoreObserver) and observer.store.capabilities.folder


def may_add_files(observer: RunObserver) -> bool:
    """Whether an override may add files, which others must hear of before the end."""
    return isinstance(observer, StoreObserver) and overrides(observer, StoreObserver)


def is_unreachable(observer: RunObserver, error: Exception) -> bool:
    """Whether an observer failed at the start for reasons that are not the run's."""
    if isinstance(error, ExpkitError):
        return type(error) is StoreError
    return isinstance(error, OSError) or (
        isinstance(observer, StoreObserver) and not overrides(observer, StoreObserver)
    )


def refusal(observer: RunObserver, error: Exception) -> ObserverError:
    """What is raised where an observer cannot be reached at the start."""
    why = _reason(error)
    return ObserverError(f"{observer} cannot take in the run: {why}{_way_out(observer, why, error)}")


def _reason(error: Exception) -> str:
    """Why an observer failed, in words."""
    if isinstance(error, NotADirectoryError) and error.filename is not None:
        path = os.path.abspath(os.fsdecode(error.filename))
        while not os.path.isfile(path) and os.path.dirname(path) != path:
            path = os.path.dirname(path)
        return f"Not a directory: {path} is a file, and runs need a folder"
    return str(error) if isinstance(error, (OSError, ExpkitError)) else said(error)


def _way_out(observer: RunObserver, why: str, error: Exception) -> str:
    """How a run could start nevertheless, to be said after ``why`` it cannot; nothing where waiting does not help."""
    if not isinstance(observer, StoreObserver) or observer.offline is not None or getattr(error, "is_lasting", False):
        return ""
    url = (
        f"'folder:PATH?{JOURNAL_OPTION}'"
        if observer.store.capabilities.folder
        else f"'?{JOURNAL_OPTION}' behind its URL"
    )
    end = "" if why.endswith((".", "?", "!")) else "."
    return f"{end} To let runs start while it is away: {type(observer).__name__}(..., offline='journal'), or {url}"
