"""Records as they lie in the tables: exactly, in parts, and as columns for reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit.errors import FormatError
from expkit.record.leaves import leaves
from expkit.record.wire import record_from_json
from expkit.stores.exact import fields_of
from expkit.stores.shown import naive
from expkit.stores.sql import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from expkit.record.model import FileRef, RunRecord
    from expkit.types import RunId

_OWN = ("files", "info", "result")
_PROGRESS = (
    "status",
    "start_time",
    "stop_time",
    "heartbeat",
    "segment",
    "ranks",
    "fail_trace",
    "cause",
    "gaps",
    "unseen",
)

_UID = 32

REST = "rest"
PROGRESS = "progress"


class Known(Frozen):
    """What this process knows of a run's rows.

    Attributes:
        version: of the record, as it was written last.
        digests: of the parts.
        files: the rows of files.
    """

    version: int = -1
    digests: Mapping[str, bytes] = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()


def parts_of(record: RunRecord) -> dict[str, str]:
    """The parts of a record as JSON text, in ASCII: any key, any number, any depth."""
    tree = fields_of(record)
    parts: dict[str, Any] = {name: {name: tree.pop(name)} for name in _OWN}
    parts[PROGRESS] = {name: tree.pop(name) for name in _PROGRESS}
    parts[REST] = tree
    return {name: json.dumps(part, allow_nan=False) for name, part in parts.items()}


def parts_with(fields: Iterable[str]) -> list[str]:
    """The parts of a record that have these fields of its JSON form; that of the status is always among them."""
    parts = [name for name in _OWN if name in fields] + [PROGRESS]
    lying = {"id", "_id", "uid", "state", "last_sign", "duration", "metrics", *_OWN, *_PROGRESS}
    return parts if set(fields) <= lying else [*parts, REST]


def record_of(run: RunId, parts: Iterable[str]) -> RunRecord:
    """The record of these parts.

    Raises:
        FormatError: they are none.
    """
    tree: dict[str, Any] = {"_id": run}
    try:
        for part in parts:
            tree.update(json.loads(part))
    except (TypeError, ValueError) as error:
        raise FormatError(f"the record of run {run} cannot be read: {error}") from None
    return record_from_json(tree)


def columns_of(record: RunRecord, parts: Iterable[str]) -> dict[str, Any]:
    """The columns for reading that go with these parts of a record."""
    found: dict[str, Any] = {}
    for part in parts:
        found.update(_COLUMNS[part](record))
    return found


def file_row(run: int, position: int, ref: FileRef) -> dict[str, Any]:
    """The row of one file of a run."""
    shown = {"role": readable.text(ref.role)[:20], "path": readable.text(ref.path)}
    return {"run": run, "position": position, **shown, "size": ref.size, "sha256": ref.sha256 or None}


def _rest(record: RunRecord) -> dict[str, Any]:
    trees = {name: readable.tree(getattr(record, name)) for name in ("config", "meta", "experiment", "host")}
    words = {name: readable.text(getattr(record, name)) for name in ("name", "command")}
    more = {"queue_time": naive(record.queue_time), "config_leaves": leaves({"config": record.config})}
    return {**trees, **words, **origin(record.parent, record.seed), **more}


def origin(parent: str | None, seed: int | None) -> dict[str, Any]:
    """The columns ``parent`` and ``seed``."""
    return {"parent": parent and readable.text(parent)[:_UID], "seed": readable.integer(seed)}


def _progress(record: RunRecord) -> dict[str, Any]:
    times = {name: naive(getattr(record, name)) for name in ("start_time", "heartbeat", "stop_time")}
    words = {name: readable.text(getattr(record, name)) for name in ("status", "cause")}
    trace = readable.text("\n".join(map(str, record.fail_trace)))
    return {**times, **words, "fail_trace": trace, "segment": record.segment}


_COLUMNS: dict[str, Callable[[RunRecord], dict[str, Any]]] = {
    REST: _rest,
    PROGRESS: _progress,
    "files": lambda _: {},
    "info": lambda record: {"info": readable.tree(record.info)},
    "result": lambda record: {
        "result": readable.tree(record.result),
        "result_leaves": leaves({"result": record.result}),
    },
}
