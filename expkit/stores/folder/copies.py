"""Folders with a run that another folder has, too: somebody copied them, or made a link. They are no runs of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.errors import RunNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from expkit.stores.folder.index import Entry

_UID_LENGTH = 32

_told: set[str] = set()
"""Copies of which somebody has been warned: once is enough."""


def originals(entries: Iterable[Entry], root: str, noted: Callable[[str], str | None]) -> list[Entry]:
    """One entry for each run; of several folders with one run the one whose name is the run's own, else the likeliest.

    Args:
        entries: all that lie in a store.
        root: the store's folder.
        noted: says which id a uid got when its run was created.
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.uid if len(entry.uid) == _UID_LENGTH else entry.id, []).append(entry)
    return [same[0] if len(same) == 1 else _original(same, root, noted(same[0].uid)) for same in found.values()]


def _original(same: list[Entry], root: str, noted: str | None) -> Entry:
    def rank(entry: Entry) -> tuple[bool, bool, bool, int, str]:
        path = f"{root}/{entry.id}"
        return bool(entry.home), entry.id != noted, os.path.islink(path), len(entry.id), entry.id

    first, *copies = sorted(same, key=rank)
    for copy in copies:
        warn(copy, first, root)
    return first


def warn(copy: Entry, original: Entry, root: str) -> None:
    """Say once that a folder is left out."""
    path = f"{root}/{copy.id}"
    if path not in _told:
        from logging import getLogger

        _told.add(path)
        getLogger("expkit").warning("%s", refusal(copy, original, root))


def refusal(copy: Entry, original: Entry, root: str) -> RunNotFoundError:
    """There is no run of a copy's name."""
    kind = "link to" if os.path.islink(f"{root}/{copy.id}") else "copy of"
    return RunNotFoundError(
        f"the folder {copy.id!r} in {root} is left out: it is a {kind} run {original.id}, which lies in the folder "
        f"{original.id!r}; remove one of them by hand, or move it to another place"
    )
