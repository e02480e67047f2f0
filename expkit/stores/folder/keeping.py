"""Files of a run: their bytes kept once, and shown where the predecessor's readers look."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from expkit.stores.folder.layout import FILES
from expkit.stores.folder.records import SHARED, show_path

if TYPE_CHECKING:
    from pathlib import Path

    from expkit.record.model import FileRef, RunRecord
    from expkit.stores.folder.blobs import Blobs
    from expkit.stores.folder.layout import RunLayout, StoreLayout


def keep(blobs: Blobs, store: StoreLayout, run: RunLayout, source: Path | bytes, ref: FileRef) -> FileRef:
    """Keep bytes and show them; return ``ref`` with hashes and size."""
    if ref.role == "artifact":
        run.artifact(ref.path)  # refuses bad names before anything is kept
    shared = ref.role in SHARED
    if not (ref.sha256 and (ref.md5 or not shared) and blobs.has(ref.sha256)):
        stored = blobs.put(source, md5=shared)
        ref = replace(ref, sha256=stored.sha256, md5=stored.md5 or ref.md5, size=stored.size)
    _show(blobs, store, run, ref)
    return replace(ref, kept=True)


def show_all(blobs: Blobs, store: StoreLayout, run: RunLayout, record: RunRecord) -> None:
    """Show the files of a record whose bytes are here."""
    for ref in record.files:
        if ref.kept and ref.sha256 and blobs.has(ref.sha256):
            _show(blobs, store, run, ref)


def _show(blobs: Blobs, store: StoreLayout, run: RunLayout, ref: FileRef) -> None:
    target = show_path(store, run, ref)
    if target is None:
        return
    # names with a hash never change their bytes, and what lies in `files/` is the user's own
    if (ref.role in SHARED or ref.path.startswith(f"{FILES}/")) and os.path.exists(target):
        return
    blobs.show(ref.sha256, target)
