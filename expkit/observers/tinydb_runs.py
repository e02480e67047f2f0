"""Stored runs as the predecessor's documents, so that queries written for TinyDB find them."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

from tinydb import TinyDB
from tinydb.storages import Storage

from expkit.errors import BlobNotFoundError, StoreError
from expkit.record.codec import decode
from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.tinydb.documents import OUTPUT_KEPT
from expkit.stores.tinydb.lines import RUNS

if TYPE_CHECKING:
    from datetime import datetime
    from typing import BinaryIO

    from expkit.record.model import FileRef, RunRecord
    from expkit.stores.tinydb.store import TinyDbStore


def open_runs(store: TinyDbStore) -> TinyDB:
    """The runs of a store as a database with the table ``runs``, for reading."""
    db = TinyDB(store, storage=RunStorage)
    db.table(RUNS, cache_size=0)  # an answer that is remembered would be yesterday's
    return db


class RunStorage(Storage):
    """Shows the newest records of a store as documents; nothing is written through it.

    Args:
        store: whose runs are shown.
    """

    def __init__(self, store: TinyDbStore) -> None:
        self.store = store

    def read(self) -> dict[str, dict[str, Any]]:
        """All runs, as they stand now."""
        return {RUNS: {str(number): document_of(self.store, record) for number, record in self.store.documents()}}

    def write(self, data: Any) -> None:  # noqa: ARG002
        """Nothing can be changed here.

        Raises:
            StoreError: always.
        """
        raise StoreError(
            f"{self.store.url} is written by its observers only; open its metadata.json with TinyDB, while no run lasts"
        )


def document_of(store: TinyDbStore, record: RunRecord) -> dict[str, Any]:
    """What the predecessor's observer would have written: natural values, naive UTC times, files to read from."""
    arrays = partial(_bytes_of, store)
    tree = {key: decode(getattr(record, key), arrays) for key in ("host", "config", "meta", "info", "result")}
    times = {key: _naive(getattr(record, key)) for key in ("start_time", "heartbeat", "stop_time")}
    sources = [_entry(store, ref) for ref in record.files_of("source")]
    return {
        "_id": record.id,
        "uid": record.uid,
        "format": record.format,
        "command": record.command,
        "status": record.status,
        **tree,
        **times,
        "experiment": {**decode(record.experiment, arrays), "sources": sources},
        "resources": [_entry(store, ref) for ref in record.files_of("resource")],
        "artifacts": [[ref.path, *_entry(store, ref)] for ref in record.files_of("artifact")],
        "captured_out": _output(store, record),
        "fail_trace": list(record.fail_trace),
    }


class StoredFile(io.RawIOBase):
    """A kept file, opened when something is first read from it.

    Args:
        store: where it lies.
        digest: its hash; ``""`` where its bytes were not kept.
        shown: its name in the record.
    """

    def __init__(self, store: TinyDbStore, digest: str, shown: str) -> None:
        super().__init__()
        self._store = store
        self._digest = digest
        self._shown = shown
        self._file: BinaryIO | None = None

    def __repr__(self) -> str:
        return f"<StoredFile name={self.name!r}>"

    @property
    def name(self) -> str:
        """The path of the bytes."""
        return str(self._store.path_of(self._digest)) if self._digest else self._shown

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer``; the number of bytes that came, 0 at the end."""
        data = self._opened().read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """All that is left."""
        return self._opened().read()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to another place."""
        return self._opened().seek(offset, whence)

    def tell(self) -> int:
        """Where it stands."""
        return self._opened().tell()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _opened(self) -> BinaryIO:
        if self.closed:
            raise ValueError(f"{self!r} was closed")
        if not self._digest:
            raise BlobNotFoundError(f"the bytes of {self._shown!r} were not kept")
        if self._file is None:
            self._file = self._store.open_file(self._digest)
        return self._file


class StoredFiles:
    """The kept files of a store, by hash: sha256, or md5 for those that Sacred kept.

    Args:
        store: where they lie.
    """

    def __init__(self, store: TinyDbStore) -> None:
        self._store = store
        self.root = str(store.root)

    def exists(self, digest: str) -> bool:
        """Whether these bytes are here."""
        return bool(digest) and self._store.path_of(digest).is_file()

    def open(self, digest: str) -> StoredFile:
        """The bytes, for reading.

        Raises:
            OSError: there are none.
        """
        if not self.exists(digest):
            raise FileNotFoundError(f"no file with the hash {digest} in {self.root}")
        return StoredFile(self._store, digest, digest)


def _entry(store: TinyDbStore, ref: FileRef) -> list[Any]:
    """Name, hash and file, as the predecessor lists them."""
    digest = (ref.sha256 or ref.md5) if ref.kept else ""
    return [ref.path, digest, StoredFile(store, digest, ref.path)]


def _output(store: TinyDbStore, record: RunRecord) -> str:
    stream = StreamKey(OUTPUT, record.segment)
    end = store.streams(record.uid).get(stream, 0)
    data = store.read(record.uid, stream, max(0, end - OUTPUT_KEPT), OUTPUT_KEPT)
    return bytes(data).decode("utf-8", "replace")  # type: ignore[arg-type]


def _bytes_of(store: TinyDbStore, sha256: str) -> bytes:
    with store.open_blob(sha256) as file:
        return file.read()


def _naive(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=None)
