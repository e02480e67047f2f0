"""What people add to a run afterwards, with their names and the time; the record itself never changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.record.encoding import encode
from expkit.record.later import FILE
from expkit.record.model import Annotation, FileRef
from expkit.record.tagged import kind_of, tagged
from expkit.record.wire import file_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.stores.base import RunStore
    from expkit.types import Json, RunId

AUTHOR_VARIABLE = "EXPKIT_AUTHOR"
"""Environment variable with the name that stands beside tags and notes; by default that of the login."""


def say(store: RunStore, run: RunId, action: str, value: Json, author: str | None = None) -> None:
    """Add a later fact, stamped with the store's clock."""
    store.annotate(run, Annotation(action=action, value=value, author=author or _me(), time=store.now()))


def result_tree(store: RunStore, value: Any, name: str) -> Json:
    """Late results by name; ``result`` for one without."""

    def keep(data: bytes, _: str) -> str:
        return store.put_blob(data).sha256

    tree = encode(value, keep, unwrap=True)
    if name:
        return {name: tree}
    return tree if isinstance(tree, dict) and kind_of(tree) is None else {"result": tree}


def file_tree(store: RunStore, file: str | os.PathLike[str], name: str, metadata: Mapping[str, Any]) -> Json:
    """A late artifact, whose bytes are in the store when this returns."""
    from mimetypes import guess_type

    from expkit.stores.disk.layout import check_artifact_name

    check_artifact_name(name)
    blob = store.put_blob(Path(file))
    kind = guess_type(name)[0] or ""
    ref = FileRef(
        path=name, role="artifact", root="run", mode="w", size=blob.size, first_seen=store.now(),
        metadata=encode(dict(metadata)), content_type=kind,
    )  # fmt: skip
    return tagged(FILE, blob=blob.sha256, **file_to_json(ref))


def text_of(text: Any, what: str) -> str:
    """The text, if it is one and says something; else a TypeError."""
    if not isinstance(text, str) or not text:
        raise TypeError(f"{what} is a text, not {text!r}")
    return text


def _me() -> str:
    from getpass import getuser

    try:
        return os.environ.get(AUTHOR_VARIABLE) or getuser()
    except (OSError, KeyError, ImportError):  # nobody, in some containers
        return ""
