"""Files that scripts put beside the record, into a run's folder or into one that all runs share."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from expkit.errors import StoreNameError
from expkit.record.encoding import encode
from expkit.record.model import FileRef
from expkit.record.snapshot import snapshot
from expkit.stores.disk import files
from expkit.stores.disk.layout import check_artifact_name, is_of_record, stored_name

log = logging.getLogger("expkit")


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
