"""Runs that the predecessor recorded: read, never changed. Its jsonpickle trees stay data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from expkit.errors import BlobNotFoundError, ExpkitError, StoreError
from expkit.record.codec import encode
from expkit.record.model import BY_SACRED, OUTPUT, FileRef, Point, RunRecord, StreamKey
from expkit.record.tagged import is_unicode
from expkit.stores import rules
from expkit.stores.base import RunKey
from expkit.stores.mongo.facts import microseconds
from expkit.stores.mongo.files import open_file
from expkit.stores.mongo.ids import names_of
from expkit.stores.sacred import base_name, tree_of, uid_of_run, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.base import Batch
    from expkit.stores.mongo.server import Server
    from expkit.types import RunId

Tree = dict[str, Any]

_SACREDS = {"expkit": {"$exists": False}, "command": {"$exists": True}, "experiment": {"$exists": True}}
_IDENTITY = {"start_time": 1, "experiment.name": 1, "host.hostname": 1, "command": 1}
_LINK = {"name", "id"}


class SacredsRunError(StoreError):
    """Somebody would change a run of the predecessor's, or read it as if it were ours.

    Attributes:
        document: its identity: id, start and names.
    """

    def __init__(self, document: Tree, place: str) -> None:
        super().__init__(str(rules.read_only(document["_id"], place)))
        self.document = document


class Sacreds:
    """The runs of the predecessor's in the collection of runs.

    Args:
        server: where.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ids: dict[str, Any] = {}
        self._points: tuple[Any, list[Point]] = None, []

    def keys(self, ours: int) -> list[tuple[int, RunKey]]:
        """Times of creation in microseconds and names; looked for only if there are more documents than ``ours``."""
        if self._server.runs.estimated_document_count() <= ours:
            return []
        found = [(_key(document), document) for document in self._identities()]
        self._ids = {key.uid: document["_id"] for key, document in found}
        starts = [utc(document.get("start_time")) for _, document in found]
        return [(microseconds(start) if start else 0, key) for start, (key, _) in zip(starts, found, strict=True)]

    def uid_of(self, error: SacredsRunError) -> str:
        """The uid of a run."""
        return _key(error.document).uid

    def absent(self, run: RunId) -> ExpkitError:
        """What to raise about a run that is none of ours."""
        place = self._server.place.url
        if not is_unicode(str(run)):  # which no document has
            return rules.not_found(run, place)
        found = self._server.runs.find_one({**_SACREDS, "_id": {"$in": names_of(run)}}, _IDENTITY)
        if found is None:
            found = self._by_key(str(run))
        return rules.not_found(run, place) if found is None else SacredsRunError(found, place)

    def _by_key(self, run: str) -> Tree | None:
        if run in self._ids:
            document: Tree | None = self._server.runs.find_one({**_SACREDS, "_id": self._ids[run]}, _IDENTITY)
            return document
        return next((document for document in self._identities() if run in map(str, _key(document))), None)

    def _identities(self) -> Iterator[Tree]:
        return iter(self._server.runs.find(_SACREDS, _IDENTITY))

    def _document(self, error: SacredsRunError, *fields: str) -> Tree:
        wanted = dict.fromkeys((*fields, "_id"), 1) if fields else None
        found: Tree | None = self._server.runs.find_one({"_id": error.document["_id"]}, wanted)
        if found is None:
            raise rules.not_found(error.document["_id"], self._server.place.url)
        return found

    # -- records ---------------------------------------------------------------------------------------

    def record(self, error: SacredsRunError) -> RunRecord:
        """What a document says, as a record."""
        document = self._document(error)
        experiment, config = tree_of(document.get("experiment")), tree_of(document.get("config"))
        seed, meta = config.get("seed"), tree_of(document.get("meta"))
        key = _key(document)
        return RunRecord(
            uid=key.uid,
            id=key.id,
            name=str(experiment.get("name", "")),
            command=str(document.get("command") or ""),
            status=str(document.get("status") or ""),
            seed=int(seed) if isinstance(seed, int) else None,
            queue_time=utc(meta.get("queue_time")),
            start_time=utc(document.get("start_time")),
            stop_time=utc(document.get("stop_time")),
            heartbeat=utc(document.get("heartbeat")),
            config=_plain(config),
            experiment=_plain(_experiment(experiment)),
            host=_plain(tree_of(document.get("host"))),
            meta=_plain(meta),
            files=tuple(ref for ref, _ in self._files(document)),
            info=_plain(_info(document)),
            result=_plain(document.get("result")),
            fail_trace=tuple(str(line) for line in document.get("fail_trace") or ()),
            gaps=(BY_SACRED,),
        )

    # -- streams ---------------------------------------------------------------------------------------

    def streams(self, error: SacredsRunError) -> dict[StreamKey, int]:
        """The streams of a run and their ends: points and output, as far as there are any."""
        found = {stream: len(self.read(error, stream)) for stream in (StreamKey(), StreamKey(OUTPUT))}
        return {stream: end for stream, end in found.items() if end}

    def read(self, error: SacredsRunError, stream: StreamKey, offset: int = 0, limit: int | None = None) -> Batch:
        """Items from ``offset`` on, at most ``limit``."""
        end = None if limit is None else offset + limit
        if stream == StreamKey(OUTPUT):
            text = self._document(error, "captured_out").get("captured_out")
            return text.encode("utf-8", "backslashreplace")[offset:end] if isinstance(text, str) else b""
        if stream == StreamKey():
            return self._points_of(error)[offset:end]
        return rules.empty(stream)

    def _points_of(self, error: SacredsRunError) -> list[Point]:
        """All points, by time, so that those which a live run adds come last; remembered as long as it tells nothing."""
        document = self._document(error, "heartbeat", "status")
        version = (document["_id"], document.get("heartbeat"), document.get("status"))
        if self._points[0] != version:
            found = self._server.metrics.find({"run_id": document["_id"]}, batch_size=1)
            points = [point for series in sorted(found, key=_name) for point in _series(series)]
            self._points = version, sorted(points, key=lambda point: point.time)
        return self._points[1]

    # -- files -----------------------------------------------------------------------------------------

    def open(self, error: SacredsRunError, ref: FileRef) -> BinaryIO:
        """The bytes of a file.

        Raises:
            BlobNotFoundError: they are not here.
        """
        for found, file in self._files(self._document(error, "experiment.sources", "resources", "artifacts")):
            if found == ref and file is not None:
                return open_file(self._server, file)
        raise BlobNotFoundError(f"there is no {ref.role} {ref.path!r} of run {error.document['_id']}")

    def _files(self, document: Tree) -> Iterator[tuple[FileRef, Tree | None]]:
        """The files of a run, and what the GridFS says of them."""
        for name, file_id in _pairs(tree_of(document.get("experiment")).get("sources")):
            yield _ref(name, "source", "project", self._file({"_id": file_id}))
        for name, md5 in _pairs(document.get("resources")):  # their bytes are kept by few versions of the predecessor
            ref, file = _ref(base_name(name), "resource", "elsewhere", self._file({"filename": name, "md5": md5}))
            yield ref.but(md5=str(md5), kept=file is not None), file
        for item in map(tree_of, document.get("artifacts") or ()):
            yield _ref(str(item.get("name")), "artifact", "run", self._file({"_id": item.get("file_id")}))

    def _file(self, wanted: Tree) -> Tree | None:
        found: Tree | None = self._server.files.find_one(wanted)
        return found


def _key(document: Tree) -> RunKey:
    facts = (document.get(name) for name in ("experiment", "host", "command"))
    start = utc(document.get("start_time"))
    found = document["_id"]  # of any kind that BSON has
    shown = found if isinstance(found, (int, str)) and not isinstance(found, bool) else str(found)
    return RunKey(shown, uid_of_run(found, start, *facts))


def _ref(name: str, role: str, root: str, file: Tree | None) -> tuple[FileRef, Tree | None]:
    said = file or {}
    ref = FileRef(
        path=name,
        role=role,
        root=root,
        md5=str(said.get("md5") or ""),
        size=int(said.get("length", 0)),
        mode="w" if role == "artifact" else "r",
        # artifacts of one name are told apart by it
        first_seen=utc(said.get("uploadDate")),
        metadata=_plain(tree_of(said.get("metadata"))),
        content_type=str(said.get("contentType") or ""),
    )
    return ref, file


def _experiment(experiment: Tree) -> Tree:
    kept = {key: value for key, value in experiment.items() if key != "sources"}
    if isinstance(base := kept.get("base_dir"), str):
        kept["base_dir"] = base_name(base)
    return kept


def _info(document: Tree) -> Tree:
    """What the user's code reported, without the links to metrics, which are streams here."""
    info = tree_of(document.get("info"))
    links = info.get("metrics")
    if isinstance(links, list) and all(isinstance(link, dict) and set(link) == _LINK for link in links):
        return {key: value for key, value in info.items() if key != "metrics"}
    return info


def _name(series: Tree) -> str:
    return str(series.get("name"))


def _series(series: Tree) -> Iterator[Point]:
    columns = (series.get("steps") or (), series.get("values") or (), series.get("timestamps") or ())
    for step, value, stamp in zip(*columns, strict=False):
        time = utc(stamp)
        yield Point(_name(series), _number(step), _number(value), time.timestamp() if time else 0.0)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)  # BSON has an int of its own
    return value if isinstance(value, (float, str)) else _plain(value)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    for pair in value or ():
        if isinstance(pair, (list, tuple)) and len(pair) == 2:  # noqa: PLR2004
            yield str(pair[0]), pair[1]


def _plain(tree: Any) -> Any:
    return encode(_without_bson(tree))


def _without_bson(tree: Any) -> Any:
    """The tree with Python's own types: what only BSON has is a text."""
    if isinstance(tree, dict):
        return {str(key): _without_bson(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_without_bson(value) for value in tree]
    if tree is None or isinstance(tree, (bool, float, str, bytes)):
        return tree
    if isinstance(tree, int):
        return int(tree)
    return utc(tree) or str(tree)
