"""Kept bytes, checked while they are read: :class:`Verified`."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any

from expkit.errors import StoreError


class Verified(io.RawIOBase):
    """Reads a file, and compares its hash with the one it should have as soon as the whole of it was read in order.

    Nothing is read twice: whoever jumps about, or stops early, gets bytes that nobody has checked.

    Args:
        file: from its beginning.
        sha256: what the bytes must have, in hex digits.
    """

    def __init__(self, file: io.FileIO, sha256: str) -> None:
        super().__init__()
        self._file = file
        self._sha256 = sha256
        self._hash = hashlib.sha256()
        self._hashed = 0

    @classmethod
    def open(cls, path: str, sha256: str) -> io.BufferedReader:
        """A buffered reader of a file.

        Raises:
            OSError: it cannot be opened.
        """
        return io.BufferedReader(cls(io.FileIO(path), sha256), 1 << 17)

    @property
    def name(self) -> Any:
        """The path."""
        return self._file.name

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor; what is read from it is not checked."""
        return self._file.fileno()

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer``; the number of bytes that came, 0 at the end.

        Raises:
            StoreError: this is the end, and the bytes were not those that were kept.
        """
        place = self._file.tell()
        count = self._file.readinto(buffer) or 0
        self._see(place, memoryview(buffer).cast("B")[:count])
        return count

    def readall(self) -> bytes:
        """All that is left.

        Raises:
            StoreError: the bytes are not those that were kept.
        """
        place = self._file.tell()
        data = self._file.readall() or b""
        self._see(place, data)
        if data:
            self._see(place + len(data), b"")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to another place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it stands."""
        return self._file.tell()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()

    def _see(self, place: int, data: bytes | memoryview) -> None:
        if place != self._hashed:  # somebody jumped over bytes, or reads some a second time
            return
        if data:
            self._hash.update(data)
            self._hashed += len(data)
        elif self._hash.hexdigest() != self._sha256:
            raise StoreError(f"{self.name} is damaged: its bytes are not those that were kept under this hash")
