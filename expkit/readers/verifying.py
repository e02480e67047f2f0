"""Whether runs are whole: :class:`Verifier` reads all that belongs to them, and compares it with its hashes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.errors import DAMAGE, BlobNotFoundError, ExpkitError, RunNotFoundError
from expkit.readers.files import StoredFile
from expkit.readers.resolve import label
from expkit.record.hashing import config_hashes
from expkit.record.later import Later
from expkit.record.model import FileRef
from expkit.record.tagged import run_blobs
from expkit.stores.answers import RunKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from expkit.readers.run import StoredRun
    from expkit.record.model import RunRecord, StreamKey
    from expkit.stores.base import RunStore

MISSING, CHANGED, UNREADABLE = "missing", "changed", "unreadable"
"""What may have become of a part of a run."""

_CHUNK = 1 << 20
_POINTS = 50_000


class Fault(NamedTuple):
    """Something of a run that is not as it was recorded.

    Attributes:
        what: ``missing``, ``changed`` or ``unreadable``.
        part: ``record``, ``config``, ``later facts``, ``output 0-0``, ``points 0-0`` (segment and rank), ``source train.py``, ...
        why: a sentence.
    """

    what: str
    part: str
    why: str


class RunFault(NamedTuple):
    """A fault, and whose it is.

    Attributes:
        id: what the run is called.
        uid: of the run.
        fault: what is wrong.
    """

    id: str
    uid: str
    fault: Fault


class Verifier:
    """Looks at runs of one store, one after the other. Bytes that several of them name are read once.

    Args:
        store: where they are.

    Attributes:
        runs: how many it has looked at.
        files: how many files and arrays it has read.
        bytes: how many bytes these have.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._known: dict[str, tuple[str, str]] = {}
        self.runs = self.files = self.bytes = 0

    def check(self, run: StoredRun) -> list[Fault]:
        """What is wrong with a run; nothing if it is whole, or was deleted meanwhile."""
        self.runs += 1
        try:
            record = run.record
        except RunNotFoundError:
            return []
        except (ExpkitError, *DAMAGE) as error:
            return [Fault(UNREADABLE, "record", str(error))]
        return [*self._record(record), *self._streams(run), *self._later(run), *self._files(run, record)]

    def check_all(self, runs: Iterable[StoredRun], done: Callable[[], None] = lambda: None) -> Iterator[RunFault]:
        """What is wrong with many runs, as it is found; what was read of a run is forgotten before the next one.

        Args:
            runs: which ones.
            done: called after each run.
        """
        for run in runs:
            yield from [RunFault(label(run), run.uid, fault) for fault in self.check(run)]
            run.refresh()
            done()

    def _record(self, record: RunRecord) -> Iterator[Fault]:
        said = record.facts.hash
        if said and _unlike(lambda: config_hashes(record.config)[0], said):
            yield Fault(CHANGED, "config", f"it does not have the hash that was recorded with it, {said[:12]}")

    def _streams(self, run: StoredRun) -> Iterator[Fault]:
        try:
            ends = sorted(self._store.streams(run.uid).items())
        except (ExpkitError, *DAMAGE) as error:
            yield Fault(UNREADABLE, "streams", str(error))
            return
        for key, end in ends:
            part = f"{key.content} {key.segment}-{key.rank}"
            try:
                count = self._length(run.uid, key)
            except (ExpkitError, *DAMAGE) as error:
                yield Fault(UNREADABLE, part, str(error))
            else:
                if count < end:
                    yield Fault(MISSING, part, f"it ends at {count}, and should at {end}")

    def _length(self, uid: str, key: StreamKey) -> int:
        """How far a stream can be read."""
        offset = 0
        while batch := self._store.read(uid, key, offset, _POINTS):
            offset += len(batch)
        return offset

    def _later(self, run: StoredRun) -> Iterator[Fault]:
        try:
            _ = run.annotations
        except (ExpkitError, *DAMAGE) as error:
            yield Fault(UNREADABLE, "later facts", str(error))

    def _files(self, run: StoredRun, record: RunRecord) -> Iterator[Fault]:
        notes = vars(run).get("annotations", [])
        refs = [ref for ref in (*record.files, *Later(notes).files) if ref.kept]
        named = {ref.sha256 for ref in refs}
        arrays = sorted(run_blobs(record, notes) - named)
        refs += [FileRef(path=sha256[:12], role="array", sha256=sha256) for sha256 in arrays]
        key = RunKey(record.id or "", record.uid)
        for ref in refs:
            what, why = self._bytes(StoredFile(self._store, key, ref))
            if what:
                yield Fault(what, f"{ref.role} {ref.path}", why)

    def _bytes(self, file: StoredFile) -> tuple[str, str]:
        """What is wrong with the bytes of a file, and why; empty texts where nothing is."""
        name = file.sha256 or f"{file.run}/{file.name}/{file.ref.md5}"
        if name not in self._known:
            self._known[name] = self._read(file)
            self.files += 1
        return self._known[name]

    def _read(self, file: StoredFile) -> tuple[str, str]:
        said = file.sha256 or file.ref.md5
        try:
            found = self._hash(file, "sha256" if file.sha256 else "md5")
        except BlobNotFoundError:
            return MISSING, "its bytes are gone"
        except OSError as error:
            return UNREADABLE, str(error)
        except (ExpkitError, *DAMAGE) as error:  # the store itself has seen it
            self._store.has_blob(said)  # one that is away says so here, and then the bytes may be well
            return CHANGED, str(error)
        return ("", "") if not said or found == said else (CHANGED, "its bytes are not those that were recorded")

    def _hash(self, file: StoredFile, algorithm: str) -> str:
        digest: Any = hashlib.new(algorithm, usedforsecurity=False)
        with file.open() as source:
            while data := source.read(_CHUNK):
                digest.update(data)
                self.bytes += len(data)
        return str(digest.hexdigest())


def _unlike(found: Callable[[], str], said: str) -> bool:
    try:
        return found() != said
    except DAMAGE:
        return True
