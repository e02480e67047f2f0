"""Bytes on their way from store to store, compared with their hashes while they pass."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

from expkit._support.frozen import Frozen
from expkit.errors import BlobNotFoundError
from expkit.record.tagged import blobs_of
from expkit.stores.base import KeepsForeignFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from expkit.record.model import FileRef, RunRecord
    from expkit.stores.base import Blob, RunStore
    from expkit.types import Json

GONE, CHANGED, UNREADABLE = "are gone", "are not those that were recorded", "cannot be read"
"""What may have become of bytes."""

_CHUNK = 1 << 20


class Carried(Frozen):
    """A record whose files are where it is going to be.

    Attributes:
        record: what could not be brought is a gap of it, and not kept.
        problems: a sentence for each of these.
    """

    record: RunRecord
    problems: tuple[str, ...]


class Carrier:
    """Brings bytes from store to store.

    Args:
        src: where they are.
        dst: where they go.
        moved: told how many bytes have passed.

    Attributes:
        moved: see above.
    """

    def __init__(self, src: RunStore, dst: RunStore, moved: Callable[[int], None]) -> None:
        self._src = src
        self._dst = dst
        self.moved = moved
        self._here: set[str] = set()

    def bring(self, record: RunRecord, there: RunRecord | None) -> Carried:
        """Bring all bytes that a record names.

        Args:
            record: as the source has it.
            there: as an earlier copy has it.
        """
        found = [self._file(record, ref, there) for ref in record.files]
        lost = [f"{ref.role} {ref.path!r} was not copied: its bytes {why}" for ref, why in found if why]
        lost += self.bring_trees((record.config, record.info, record.result))
        gaps = tuple(dict.fromkeys((*record.gaps, *lost)))
        return Carried(record=record.but(files=tuple(ref for ref, _ in found), gaps=gaps), problems=tuple(lost))

    def bring_trees(self, trees: Iterable[Json]) -> list[str]:
        """Bring what values keep beside them; a sentence for each that cannot be had."""
        wanted = sorted(set().union(*map(blobs_of, trees)))
        found = [(sha256, self._send(sha256)) for sha256 in wanted]
        return [f"an array was not copied: its bytes (sha256 {sha256}) {why}" for sha256, why in found if why]

    def _file(self, record: RunRecord, ref: FileRef, there: RunRecord | None) -> tuple[FileRef, str]:
        """The file as the copy names it, and what is wrong with its bytes."""
        if not ref.kept:
            return ref, ""
        if ref.sha256:
            why = self._send(ref.sha256)
            return (ref.but(kept=False), why) if why else (ref, "")
        if not isinstance(self._src, KeepsForeignFiles):
            return ref, ""
        known = None if there is None else _known(ref, record, there)
        if known is not None and self._dst.has_blob(known.sha256):
            return known, ""
        return self._foreign(self._src, record.uid, ref)

    def _send(self, sha256: str) -> str:
        """Bring bytes that are known by their hash; what is wrong with them, or nothing."""
        if sha256 in self._here or self._dst.has_blob(sha256):
            self._here.add(sha256)
            return ""
        try:
            self._put(self._src.open_blob(sha256), "sha256", sha256)
        except BlobNotFoundError:
            return GONE
        except _SpoiltError as error:
            return self._blamed(error)
        self._here.add(sha256)
        return ""

    def _foreign(self, src: KeepsForeignFiles, uid: str, ref: FileRef) -> tuple[FileRef, str]:
        try:
            blob = self._put(src.open_foreign(uid, ref), "md5", ref.md5)
        except BlobNotFoundError:
            return ref.but(kept=False), GONE
        except _SpoiltError as error:
            return ref.but(kept=False), self._blamed(error)
        return ref.but(sha256=blob.sha256, size=blob.size), ""

    def _blamed(self, error: _SpoiltError) -> str:
        """What is wrong with bytes; a store that is away says so here, and then the bytes may be well."""
        self._src.has_blob("0" * 64)
        return error.why

    def _put(self, source: BinaryIO, algorithm: str, digest: str) -> Blob:
        with source:
            return self._dst.put_blob(cast("BinaryIO", _Checked(source, algorithm, digest, self.moved)))


def _known(ref: FileRef, record: RunRecord, there: RunRecord) -> FileRef | None:
    """The file as an earlier copy named it: told by its md5, or by its size once the run has ended for both."""
    same = (other for other in there.files if other.sha256 and other.but(sha256="", size=0) == ref.but(size=0))
    found = next(same, None)
    if found is None or ref.md5:
        return found
    return found if found.size == ref.size and record.stop_time == there.stop_time is not None else None


class _SpoiltError(Exception):
    """The source of bytes is to blame; ``why`` says for what."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Checked:
    """A file of bytes. Whoever reads past its end, or all of it at once, learns whether they were the right ones."""

    def __init__(self, source: BinaryIO, algorithm: str, digest: str, moved: Callable[[int], None]) -> None:
        self._source = source
        self._hash: Any = hashlib.new(algorithm, usedforsecurity=False)
        self._digest = digest
        self._moved = moved

    def read(self, size: int | None = -1) -> bytes:
        is_all = size is None or size < 0
        try:
            data = self._source.read(-1 if size is None else size)
        except BlobNotFoundError:
            raise _SpoiltError(GONE) from None
        except Exception as error:
            raise _SpoiltError(CHANGED if self._is_damage(error) else UNREADABLE) from error
        self._hash.update(data)
        self._moved(len(data))
        if (is_all or (size and not data)) and self._digest not in ("", self._hash.hexdigest()):
            raise _SpoiltError(CHANGED)
        return data

    @staticmethod
    def _is_damage(error: Exception) -> bool:
        """Whether a store has found out itself that the bytes are others."""
        return not isinstance(error, OSError)
