"""The kinds of places that fsspec reaches: which package each takes, what it promises, how it is bounded in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.stores.remote.buckets import S3, Azure, Google, Memory
from expkit.stores.remote.drivers import ANSWER, CONNECT, Driver, Plain
from expkit.stores.remote.servers import Ftp, Sftp, WebDav

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER = "[USER@]HOST[:PORT]/PATH"


class Kind(NamedTuple):
    """One kind of place.

    Attributes:
        name: as people know it.
        protocol: as fsspec knows it.
        extra: of expkit, with what it takes.
        driver: what its file system does.
        usual: arguments of the file system.
        bucket: what the first part of the path is called, where that is a bucket.
        form: of its URLs, behind the scheme.
        is_lasting: whether it outlives the process.
    """

    name: str
    protocol: str
    extra: str
    driver: type[Driver]
    usual: Mapping[str, Any] = {}
    bucket: str = ""
    form: str = "PATH"
    is_lasting: bool = True

    @property
    def is_ours(self) -> bool:
        """Whether more is known of it than fsspec says."""
        return self.driver is not Plain


_S3 = Kind(
    "S3",
    "s3",
    "s3",
    S3,
    {
        "use_listings_cache": False,
        "max_concurrency": 1,  # otherwise the driver asks for the size before it gets anything
        "config_kwargs": {
            "connect_timeout": CONNECT,
            "read_timeout": ANSWER,
            "retries": {"max_attempts": 1, "mode": "standard"},
        },
    },
    "bucket",
    "BUCKET/PATH",
)
_GOOGLE = Kind(
    "Google Cloud Storage", "gcs", "gcs", Google, {"use_listings_cache": False}, bucket="bucket", form="BUCKET/PATH"
)
_AZURE = Kind(
    "Azure Blob Storage",
    "az",
    "azure",
    Azure,
    {"connection_timeout": CONNECT, "read_timeout": ANSWER},
    "container",
    "CONTAINER/PATH",
)
_SFTP = Kind(
    "SFTP",
    "sftp",
    "sftp",
    Sftp,
    {"timeout": CONNECT, "banner_timeout": CONNECT * 2, "auth_timeout": CONNECT * 2},
    form=_SERVER,
)
_FTP = Kind("FTP", "ftp", "remote", Ftp, {"timeout": ANSWER}, form=_SERVER)
_WEBDAV = Kind("WebDAV", "webdav", "webdav", WebDav, {"timeout": ANSWER}, form=_SERVER)
_MEMORY = Kind("memory", "memory", "remote", Memory, is_lasting=False)

KINDS: dict[str, Kind] = {
    "s3": _S3,
    "s3a": _S3,
    "gs": _GOOGLE,
    "gcs": _GOOGLE,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "sftp": _SFTP,
    "ssh": _SFTP,
    "ftp": _FTP,
    "ftps": _FTP,
    "webdav+http": _WEBDAV,
    "webdav+https": _WEBDAV,
    "memory": _MEMORY,
}
"""By the scheme of their URLs."""


def kind_of(scheme: str) -> Kind | None:
    """The kind that a scheme names: one of ours, or one that only fsspec knows; None where it does not."""
    if scheme in KINDS:
        return KINDS[scheme]
    try:
        from fsspec.registry import known_implementations, registry
    except ImportError:
        return None
    known = scheme in known_implementations or scheme in registry
    return Kind(scheme, scheme, "remote", Plain) if known else None


def meant_by(kind: Kind) -> list[str]:
    """The schemes that we have for a kind which only fsspec knows by this name."""
    return [] if kind.is_ours else [scheme for scheme, ours in KINDS.items() if ours.protocol == kind.protocol]


_PACKAGES = {
    "box": "boxfs",
    "dropbox": "dropboxdrivefs dropbox requests",
    "dvc": "dvc",
    "gdrive": "gdrive_fs",
    "git": "pygit2",
    "hdfs": "pyarrow",
    "hf": "huggingface_hub",
    "http": "aiohttp requests",
    "https": "aiohttp requests",
    "lakefs": "lakefs-spec",
    "oci": "ocifs",
    "oss": "ossfs",
    "root": "fsspec-xrootd",
    "smb": "smbprotocol",
    "tos": "tosfs",
    "wandb": "wandbfs",
}
"""What fsspec needs for kinds that are none of ours."""


def lacks(kind: Kind, error: BaseException) -> str:
    """The sentence about a kind whose package is not installed; it ends with what to type, where that is known."""
    said = f"{kind.name} takes a package that is not installed ({error})"
    if kind.is_ours:
        return f"{said}: pip install 'expkit[{kind.extra}]'"
    return f"{said}: pip install {_PACKAGES[kind.protocol]}" if kind.protocol in _PACKAGES else said
