"""Mark and sweep: what no run names any more is removed, after a period of grace."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from expkit.record.tagged import run_blobs
from expkit.record.wire import annotation_from_json
from expkit.stores.disk import files
from expkit.stores.disk.changes import Logs
from expkit.stores.disk.text import reading
from expkit.stores.disk.unused import remove
from expkit.stores.folder.records import read_run, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.disk.layout import StoreLayout
    from expkit.stores.folder.parts import Parts
    from expkit.types import Json

_SHOWN = re.compile(r".*_[0-9a-f]{32}(\..*)?")


def sweep(parts: Parts, before: float, *, dry_run: bool = False) -> int:
    """Remove what is unused and was last touched ``before`` (seconds since the epoch); return how many files went.

    A ``dry_run`` removes nothing, and returns how many would go.

    Raises:
        FormatError: a run cannot be read, so nobody knows what it names.
    """
    layout = parts.layout
    used, shown, uids = _mark(layout)
    unused = [blob for blob in parts.blobs.all() if "".join(blob.split("/")[-2:]) not in used]
    unused += [path for path in _views(layout) if os.path.basename(path) not in shown]
    unused += files.entries(layout.scratch) + files.entries(layout.jobs)
    unused += _stale_notes(layout, used)
    folders = files.entries(layout.trash)
    folders += [folder for folder in files.entries(layout.annotated) if os.path.basename(folder) not in uids]
    return remove(unused, folders, before, dry_run=dry_run)


def _mark(layout: StoreLayout) -> tuple[set[str], set[str], set[str]]:
    """Hashes of the bytes that runs name, names under which they are shown, and the uids of the runs."""
    used: set[str] = set()
    shown: set[str] = set()
    uids: set[str] = set()
    for name in map(os.path.basename, files.entries(layout.root)):
        run = layout.run(name)
        if name[0] not in "._" and os.path.lexists(run.record):
            tree, record = read_tree(run), read_run(run).record
            uids.add(record.uid)
            with reading(notes := layout.annotations(record.uid)):
                used |= run_blobs(record, map(annotation_from_json, Logs(notes).all()))
            with reading(run.record):
                shown.update(_names([_experiment_sources(tree), tree.get("resources")]))
    return used, shown, uids


def _stale_notes(layout: StoreLayout, used: set[str]) -> list[str]:
    """What is known of files whose bytes no run names."""
    if not (notes := files.entries(layout.known)):
        return []
    from expkit.stores.disk.large import noted

    return [note for note in notes if noted(note) not in used]


def _experiment_sources(tree: dict[str, Json]) -> Json:
    experiment = tree.get("experiment")
    return experiment.get("sources") if isinstance(experiment, dict) else None


def _names(trees: Json) -> Iterator[str]:
    """Base names of all texts in a tree; too many are marked rather than too few."""
    if isinstance(trees, str):
        yield trees.replace("\\", "/").rsplit("/", 1)[-1]
    elif isinstance(trees, (list, dict)):
        for tree in trees.values() if isinstance(trees, dict) else trees:
            yield from _names(tree)


def _views(layout: StoreLayout) -> Iterator[str]:
    """What lies in ``_sources`` and ``_resources``; folders elsewhere may serve other stores, too."""
    for folder in (layout.sources, layout.resources):
        if os.path.dirname(folder) == layout.root:
            yield from (path for path in files.entries(folder) if _SHOWN.fullmatch(path))
