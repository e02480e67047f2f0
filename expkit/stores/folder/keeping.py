"""Files of a run: their bytes kept once, and shown where the predecessor's readers look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.errors import StoreNameError
from expkit.stores.disk.layout import FILES
from expkit.stores.folder.records import SHARED, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from expkit.record.model import FileRef, RunRecord
    from expkit.stores.disk.layout import RunLayout
    from expkit.stores.folder.parts import Parts


def keep(parts: Parts, run: RunLayout, source: Path | bytes, ref: FileRef, *, show: bool = True) -> FileRef:
    """Keep bytes, and show them unless that is left for later; return ``ref`` with hashes and size.

    Raises:
        StoreNameError: the file cannot be shown under its name.
    """
    if ref.role == "artifact":
        run.artifact(ref.path)  # refuses bad names before anything is kept
    shared = ref.role in SHARED
    if not (ref.sha256 and (ref.md5 or not shared) and parts.blobs.has(ref.sha256)):
        stored = parts.blobs.put(source, md5=shared)
        ref = ref.but(sha256=stored.sha256, md5=stored.md5 or ref.md5, size=stored.size)
    if show and os.path.isdir(run.folder):  # else it went while a large file was copied
        _show(parts, run, ref)
    return ref.but(kept=True)


def show_all(parts: Parts, run: RunLayout, record: RunRecord) -> None:
    """Show the files of a record whose bytes are here, but for those whose names mean trouble on a disk."""
    for ref in record.files:
        if ref.kept and ref.sha256 and parts.blobs.has(ref.sha256):
            try:
                _show(parts, run, ref)
            except StoreNameError:
                continue


def show_rest(parts: Parts, run: RunLayout, refs: Iterable[FileRef]) -> None:
    """Show sources or resources that were kept only, as long as their folder is there: who removes it wants none."""
    for ref in refs:
        if os.path.isdir(parts.layout.shown(ref.role)):
            _show(parts, run, ref)


def _show(parts: Parts, run: RunLayout, ref: FileRef) -> None:
    target = show_path(parts.layout, run, ref)
    if target is None:
        return
    # names with a hash never change their bytes, and what lies in `files/` is the user's own
    if (ref.role in SHARED or ref.path.startswith(f"{FILES}/")) and os.path.exists(target):
        return
    try:
        parts.blobs.show(ref.sha256, target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise StoreNameError(
            f"{ref.path!r} cannot be an artifact's name here: another artifact would be a file and a folder at once"
        ) from error
