"""The kinds of places that fsspec reaches: which package each takes, what it promises, how it is bounded in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OBJECTS, FOLDERS, UNKNOWN = "objects", "folders", "unknown"
CONNECT = 5
"""Seconds to reach a server."""

ANSWER = 20
"""Seconds that one question may take."""


class Kind(NamedTuple):
    """One kind of place.

    Attributes:
        name: as people know it.
        protocol: as fsspec knows it.
        extra: of expkit, with what it takes.
        style: ``objects``: writes are atomic, and an object can be put only if there is none; ``folders``: of those who
            make one folder, one wins; ``unknown``: nothing is known.
        usual: arguments of the file system.
        one_bucket: whether the first part of the path is a bucket.
        is_lasting: whether it outlives the process.
        bucket: what a bucket is called there.
    """

    name: str
    protocol: str
    extra: str
    style: str
    usual: Mapping[str, Any] = {}
    one_bucket: bool = False
    is_lasting: bool = True
    bucket: str = "bucket"

    @property
    def is_exclusive(self) -> bool:
        """Whether one of several processes can claim a name."""
        return self.style != UNKNOWN


_S3 = Kind(
    "S3",
    "s3",
    "s3",
    OBJECTS,
    {
        "use_listings_cache": False,
        "max_concurrency": 1,  # otherwise the driver asks for the size before it gets anything
        "config_kwargs": {
            "connect_timeout": CONNECT,
            "read_timeout": ANSWER,
            "retries": {"max_attempts": 1, "mode": "standard"},
        },
    },
    one_bucket=True,
)
_GOOGLE = Kind("Google Cloud Storage", "gcs", "gcs", OBJECTS, {"use_listings_cache": False}, one_bucket=True)
_AZURE = Kind(
    "Azure Blob Storage",
    "az",
    "azure",
    OBJECTS,
    {"connection_timeout": CONNECT, "read_timeout": ANSWER},
    one_bucket=True,
    bucket="container",
)
_SFTP = Kind(
    "SFTP", "sftp", "sftp", FOLDERS, {"timeout": CONNECT, "banner_timeout": CONNECT * 2, "auth_timeout": CONNECT * 2}
)
_FTP = Kind("FTP", "ftp", "remote", FOLDERS, {"timeout": ANSWER})
_WEBDAV = Kind("WebDAV", "webdav", "webdav", FOLDERS, {"timeout": ANSWER})
_MEMORY = Kind("memory", "memory", "remote", OBJECTS, is_lasting=False)

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
    return Kind(scheme, scheme, "remote", UNKNOWN) if known else None


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
    if kind.style != UNKNOWN:
        return f"{said}: pip install 'expkit[{kind.extra}]'"
    return f"{said}: pip install {_PACKAGES[kind.protocol]}" if kind.protocol in _PACKAGES else said
