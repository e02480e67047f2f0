"""Runs that the predecessor recorded: read, never changed. Its jsonpickle trees stay data."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, BinaryIO

from expkit.errors import BlobNotFoundError
from expkit.record.codec import encode
from expkit.record.model import BY_SACRED, FileRef, Point, RunRecord
from expkit.stores.disk import files
from expkit.stores.disk.layout import is_inside
from expkit.stores.sacred import base_name, tree_of, uid_of_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.disk.layout import RunLayout
    from expkit.types import Json

Tree = dict[str, Any]

_MD5 = re.compile(r"[0-9a-f]{32}")
_STORED = re.compile(rf"_({_MD5.pattern})(?:\.|$)")


def created(run: RunLayout, tree: Tree) -> str:
    """ISO time at which the run was created, as far as it can be known."""
    time = _time(tree.get("start_time")) or datetime.fromtimestamp(os.stat(run.record).st_mtime, timezone.utc)
    return time.isoformat()


def uid_of(run: RunLayout, tree: Tree) -> str:
    """The uid that every reader of this run finds."""
    start = _time(tree.get("start_time"))
    return uid_of_run(run.id, start, tree.get("experiment"), tree.get("host"), tree.get("command"))


def record_of(run: RunLayout, tree: Tree) -> RunRecord:
    """What the predecessor's folder says, as a record."""
    config = _load(run.config)
    experiment = tree_of(tree.get("experiment"))
    seed = config.get("seed")
    meta = tree_of(tree.get("meta"))
    return RunRecord(
        uid=uid_of(run, tree),
        id=run.id,
        name=str(experiment.get("name", "")),
        command=str(tree.get("command") or ""),
        status=str(tree.get("status") or ""),
        seed=seed if isinstance(seed, int) else None,
        queue_time=_time(meta.get("queue_time")),
        start_time=_time(tree.get("start_time")),
        stop_time=_time(tree.get("stop_time")),
        heartbeat=_time(tree.get("heartbeat")),
        config=encode(config),
        experiment=encode(_experiment(experiment)),
        host=encode(tree_of(tree.get("host"))),
        meta=encode(meta),
        files=tuple(ref for ref, _ in _files(run, tree, experiment)),
        info=encode(_load(run.info)),
        result=encode(tree.get("result")),
        fail_trace=tuple(str(line) for line in tree.get("fail_trace") or ()),
        gaps=(BY_SACRED,),
    )


def points_of(run: RunLayout) -> list[Point]:
    """All points of ``metrics.json``, by time, so that those a live run adds come last."""
    points = [point for name, series in sorted(_load(run.metrics).items()) for point in _series(name, tree_of(series))]
    return sorted(points, key=lambda point: point.time)


def open_file(run: RunLayout, tree: Tree, ref: FileRef) -> BinaryIO:
    """The bytes of a file of a run. A record cannot lead out of its store, but to files that are known by their md5.

    Raises:
        BlobNotFoundError: they are not there.
    """
    for found, place in _files(run, tree, tree_of(tree.get("experiment"))):
        if found == ref and os.path.isfile(place) and (found.md5 or is_inside(place, run.root)):
            return open(place, "rb")
    raise BlobNotFoundError(f"there is no {ref.role} {ref.path!r} of run {run.id} in {run.root}")


def _series(name: str, series: Tree) -> Iterator[Point]:
    columns = (series.get("steps") or (), series.get("values") or (), series.get("timestamps") or ())
    for step, value, stamp in zip(*columns, strict=False):
        time = _time(stamp)
        yield Point(name, step, value, time.timestamp() if time else 0.0)


def _experiment(experiment: Tree) -> Tree:
    kept = {key: value for key, value in experiment.items() if key != "sources"}
    if isinstance(base := kept.get("base_dir"), str):
        kept["base_dir"] = base_name(base)
    return kept


def _files(run: RunLayout, tree: Tree, experiment: Tree) -> Iterator[tuple[FileRef, str]]:
    """The files of a run, and where they lie."""
    for name, stored in _pairs(experiment.get("sources")):
        if _MD5.fullmatch(stored):  # of a queued run: copied into its folder, known by hash
            yield _ref(name, "source", "project", f"{run.folder}/{name}", stored)
        else:
            yield _ref(name, "source", "project", f"{run.root}/{stored}", _md5_in(stored))
    for original, stored in _pairs(tree.get("resources")):
        # the path is relative to where the program ran, so only its end says something here
        place = f"{run.root}/_resources/{base_name(stored)}"
        yield _ref(base_name(original), "resource", "elsewhere", place, _md5_in(stored))
    for name in tree.get("artifacts") or ():
        if isinstance(name, str):
            yield _ref(name, "artifact", "run", f"{run.folder}/{name}", "")


def _ref(name: str, role: str, root: str, place: str, md5: str) -> tuple[FileRef, str]:
    mode = "w" if role == "artifact" else "r"
    return FileRef(path=name, role=role, root=root, md5=md5, size=files.size_of(place), mode=mode), place


def _md5_in(name: str) -> str:
    match = _STORED.search(name)
    return match[1] if match else ""


def _pairs(value: Json) -> list[tuple[str, str]]:
    """Lists of two; of a queued run they are tuples in jsonpickle's form."""
    pairs = [pair.get("py/tuple") if isinstance(pair, dict) else pair for pair in value or ()]
    return [(str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and pair[1:] and not pair[2:]]


def _time(value: Json) -> datetime | None:
    """The predecessor's times are naive UTC."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=timezone.utc)
    except (ValueError, TypeError):
        return None


def _load(path: str) -> Tree:
    try:
        return tree_of(json.loads(files.read(path) or b"{}"))
    except ValueError:  # it rewrites its files in place, so a reader may meet half of one
        return {}
