"""What scripts read and write beside the record, through an observer: a run in the predecessor's shape, files."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.errors import StoreNameError
from expkit.observers.dispatch import naive
from expkit.record.encoding import encode
from expkit.record.model import OUTPUT, FileRef, StreamKey
from expkit.record.snapshot import snapshot
from expkit.stores.disk import files
from expkit.stores.disk.layout import check_artifact_name, is_of_record, stored_name

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.record.model import RunRecord
    from expkit.stores.base import RunStore
    from expkit.types import RunId

log = logging.getLogger("expkit")


def entry_of(record: RunRecord, run_id: RunId, shown: dict[str, list[Any]]) -> dict[str, Any]:
    """A record as the predecessor's observers held it.

    Args:
        record: of the run.
        run_id: in the store that is asked.
        shown: where the store shows sources and resources.
    """
    entry: dict[str, Any] = {
        "_id": run_id,
        "experiment": {**snapshot(dict(record.experiment)), "sources": shown["source"]},
        "command": record.command,
        "host": snapshot(dict(record.host)),
        "start_time": _iso(record.start_time),
        "meta": snapshot(dict(record.meta)),
        "status": record.status,
        "resources": shown["resource"],
        "artifacts": [ref.path for ref in record.files_of("artifact")],
        "heartbeat": _iso(record.heartbeat),
        "result": snapshot(record.result),
    }
    if record.stop_time is not None:
        entry["stop_time"] = _iso(record.stop_time)
    if record.fail_trace:
        entry["fail_trace"] = list(record.fail_trace)
    return entry


def output_of(store: RunStore, uid: str) -> str:
    """What a run has printed so far."""
    data = store.read(uid, StreamKey(OUTPUT))
    assert isinstance(data, bytes)
    return data.decode("utf-8", "replace")


def copy_in(filename: str | os.PathLike[str], folder: str, name: str) -> None:
    """Copy a file into a run's folder.

    Raises:
        FileExistsError: the name is one of the record's own files, or leads out of the folder.
    """
    import shutil

    target = _target(folder, name)
    if not os.path.exists(target) or not os.path.samefile(filename, target):
        _make_room(target)
        shutil.copyfile(filename, target)


def copy_once(filename: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Path:
    """Copy a file under a name with the md5 of its bytes, unless it is there already; return where it is."""
    import shutil

    from expkit.stores.disk.large import digest_of

    stem, extension = os.path.splitext(os.path.basename(filename))
    target = Path(folder, f"{stem}_{digest_of(os.fspath(filename), True).md5}{extension}")
    if not target.exists():
        os.makedirs(folder, exist_ok=True)
        shutil.copyfile(filename, target)
    return target


def shown_as(name: str, md5: str) -> str:
    """The name under which a source is shown."""
    return stored_name(FileRef(path=name, role="source", md5=md5))


def write_json(value: Any, folder: str, name: str) -> None:
    """Write a value into a run's folder; a file of the record is left as it is.

    Raises:
        FileExistsError: the name leads out of the folder.
    """
    if is_of_record(name):
        log.debug("%s in %s is written by expkit alone; what a script would write there is left out", name, folder)
        return
    _make_room(target := _target(folder, name))
    with open(target, "w", encoding="utf-8") as file:
        json.dump(encode(snapshot(value), unwrap=True), file, sort_keys=True, indent=2)


def _target(folder: str, name: str) -> str:
    try:
        check_artifact_name(name)
    except StoreNameError as error:
        raise FileExistsError(str(error)) from None
    return os.path.join(folder, name)


def _make_room(target: str) -> None:
    """What lies at the target may be a link to bytes that are kept for other runs as well."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        files.remove(target)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else naive(time).isoformat()
