"""Bytes by their hash, and the places that show them."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO, cast

from expkit.stores.disk import files
from expkit.stores.disk.digests import CHUNK, Digest, digest_of_bytes
from expkit.stores.disk.reserve import check_room
from expkit.stores.disk.views import Views, clone_into

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from expkit.stores.disk.layout import StoreLayout


class Blobs:
    """The bytes of a store: each once, read-only, named by sha256."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._views = Views()

    def put(self, source: Path | bytes | BinaryIO, *, md5: bool = False) -> Digest:
        """Keep bytes. Memory use is bounded; bytes that are here already are not written again."""
        if isinstance(source, (bytes, bytearray, memoryview)):
            return self._put_bytes(bytes(source), md5)
        if isinstance(source, os.PathLike):
            return self._put_file(os.fspath(source), md5)
        return self._put_stream(source, md5)

    def has(self, sha256: str) -> bool:
        """Whether the bytes are here; if so they count as used just now, so no sweep takes them."""
        from expkit.stores.rules import is_hash

        if not is_hash(sha256):
            return False
        path = self._layout.blob(sha256)
        try:
            os.utime(path)
        except OSError:  # not there, or nothing may be touched
            return os.path.exists(path)
        return True

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, for reading; whoever reads them in order, to their end, learns there if they are damaged.

        Raises:
            BlobNotFoundError: they are not here.
        """
        from expkit.stores.disk.verified import Verified

        try:
            return cast("BinaryIO", Verified.open(self._layout.blob(sha256), sha256))
        except (OSError, ValueError) as error:
            from expkit.stores.rules import no_bytes

            raise no_bytes(sha256, self._layout.root) from error

    def show(self, sha256: str, target: str) -> None:
        """Let the bytes appear at ``target``, taking no second space where the file system can do that."""
        self._views.show(self._layout.blob(sha256), target)

    def all(self) -> Iterator[str]:
        """The files of all blobs."""
        for folder in files.entries(self._layout.blobs):
            yield from files.entries(folder)

    def _put_bytes(self, data: bytes, md5: bool) -> Digest:
        digest = digest_of_bytes(data, md5)
        if not self._has(digest):
            check_room(self._layout.root, len(data))
            with self._aside() as (file, aside):
                files.write_all(file.fileno(), data)
            self._adopt(aside, digest)
        return digest

    def _put_file(self, path: str, md5: bool) -> Digest:
        stat = os.stat(path)
        if stat.st_size > CHUNK:
            return self._put_large(path, stat, md5)
        with open(path, "rb") as file:
            return self._put_bytes(file.read(), md5) if stat.st_size else self._put_stream(file, md5)

    def _put_large(self, path: str, stat: os.stat_result, md5: bool) -> Digest:
        from expkit.stores.disk.large import Known, digest_of, is_same

        known = Known(self._layout.known)
        found = known.find(path, stat)
        if found and (found.md5 or not md5) and self._has(found):
            return found if md5 else found._replace(md5="")
        began = time.time_ns()
        may_be_here = known.has_twin(path, stat)
        digest = digest_of(path, md5) if may_be_here else None
        if digest is None or not self._has(digest):
            check_room(self._layout.root, stat.st_size)
            digest = self._copy_in(path, md5)
        if is_same(stat, os.stat(path)):
            known.note(path, stat, began, digest)
        return digest

    def _copy_in(self, path: str, md5: bool) -> Digest:
        """Copy a file; the bytes that were written are those that are hashed."""
        from expkit.stores.disk.large import chunks_of, copied, digest_of

        with self._aside() as (file, aside):
            is_clone = clone_into(path, file.fileno())
            digest = digest_of(aside, md5) if is_clone else copied(chunks_of(path), file, md5)
        self._adopt(aside, digest)
        return digest

    def _put_stream(self, source: BinaryIO, md5: bool) -> Digest:
        from expkit.stores.disk.large import copied

        with self._aside() as (file, aside):
            digest = copied(iter(lambda: source.read(CHUNK), b""), file, md5)
        if self._has(digest):
            files.remove(aside)
        else:
            self._adopt(aside, digest)
        return digest

    def _has(self, digest: Digest) -> bool:
        """Whether the bytes are here, all of them."""
        return self.has(digest.sha256) and files.size_of(self._layout.blob(digest.sha256)) == digest.size

    @contextmanager
    def _aside(self) -> Iterator[tuple[FileIO, str]]:
        """A new file beside the others, and its name; gone if anything goes wrong."""
        aside = f"{self._layout.scratch}/{files.fresh_name()}"
        try:
            file = FileIO(aside, "xb")
        except FileNotFoundError:
            os.makedirs(self._layout.scratch, exist_ok=True)
            file = FileIO(aside, "xb")
        try:
            with file:
                yield file, aside
        except BaseException:
            files.remove(aside)
            raise

    def _adopt(self, aside: str, digest: Digest) -> None:
        os.chmod(aside, 0o444)  # a link to it must not be the way to change it
        path = self._layout.blob(digest.sha256)
        try:
            try:
                files.move(aside, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                files.move(aside, path)
        except BaseException:
            files.remove(aside)
            raise
