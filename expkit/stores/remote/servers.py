"""Drivers of machines that keep folders for others: SFTP, FTP, WebDAV."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from expkit.stores.remote.drivers import ANSWER, ASIDE, Driver
from expkit.stores.remote.trouble import is_absent

if TYPE_CHECKING:
    from expkit.stores.remote.place import Place

_CLAIM = ".claim"
_TRIES = 3
"""So often something is renamed that was refused because of what is gone by now."""


class Folders(Driver):
    """Folders of a server. Whoever claims a name brings a folder to stand beside it, with the bytes in it already.

    1. The folder is made aside, and the bytes are written into it, under a name that nobody else uses.
    2. It is renamed to ``NAME.claim``. From now on anybody who comes can go on, and nobody waits for anybody.
    3. If nothing is called ``NAME``, the bytes are renamed to that, out of the folder. Whoever did that to his own has won.

    Who dies before 2 has claimed nothing. Who dies, or sleeps, before 3 has it done for him by the next.

    That there is one winner hangs on 3: bytes leave a folder once, only while it is called ``NAME.claim``, and after a look
    at ``NAME`` that is later than 2. It does not hang on 2 being refused where ``NAME.claim`` is there, which is less
    certain than it looks:

    - SFTP (draft 02, 6.5): "It is an error if there already exists a file with the name specified by newpath". OpenSSH
      links files, in one step, but looks for folders first; then it is rename(2), which refuses folders with something in
      them and replaces empty ones. Some servers made with libraries rename like that at once, files too, as OpenSSH's
      ``posix-rename`` does.
    - FTP (RFC 959, RNTO) says nothing. Servers do as rename(2), or as Windows, which refuses.
    - WebDAV (RFC 4918, 9.9.3): with ``Overwrite: F`` MOVE must fail where the destination is. Servers look first and move
      then, and of two at once wsgidav moves the second folder *into* the first one, while Nextcloud removes the first.

    Attributes:
        is_strict: whether renaming a file is refused where one of its new name is, by every server of the kind.
    """

    is_exclusive = True
    is_strict: ClassVar[bool] = False

    def _root(self, place: Place) -> str:
        return place.root()

    def claim(self, path: str, data: bytes) -> bool:
        """Claim a name as said above; whether it was our bytes that we gave it."""
        aside, own = self.aside(path), self.aside("bytes")
        self.make_room(path)
        self._make_folder(aside)
        self._write(f"{aside}/{own}", data)
        if self._moved(aside, f"{path}{_CLAIM}"):
            return self._gave(f"{path}{_CLAIM}/{own}", path)
        with suppress(Exception):  # nobody looks at what lies aside
            self.remove(f"{aside}/{own}")
            self.fs.rmdir(aside)
        return False

    def settle(self, path: str) -> None:
        """Go on with what others have brought; an empty folder, as versions before this one left them, makes room."""
        folder = f"{path}{_CLAIM}"
        brought = self._brought(folder)
        for name in brought:
            self._gave(f"{folder}/{name}", path)
        if not brought and self._moved(folder, aside := self.aside(path)):
            with suppress(Exception):
                self.fs.rmdir(aside)

    def _gave(self, own: str, path: str) -> bool:
        """Give bytes a name that is free; whether that was done by us."""
        if (self.is_strict or not self._is_there(path)) and self._moved(own, path):
            return True
        with suppress(Exception):
            self.remove(own)
        return False

    def _moved(self, path: str, to: str) -> bool:
        """Rename; False where something is called so already, or where somebody else has renamed it."""
        for left in reversed(range(_TRIES)):
            try:
                self._rename(path, to)
            except Exception as error:
                if self._is_there(to) or not self._is_there(path):
                    return False
                if not left:
                    raise error from None
            else:
                return True
        raise AssertionError("unreachable")

    def _is_there(self, path: str) -> bool:
        """Whether there is a file or a folder of that name, for those who may write."""
        try:
            self.info(path)
        except Exception as error:
            if is_absent(error):
                return False
            raise
        return True

    def _brought(self, folder: str) -> list[str]:
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(folder, detail=True)
        except Exception as error:
            if is_absent(error):
                return []
            raise
        files = (info["name"].rpartition("/")[2] for info in found if info["type"] == "file")
        return [name for name in files if name.endswith(ASIDE)]  # some machines put files of their own everywhere

    def _make_folders(self, folder: str) -> None:
        """Make a folder and those around it; where they are there, it is made without asking for each of them."""
        if folder.rpartition("/")[0] in (self.root, *self._folders):
            with suppress(Exception):
                return self._make_folder(folder)
        return super()._make_folders(folder)

    @abstractmethod
    def _rename(self, path: str, to: str) -> None:
        """Rename a file or a folder, in the way that refuses most."""

    @abstractmethod
    def _make_folder(self, path: str) -> None:
        """Make a folder."""


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

    def _rename(self, path: str, to: str) -> None:
        self.fs.ftp.rename(path, to)

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

    def _is_there(self, path: str) -> bool:
        """Whether it may be renamed: one question, where the file system would list the whole folder around it."""
        try:
            self.fs.ftp.sendcmd(f"RNFR {path}")
        except Exception as error:
            if str(error).startswith("550"):
                return False
            raise
        return True

    def move(self, aside: str, path: str) -> None:
        """Rename, over what is there."""
        self._rename(aside, path)

    def _rename(self, path: str, to: str) -> None:
        self.fs.ftp.rename(path, to)

    def _make_folder(self, path: str) -> None:
        self.fs.ftp.mkd(path)

    def close(self) -> None:
        """Close the connection."""
        self.fs.ftp.close()


class WebDav(Folders):
    """Folders behind WebDAV."""

    is_strict = True

    def _write(self, path: str, data: bytes) -> None:
        self.fs.client.upload_fileobj(BytesIO(data), path, overwrite=True)

    def open(self, path: str, part: int | None = None) -> Any:  # noqa: ARG002
        """A file that is sent when it is closed; that of the file system sends itself again when it is let go of."""
        return _Whole(self.fs.client, path)

    def move(self, aside: str, path: str) -> None:
        """Rename, over what is there."""
        self.fs.client.move(aside, path, overwrite=True)

    def _rename(self, path: str, to: str) -> None:
        self.fs.client.move(path, to, overwrite=False)

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
