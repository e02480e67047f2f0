"""Drivers of machines that keep folders for others: SFTP, FTP, WebDAV."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from expkit.stores.remote.drivers import ANSWER, Folders


class Sftp(Folders):
    """Folders behind SSH."""

    loggers = ("paramiko",)

    def _bind(self) -> None:
        self.fs.ftp.get_channel().settimeout(ANSWER)

    def read(self, path: str, start: int | None, end: int | None) -> bytes:
        """The bytes of a file, asked for in a row, instead of waiting for each 32 KiB."""
        with self.fs.ftp.open(path, "rb") as file:
            if start is None or end is None:
                file.seek(start or 0)
                file.prefetch()
                return bytes(file.read())
            return b"".join(file.readv([(start, end - start)]))

    def open(self, path: str, part: int | None = None) -> Any:  # noqa: ARG002
        """A file that is sent in a row, instead of waiting for an answer to each 32 KiB."""
        from expkit.stores.remote.sftp_upload import Upload

        return Upload(self.fs.ftp, path)

    def move(self, aside: str, path: str) -> None:
        """Rename as POSIX does: SFTP's own way does not go over what is there."""
        self.fs.ftp.posix_rename(aside, path)

    def renew(self, path: str) -> None:
        """Set its time."""
        self.fs.ftp.utime(path, None)

    def _make_folder(self, path: str) -> None:
        self.fs.ftp.mkdir(path)

    def close(self) -> None:
        """Close the connection."""
        self.fs.client.close()


class Ftp(Folders):
    """Folders behind FTP."""

    def move(self, aside: str, path: str) -> None:
        """Rename, over what is there."""
        self.fs.ftp.rename(aside, path)

    def _make_folder(self, path: str) -> None:
        self.fs.ftp.mkd(path)

    def close(self) -> None:
        """Close the connection."""
        self.fs.ftp.close()


class WebDav(Folders):
    """Folders behind WebDAV."""

    def _write(self, path: str, data: bytes) -> None:
        self.fs.client.upload_fileobj(BytesIO(data), path, overwrite=True)

    def open(self, path: str, part: int | None = None) -> Any:  # noqa: ARG002
        """A file that is sent when it is closed; that of the file system sends itself again when it is let go of."""
        return _Whole(self.fs.client, path)

    def move(self, aside: str, path: str) -> None:
        """Rename, over what is there."""
        self.fs.client.move(aside, path, overwrite=True)

    def _make_folder(self, path: str) -> None:
        self.fs.client.mkdir(path)

    def close(self) -> None:
        """Close the connections."""
        self.fs.client.http.close()


class _Whole:
    """A file for WebDAV, sent when it is closed."""

    def __init__(self, client: Any, path: str) -> None:
        from tempfile import TemporaryFile

        self._client, self._path = client, path
        self._file = TemporaryFile()  # noqa: SIM115
        self.write = self._file.write
        self.discard = self._file.close

    def close(self) -> None:
        self._file.seek(0)
        try:
            self._client.upload_fileobj(self._file, self._path, overwrite=True)
        finally:
            self._file.close()
