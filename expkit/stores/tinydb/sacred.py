"""Runs that the predecessor recorded: read, never changed. Its marks in texts become values; none of them is executed."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from expkit.record.codec import encode
from expkit.record.model import BY_SACRED, FileRef, RunRecord
from expkit.stores.disk import files
from expkit.stores.sacred import base_name, tree_of, uid_of_run, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from expkit.stores.tinydb.layout import DatabaseLayout
    from expkit.types import Json, RunId

Tree = dict[str, Any]

_MD5 = re.compile(r"[0-9a-f]{32}")
_MARK = re.compile(r"\{Tiny(Date|Array|DataFrame|Series|File)\}:")


def uid_of(document: Tree, id: RunId) -> str:
    """The uid that every reader of this run finds."""
    start = _time(document.get("start_time"))
    return uid_of_run(id, start, document.get("experiment"), document.get("host"), document.get("command"))


def record_of(document: Tree, id: RunId, layout: DatabaseLayout) -> RunRecord:
    """What the predecessor's document says, as a record."""
    experiment, config = tree_of(document.get("experiment")), tree_of(document.get("config"))
    seed = config.get("seed")
    return RunRecord(
        uid=uid_of(document, id),
        id=id,
        name=str(experiment.get("name", "")),
        command=str(document.get("command") or ""),
        status=str(document.get("status") or ""),
        seed=seed if isinstance(seed, int) else None,
        start_time=_time(document.get("start_time")),
        stop_time=_time(document.get("stop_time")),
        heartbeat=_time(document.get("heartbeat")),
        config=_plain(config),
        experiment=_plain({key: value for key, value in experiment.items() if key not in ("sources", "base_dir")}),
        host=_plain(tree_of(document.get("host"))),
        meta=_plain(tree_of(document.get("meta"))),
        files=tuple(_files(document, experiment, layout)),
        info=_plain(tree_of(document.get("info"))),
        result=_plain(document.get("result")),
        fail_trace=tuple(str(line) for line in document.get("fail_trace") or ()),
        gaps=(BY_SACRED,),
    )


def output_of(document: Tree) -> bytes:
    """What the run printed."""
    text = document.get("captured_out")
    return text.encode("utf-8", "backslashreplace") if isinstance(text, str) else b""


def _files(document: Tree, experiment: Tree, layout: DatabaseLayout) -> Iterator[FileRef]:
    for name, md5, *_ in _texts(experiment.get("sources"), 2):
        yield _ref(name, "source", "project", md5, layout)
    for name, md5, *_ in _texts(document.get("resources"), 2):
        yield _ref(base_name(name), "resource", "elsewhere", md5, layout)
    for name, _, md5, *_ in _texts(document.get("artifacts"), 3):
        yield _ref(name, "artifact", "run", md5, layout)


def _ref(name: str, role: str, root: str, md5: str, layout: DatabaseLayout) -> FileRef:
    is_kept = bool(_MD5.fullmatch(md5))
    size = files.size_of(layout.sacreds(md5)) if is_kept else 0
    return FileRef(path=name, role=role, root=root, md5=md5, size=size, mode="w" if role == "artifact" else "r")


def _texts(value: Json, least: int) -> Iterator[list[str]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, list) and len(item) >= least:
            yield [str(part) for part in item]


def _plain(tree: Json) -> Json:
    return encode(_unmarked(tree))


def _unmarked(tree: Json) -> Any:
    if isinstance(tree, dict):
        return {key: _unmarked(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_unmarked(value) for value in tree]
    mark = _MARK.match(tree) if isinstance(tree, str) else None
    if mark is None:
        return tree
    try:
        return _VALUES[mark[1]](tree[mark.end() :])
    except (ValueError, RecursionError):  # a text of the user's that looks like a mark
        return tree


_VALUES: dict[str, Callable[[str], Any]] = {
    "Date": datetime.fromisoformat,
    "Array": json.loads,
    "DataFrame": json.loads,
    "Series": json.loads,
    "File": json.loads,
}


def _time(value: Json) -> datetime | None:
    return utc(_unmarked(value))
