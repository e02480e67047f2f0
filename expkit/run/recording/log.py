"""The local log of a run: :class:`LocalLog` in a folder, :class:`NoLog` for runs that nobody observes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit._support.places import state_dir
from expkit._support.signature import signature_of
from expkit.errors import BlobNotFoundError
from expkit.record.fold import fold
from expkit.record.model import OUTPUT, StreamKey
from expkit.run.output.capture import TAIL, read_text
from expkit.run.recording.named import NamedBytes
from expkit.run.recording.sparing import Sparing
from expkit.stores.disk.layout import FILES
from expkit.stores.folder.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import BinaryIO

    from expkit._support.signature import Signature
    from expkit.record.events import Event
    from expkit.record.model import FileRef, Lease, RunRecord
    from expkit.stores.base import Batch
    from expkit.stores.disk.points import PointWriter


def spool_store(uid: str) -> FolderStore:
    """A store for one run that no folder store observes, until everything is delivered."""
    return FolderStore(state_dir() / "spool" / uid)


def owed_dir() -> str:
    """The folder of notes of what observers are owed; there is none while nothing is owed."""
    return f"{state_dir()}/owed"


class PastLog:
    """What the log of a run says: of one that is over, or whose process has died.

    Args:
        store: where the run is.
        uid: of the run.
    """

    def __init__(self, store: FolderStore, uid: str) -> None:
        self._store = store
        self._uid = uid
        self._named = NamedBytes()

    @property
    def home(self) -> FolderStore:
        """The store in whose folder the log lies."""
        return self._store

    def streams(self) -> Mapping[StreamKey, int]:
        """Streams of the run and their present ends."""
        return self._store.streams(self._uid)

    def read(self, stream: StreamKey, offset: int, limit: int | None = None) -> Batch:
        """Items of a stream from ``offset`` on."""
        return self._store.read(self._uid, stream, offset, limit)

    def output_text(self) -> str:
        """Captured output, filtered; its last 10 MB."""
        tail = self.streams().get(StreamKey(OUTPUT), 0)
        data = self.read(StreamKey(OUTPUT), max(0, tail - TAIL))
        assert isinstance(data, bytes)
        return data.decode("utf-8", "replace")

    def open_blob(self, sha256: str) -> BinaryIO:
        """Kept bytes."""
        return self._store.open_blob(sha256)

    def filename(self, ref: FileRef) -> str:
        """Where the bytes of a kept file lie, under the file's own name."""
        return self._under(os.path.basename(ref.path), ref)

    def _under(self, name: str, ref: FileRef) -> str:
        if not ref.sha256:
            return ref.path
        return self._named.path(self._store.blob_path(ref.sha256), ref.sha256, name)


class LocalLog(PastLog):
    """A run's folder in a folder store, written by the process that runs the run.

    Args:
        store: where the run was created.
        record: the run as created.
        on_loss: told why a point could not be kept.
        rank: of this process.

    Attributes:
        show_record: brings the record's files up to date unless that has taken long.
    """

    def __init__(
        self, store: FolderStore, record: RunRecord, on_loss: Callable[[Exception], None], rank: int = 0
    ) -> None:
        super().__init__(store, record.uid)
        self._log = store.open_log(record.uid, rank=rank)
        self._log.on_loss = on_loss
        self._originals: dict[str, tuple[str, Signature | None]] = {}
        self._shown: dict[str, str] = {}
        self.show_record = Sparing(self.flush)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._log.folder

    @property
    def is_gone(self) -> bool:
        """Whether somebody has taken the run's folder away."""
        return not self.folder.is_dir()

    @property
    def files(self) -> Path:
        """The run's folder for the user's files."""
        return self._log.files

    @property
    def output(self) -> Path:
        """The file whose bytes are the output stream."""
        return self._log.output

    @property
    def last_words(self) -> str:
        """Path of the file for signals and crashes."""
        return self._log.last_words

    @property
    def points(self) -> PointWriter:
        """Where points are added."""
        return self._log.points

    # -- writing ---------------------------------------------------------------------------------------

    def write(self, event: Event) -> RunRecord:
        """Fold the event into the record, write it down, return the new record."""
        return self._log.write(event)

    def keep(self, source: Path | bytes, ref: FileRef, *, show: bool = True) -> FileRef:
        """Keep the bytes of ``source`` and return ``ref`` with hashes and size.

        Without ``show`` they appear nowhere else before :meth:`show` is called.
        """
        before = None if isinstance(source, bytes) else signature_of(source)
        kept = self._log.keep(source, ref, show=show)
        if not isinstance(source, bytes):
            self._originals[_key(kept)] = (str(source), before)
        if kept.role == "artifact":
            self._shown[kept.path] = kept.sha256
        return kept

    def show(self, refs: Iterable[FileRef]) -> None:
        """Show what was kept without that, unless somebody has removed the folder for it."""
        self._log.show(refs)

    def renew(self, lease: Lease) -> None:
        """Give a sign of life.

        Raises:
            FolderGoneError: the run's folder is gone.
        """
        self._log.check()
        self._store.renew(self._uid, lease)

    def flush(self) -> None:
        """Bring the record's files up to date."""
        self._log.flush()

    def show_metrics(self) -> None:
        """Bring ``metrics.json`` up to date, unless it is long."""
        self._log.show_metrics()

    def close(self) -> None:
        """Finish the log."""
        self._log.close()

    def remove(self) -> None:
        """Remove the spool: everything is delivered."""
        from shutil import rmtree

        self._store.close()
        rmtree(self._store.root, ignore_errors=True)

    # -- reading ---------------------------------------------------------------------------------------

    def output_text(self) -> str:
        """Captured output, filtered; its last 10 MB."""
        return read_text(self.output)

    def filename(self, ref: FileRef) -> str:
        """A path that ends in the name of the file that was kept: of a resource itself while it is unchanged.

        An artifact may be gone at any moment, so of one it is where the bytes are kept.
        """
        path, before = self._originals.get(_key(ref), ("", None))
        if ref.role == "resource" and path and signature_of(path) == before:
            return path
        name, shown = os.path.basename(path or ref.path), f"{self.folder}/{ref.path}"
        if name == os.path.basename(ref.path) and self._is_shown(ref) and os.path.isfile(shown):
            return shown
        return self._under(name, ref)

    def _is_shown(self, ref: FileRef) -> bool:
        """Whether the run's folder has the artifact, and no newer one of that name; below `files` it is the user's."""
        return self._shown.get(ref.path) == ref.sha256 and not ref.path.startswith(f"{FILES}/")


class NoLog:
    """Stands where a log would, for runs that nobody observes: knows the record, keeps nothing."""

    home = None
    folder = None
    is_gone = False
    points = None
    output = Path(os.devnull)
    last_words = ""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._files: Any = None

    @property
    def files(self) -> Path:
        """A temporary folder, gone after the run."""
        if self._files is None:
            import tempfile

            self._files = tempfile.TemporaryDirectory(prefix="expkit-")
        return Path(self._files.name)

    def write(self, event: Event) -> RunRecord:
        """Fold the event into the record."""
        self._record = fold(self._record, event)
        return self._record

    def keep(self, source: Path | bytes, ref: FileRef, *, show: bool = True) -> FileRef:  # noqa: ARG002
        """Keep nothing."""
        return ref

    def show(self, refs: Iterable[FileRef]) -> None:
        """There is nothing to show."""

    def renew(self, lease: Lease) -> None:
        """Nobody asks."""

    def flush(self) -> None:
        """Nothing to write."""

    show_record = flush

    def show_metrics(self) -> None:
        """There are none."""

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._files is not None:
            self._files.cleanup()

    remove = close

    def streams(self) -> Mapping[StreamKey, int]:
        """There are none."""
        return {}

    def read(self, stream: StreamKey, offset: int, limit: int | None = None) -> Batch:  # noqa: ARG002
        """Nothing."""
        return b"" if stream.content == OUTPUT else []

    def output_text(self) -> str:
        """Nothing."""
        return ""

    def open_blob(self, sha256: str) -> BinaryIO:
        """There are none."""
        raise BlobNotFoundError(f"this run is not recorded, so the bytes of {sha256} are not kept")

    def filename(self, ref: FileRef) -> str:
        """The name that the user gave."""
        return ref.path


def _key(ref: FileRef) -> str:
    return f"{ref.role}:{ref.path}:{ref.sha256}"
