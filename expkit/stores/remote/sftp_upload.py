"""Writing a file of an SFTP server: :class:`Upload`. Needs paramiko."""

from __future__ import annotations

from typing import Any

from paramiko.sftp import CMD_CLOSE, CMD_WRITE, int64  # type: ignore[import-untyped]

_PIECE = 32 << 10
"""Bytes of one request that every server takes."""

_AHEAD = 64
"""Requests that are sent before their answers are waited for."""


class Upload:
    """A file to which pieces are sent in a row; once it is closed, the server has acknowledged each of them.

    That is why it is here: paramiko's pipelined files drop the answers, so that nobody hears of a full disk.

    Args:
        sftp: the connection.
        path: of the file.

    Raises:
        OSError: the server cannot write it; so do all methods.
    """

    def __init__(self, sftp: Any, path: str) -> None:
        self._sftp = sftp
        self._file = sftp.open(path, "wb")
        self._size = self._ahead = 0
        self._error: Exception | None = None

    def write(self, data: bytes) -> None:
        """Send bytes; an error may be that of earlier ones."""
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            self._sftp._async_request(self, CMD_WRITE, self._file.handle, int64(self._size), piece)
            self._size += len(piece)
            self._ahead += 1
            if self._ahead == _AHEAD:
                self._hear()

    def close(self) -> None:
        """Hear what became of all pieces, and of the file as a whole."""
        self._file._closed = True  # its own way of closing hears nothing, either
        self._sftp._async_request(self, CMD_CLOSE, self._file.handle)  # of one file all is done in the order it is sent
        self._hear()

    def discard(self) -> None:
        """Break off; what was written may be there or not."""
        self._file.close()

    def _hear(self) -> None:
        self._ahead = 0
        self._sftp._finish_responses(self)

    # -- what the connection asks of a file ------------------------------------------------------------

    def _async_response(self, _kind: int, answer: Any, _number: int) -> None:
        try:
            self._sftp._convert_status(answer)
        except (OSError, EOFError) as error:
            self._error = self._error or error

    def _check_exception(self) -> None:
        if self._error is not None:
            raise self._error
