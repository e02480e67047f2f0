"""What the file systems of fsspec do not do alike, each in its own way."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import cache
from io import BytesIO
from time import sleep
from typing import TYPE_CHECKING, Any

from expkit.errors import StoreError
from expkit.stores.remote.kinds import ANSWER, OBJECTS, UNKNOWN, lacks
from expkit.stores.remote.options import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.remote.place import Place


def connected(place: Place) -> Any:
    """A file system for a place.

    Raises:
        StoreError: its package is not installed, or it takes no such options.
    """
    with hushed(*_LOGGERS.get(place.kind.protocol, ())):
        fs = _asked(place)
    bind_in_time(fs)
    return fs


def _asked(place: Place) -> Any:
    try:
        return _made(place)
    except (ImportError, KeyError) as error:
        raise StoreError(lacks(place.kind, error)).lasting() from None
    except TypeError as error:
        raise StoreError(f"{place.where} cannot be asked like this: {error}").lasting() from None
    except FileNotFoundError as error:  # not there is a key or another file of whoever asks
        raise StoreError(f"{place.where} cannot be asked: {error}").lasting() from None


def _made(place: Place) -> Any:
    import fsspec

    kind, arguments = place.kind, place.arguments()
    if kind.style == UNKNOWN:
        check(place, fsspec.get_filesystem_class(kind.protocol), place.options)
        return fsspec.core.url_to_fs(place.full_url(), **arguments, skip_instance_cache=True)[0]
    made = _google() if kind.protocol == "gcs" else fsspec.get_filesystem_class(kind.protocol)
    check(place, made, place.options)
    if kind.protocol == "s3":
        arguments |= _of_s3()
    return made(**arguments) if kind.protocol == "memory" else made(**arguments, skip_instance_cache=True)


_LOGGERS = {
    "s3": ("s3fs", "botocore", "aiobotocore"),
    "gcs": ("gcsfs", "google"),
    "az": ("adlfs", "azure"),
    "sftp": ("paramiko",),
}
"""Of drivers that print errors, some with tracebacks, which are raised as well."""


def _google() -> Any:
    """The file system that speaks HTTP alone; the usual one first asks by gRPC which type a bucket has, for a minute."""
    from gcsfs.core import GCSFileSystem

    return GCSFileSystem


def _of_s3() -> dict[str, Any]:
    """A session of its own, which does not read the driver's large description of S3 once more."""
    from aiobotocore.session import AioSession

    session = AioSession()
    session.register_component("data_loader", _descriptions())
    return {"session": session}


@cache
def _descriptions() -> Any:
    from aiobotocore.session import AioSession

    return AioSession().get_component("data_loader")


def root_of(fs: Any, place: Place) -> str:
    """The folder of a store, as the file system names it."""
    if place.kind.style == UNKNOWN:
        return str(fs._strip_protocol(place.full_url())).rstrip("/")
    protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    root: str = fs._strip_protocol(f"{protocol}://{place.root()}") if place.kind.style == OBJECTS else place.root()
    return root.rstrip("/")


_NOT_FOUND = 404
_AT_ONCE = 5
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "modify", "created")


def modified_of(info: dict[str, Any]) -> datetime | None:
    """When an object was written, as a listing says it; None where it does not."""
    found: Any = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(found, str):
        found = _read_time(found)
    if isinstance(found, (int, float)):
        return datetime.fromtimestamp(found, timezone.utc)
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _read_time(text: str) -> datetime | None:
    """A time as ISO 8601 or FTP's MLSD (RFC 3659) write it; None for those of FTP's LIST, which know no year or no hour."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        pass
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def creates(fs: Any, path: str, data: bytes, bound: dict[str, float]) -> bool:
    """Write an object in one step, unless there is one; whether that was done."""
    for _ in range(3):
        try:
            fs.pipe_file(path, data, mode="create", **bound)
        except FileExistsError:
            return False
        except OSError as error:
            if says(error, "PreconditionFailed", "pre-condition", "preconditions", "412"):
                return False
            if not says(error, "ConditionalRequestConflict", "409"):
                raise
            sleep(0.05)  # somebody else is about to put it
        else:
            return True
    return False


def renew(fs: Any, path: str, bound: dict[str, float]) -> None:
    """Let an object count as written just now without sending its bytes, where the place has a way to do that."""
    if hasattr(fs, "call_s3"):
        bucket, key, _ = fs.split_path(path)
        here = {"Bucket": bucket, "Key": key}
        fs.call_s3("copy_object", **here, CopySource=here, MetadataDirective="REPLACE", **bound)
    elif getattr(fs, "async_impl", False):  # Google and Azure copy objects onto themselves
        fs.cp_file(path, path, **bound)
    elif hasattr(fs, "ftp") and hasattr(fs.ftp, "utime"):
        fs.ftp.utime(path, None)


def says(error: BaseException, *signs: str) -> bool:
    """Whether an error has one of these words."""
    text = f"{error!r} {error.__cause__!r}"
    return any(sign in text for sign in signs)


def make_folder(fs: Any, path: str) -> None:
    """Make a folder, or fail if there is one: in one step, which the file system's own way is not everywhere."""
    if hasattr(fs, "ftp") and hasattr(fs.ftp, "mkd"):
        fs.ftp.mkd(path)
    elif hasattr(fs, "ftp"):
        fs.ftp.mkdir(path)
    elif hasattr(fs, "client"):
        fs.client.mkdir(path)
    else:
        fs.mkdir(path, create_parents=False)


def move(fs: Any, source: str, target: str) -> None:
    """Rename, over what is there."""
    if hasattr(fs, "client") and hasattr(fs.client, "move"):
        fs.client.move(source, target, overwrite=True)
    elif hasattr(fs, "ftp") and hasattr(fs.ftp, "rename") and not hasattr(fs.ftp, "posix_rename"):
        fs.ftp.rename(source, target)
    elif hasattr(fs, "ftp") and hasattr(fs.ftp, "posix_rename"):
        fs.ftp.posix_rename(source, target)
    else:
        fs.mv(source, target)


class _Whole:
    """A file for WebDAV, sent when it is closed; that of the driver sends itself again when it is let go of."""

    def __init__(self, fs: Any, path: str) -> None:
        from tempfile import TemporaryFile

        self._client, self._path = fs.client, path
        self._file = TemporaryFile()  # noqa: SIM115
        self.write = self._file.write
        self.discard = self._file.close

    def close(self) -> None:
        self._file.seek(0)
        try:
            self._client.upload_fileobj(self._file, self._path, overwrite=True)
        finally:
            self._file.close()


def opened(fs: Any, path: str, part: int) -> Any:
    """A file to write to, for large uploads; ``part``: bytes that are sent at once, where the place takes parts."""
    return _Whole(fs, path) if _is_webdav(fs) else _in_a_row(fs.open(path, "wb", block_size=part))


def read(fs: Any, path: str, start: int | None, end: int | None, bound: dict[str, float]) -> bytes:
    """The bytes of a file, or those from ``start`` to ``end``."""
    if not hasattr(getattr(fs, "ftp", None), "open"):
        return bytes(fs.cat_file(path, start=start, end=end, **bound))
    with fs.ftp.open(path, "rb") as file:  # SFTP: asked for in a row, instead of waiting for each 32 KiB
        if start is None or end is None:
            file.seek(start or 0)
            file.prefetch()
            return bytes(file.read())
        return b"".join(file.readv([(start, end - start)]))


def _in_a_row(file: Any) -> Any:
    """A file of SFTP sends piece after piece, instead of waiting for an answer to each 32 KiB; errors come at the latest when it is closed."""
    if hasattr(file, "set_pipelined"):
        file.set_pipelined(True)
    return file


def write_file(fs: Any, path: str, data: bytes) -> None:
    """Write a file, over what is there."""
    if _is_webdav(fs):
        fs.client.upload_fileobj(BytesIO(data), path, overwrite=True)
        return
    with _in_a_row(fs.open(path, "wb")) as file:
        file.write(data)


def _is_webdav(fs: Any) -> bool:
    return hasattr(getattr(fs, "client", None), "upload_fileobj")


def discard(file: Any) -> None:
    """Break an upload off."""
    try:
        file.discard()
    except Exception:  # there may be nothing yet
        pass
    try:
        file.closed = True  # else it would finish the upload when it is collected
    except AttributeError:  # that of SFTP is what it is
        with suppress(Exception):
            file.close()


def is_absent(error: Exception) -> bool:
    """Whether an error that is no ``FileNotFoundError`` says that there is nothing of that name."""
    return getattr(getattr(error, "response", None), "status_code", None) == _NOT_FOUND


def make_folders(fs: Any, folder: str) -> None:
    """Make a folder and those around it; several may do that at once."""
    for left in reversed(range(_AT_ONCE)):
        fs.invalidate_cache()
        try:
            fs.makedirs(folder, exist_ok=True)
        except Exception:  # somebody else was quicker at one of them
            fs.invalidate_cache()
            if fs.exists(folder):
                return
            if not left:
                raise
        else:
            return


_DROPPED = frozenset(
    (
        "SSHException",
        "error_temp",
        "RemoteProtocolError",
        "ReadError",
        "WriteError",
        "ServerDisconnectedError",
        "ClientOSError",
        "ClientPayloadError",
        "ServiceResponseError",
        "IncompleteReadError",
    )
)
"""Errors of drivers, by name, so that none of them has to be loaded."""


def is_dropped(error: Exception) -> bool:
    """Whether a connection broke that may be made again at once; slowness is no such thing."""
    if "protocol banner" in str(error):  # whoever listens there has had time enough to say who it is
        return False
    return (
        isinstance(error, (EOFError, ConnectionError))
        or type(error).__name__ in _DROPPED
        or (isinstance(error, OSError) and "closed" in str(error).lower())
    )


def bind_in_time(fs: Any) -> None:
    """Limits that no argument of a file system sets: who tries again, and when, is decided in one place for all."""
    if hasattr(fs, "retries"):
        fs.retries = 2
    channel = getattr(getattr(fs, "ftp", None), "get_channel", None)
    if channel is not None:
        channel().settimeout(ANSWER)
    if (once := getattr(getattr(type(fs), "_request", None), "__wrapped__", None)) is not None:  # Google: 6 tries
        fs._request = once.__get__(fs)
    policy = getattr(getattr(getattr(fs, "service_client", None), "_config", None), "retry_policy", None)
    if policy is not None and hasattr(policy, "total_retries"):  # Azure: 3 tries, the second after 15 seconds
        policy.total_retries = 0


def quieten(name: str) -> None:
    """Let the logger of a driver print nothing where the program has not set up logging: errors are told by us."""
    from logging import NullHandler, getLogger

    logger = getLogger(name)
    if not any(isinstance(handler, NullHandler) for handler in logger.handlers):
        logger.addHandler(NullHandler())


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let loggers print nothing from now on, and say nothing at all meanwhile: what is wrong is raised as well."""
    from logging import getLogger

    loggers = [getLogger(name) for name in names]
    before = [logger.propagate for logger in loggers]
    for name, logger in zip(names, loggers, strict=True):
        quieten(name)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.propagate = propagate


def let_go(fs: Any) -> None:
    """Close connections; asynchronous drivers do so when they are let go of."""
    try:
        http = getattr(getattr(fs, "client", None), "http", None)
        if http is not None:
            http.close()
        elif hasattr(fs, "client") and hasattr(fs.client, "close"):
            fs.client.close()
        elif hasattr(fs, "ftp"):
            fs.ftp.close()
    except Exception:  # it is gone anyway
        pass
