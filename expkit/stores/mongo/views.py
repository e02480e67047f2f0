"""A record as tools made for the predecessor read it: one document with these keys and shapes, and nothing exact.

Nothing reads these views back: the record itself lies beside them. What BSON cannot say is said so that it can be read,
and what is too large for a document is left out, with a note in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.stores.shown import Dialect, naive, shown, unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from expkit.record.model import FileRef, RunRecord
    from expkit.types import Json

FORMAT = "MongoObserver-0.7.0"
"""What the predecessor calls the shape."""

MOST = 1 << 18
"""Bytes that one field may take in a document for tools; there are ten, and a document has 16 MB."""


class Seen(NamedTuple):
    """What the views of a run are made from.

    Attributes:
        record: the run.
        ids: of the files in the GridFS, by their sha256.
        links: to the documents of metrics.
    """

    record: RunRecord
    ids: Mapping[str, Any]
    links: list[dict[str, str]]


def views_of(seen: Seen, changed: Iterable[str] | None = None) -> dict[str, Any]:
    """The fields of the run's document that tools read: those that come of ``changed`` fields of the record, or all."""
    names = None if changed is None else set(changed)
    return {key: make(seen) for key, (need, make) in _VIEWS.items() if names is None or names & need}


def _plain(name: str) -> tuple[set[str], Callable[[Seen], Any]]:
    return {name}, lambda seen: fitting(safe(getattr(seen.record, name)))


def _time(name: str) -> tuple[set[str], Callable[[Seen], Any]]:
    return {name}, lambda seen: naive(getattr(seen.record, name))


def _experiment(seen: Seen) -> Any:
    sources = [[ref.path, seen.ids[ref.sha256]] for ref in _there(seen, "source")]
    return {**fitting(safe(seen.record.experiment)), "sources": fitting(safe(sources), list)}


def _there(seen: Seen, role: str) -> list[FileRef]:
    """Files whose bytes are in the GridFS: tools stumble over a file without."""
    return [ref for ref in seen.record.files_of(role) if ref.sha256 in seen.ids]


def _info(seen: Seen) -> Any:
    info = fitting(safe(seen.record.info))
    return {**info, "metrics": fitting(seen.links, list)} if seen.links else info


def _artifacts(seen: Seen) -> Any:
    artifacts = [{"name": ref.path, "file_id": seen.ids[ref.sha256]} for ref in _there(seen, "artifact")]
    return fitting(safe(artifacts), list)


def _resources(seen: Seen) -> Any:
    return fitting(safe([[ref.path, ref.md5] for ref in seen.record.files_of("resource")]), list)


_VIEWS: dict[str, tuple[set[str], Callable[[Seen], Any]]] = {
    "format": ({"format"}, lambda _: FORMAT),
    **{name: _plain(name) for name in ("command", "status", "host", "meta", "config", "result")},
    **{name: _time(name) for name in ("start_time", "stop_time", "heartbeat")},
    "experiment": ({"experiment", "files"}, _experiment),
    "info": ({"info"}, _info),
    "artifacts": ({"files"}, _artifacts),
    "resources": ({"files"}, _resources),
    "fail_trace": ({"fail_trace"}, lambda seen: fitting(safe(list(seen.record.fail_trace)), list)),
}


def fitting(value: Any, empty: Callable[[], Any] = dict) -> Any:
    """``value`` if it fits into a document beside others; else a note that it is too large.

    Args:
        value: made safe already.
        empty: what kind of value the field has.
    """
    from bson import encode

    size = len(encode({"": value}))
    if size <= MOST:
        return value
    note = f"{size:,} bytes: too large for this view; the record has it"
    return {"expkit": note} if empty is dict else []


def safe(tree: Json) -> Any:
    """A JSON tree as BSON takes it: other integers as text, keys without dots, dollars in front and null characters."""
    return shown(tree, _BSON)


def _key(key: str) -> str:
    """As the predecessor writes keys that MongoDB may refuse."""
    text = unicode(key).replace("\0", "\\0").replace(".", ",")
    return f"@{text[1:]}" if text.startswith("$") else text


_BSON = Dialect(_key, unicode, float, deepest=60)
