"""Stores in buckets and on other machines as observers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from expkit.errors import StoreError
from expkit.observers.entry import stored_entry
from expkit.observers.named import NamedObserver
from expkit.stores.remote.store import RemoteStore

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable

    from typing_extensions import Self

PRIORITY = 20

_S3_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*(\.\.|\.-|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_GOOGLE_NAME = re.compile(r"(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


class BucketObserver(NamedObserver):
    """Records runs into a bucket, laid out like a folder of runs; what all kinds of buckets share.

    Attributes:
        bucket: its name.
        basedir: the path of the runs in it.
    """

    schemes: tuple[str, ...] = ()
    """Of the URLs that name such a bucket."""

    def _set_up(self, url: str, priority: float, offline: str | None) -> None:
        self.remote_store = RemoteStore(url)
        super().__init__(self.remote_store, priority=priority, offline=offline)
        place = self.remote_store.place
        self.bucket, self.basedir = place.host, place.path.strip("/")

    @classmethod
    def at(cls, url: str, priority: float = PRIORITY, *, offline: str | None = None) -> BucketObserver:
        """An observer of the place that a URL names, like ``s3://BUCKET/PATH``.

        Raises:
            ValueError: it names none of this kind.
        """
        scheme = cls.schemes[0]
        if url.partition("://")[0].lower() not in cls.schemes:
            raise ValueError(f"this is no place in such a bucket; give {scheme}://BUCKET/PATH")
        try:
            made = cls.of_url(url, priority, offline=offline)
        except StoreError as error:
            raise ValueError(str(error)) from None
        cls._check(made.bucket)
        if not made.basedir:
            raise ValueError(f"a path in the bucket is missing; give {scheme}://{made.bucket}/PATH")
        return made

    @classmethod
    def of_url(cls, url: str, priority: float = PRIORITY, *, offline: str | None = None) -> Self:
        """An observer of a bucket that may be there already: an old one, or another server's, may have an odd name.

        Raises:
            StoreError: the URL names none.
        """
        made = cls.__new__(cls)
        made._set_up(url, priority, offline)
        return made

    @classmethod
    def _check(cls, bucket: str) -> None:
        raise NotImplementedError

    @property
    def run_entry(self) -> dict[str, Any] | None:
        """What ``run.json`` says of the run that is being told about, or of the last one; None before the first."""
        uid = self._told()
        return None if uid is None else stored_entry(self.remote_store.load(uid), "sha256")

    def _where(self) -> Hashable:
        place = self.remote_store.place
        return place.scheme, place.user, place.password, place.host, place.path, frozenset(place.options.items())


class S3Observer(BucketObserver):
    """Records runs into a bucket of S3, or of a server that speaks its language; see :class:`RemoteStore`.

    Nothing is loaded or connected before the first run starts. A bucket that is not there is made then.

    Args:
        bucket: its name.
        basedir: the path of the runs in it.
        resource_dir, source_dir: without effect: bytes lie in the bucket once, by their hash.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        region: of the bucket; default: as AWS tools are configured.
        endpoint_url: of another server than Amazon's.
        offline: see :class:`~expkit.observers.store.StoreObserver`.

    Raises:
        ValueError: no bucket can have that name.
    """

    schemes = ("s3", "s3a")

    def __init__(
        self,
        bucket: str,
        basedir: str | os.PathLike[str],
        resource_dir: str | os.PathLike[str] | None = None,  # noqa: ARG002
        source_dir: str | os.PathLike[str] | None = None,  # noqa: ARG002
        priority: float = PRIORITY,
        region: str | None = None,
        endpoint_url: str | None = None,
        *,
        offline: str | None = None,
    ) -> None:
        self._check(bucket)
        self._set_up(_url("s3", bucket, basedir, region=region, endpoint_url=endpoint_url), priority, offline)

    @classmethod
    def _check(cls, bucket: str) -> None:
        if not _S3_NAME.fullmatch(bucket):
            raise ValueError(
                f"{bucket!r} cannot be the name of an S3 bucket: those have 3 to 63 lower-case letters, digits, dots and"
                " hyphens, and begin and end with a letter or digit"
            )


class GoogleCloudStorageObserver(BucketObserver):
    """Records runs into a bucket of Google Cloud Storage, which must be there; see :class:`RemoteStore`.

    Nothing is loaded or connected before the first run starts.

    Args:
        bucket: its name.
        basedir: the path of the runs in it.
        resource_dir, source_dir: without effect: bytes lie in the bucket once, by their hash.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        endpoint_url: of another server than Google's.
        offline: see :class:`~expkit.observers.store.StoreObserver`.

    Raises:
        ValueError: no bucket can have that name.
    """

    schemes = ("gs", "gcs")

    def __init__(
        self,
        bucket: str,
        basedir: str | os.PathLike[str],
        resource_dir: str | os.PathLike[str] | None = None,  # noqa: ARG002
        source_dir: str | os.PathLike[str] | None = None,  # noqa: ARG002
        priority: float = PRIORITY,
        endpoint_url: str | None = None,
        *,
        offline: str | None = None,
    ) -> None:
        self._check(bucket)
        self._set_up(_url("gs", bucket, basedir, endpoint_url=endpoint_url), priority, offline)

    @classmethod
    def _check(cls, bucket: str) -> None:
        if not _GOOGLE_NAME.fullmatch(bucket):
            raise ValueError(
                f"{bucket!r} cannot be the name of a bucket of Google Cloud Storage: those have 3 to 222 lower-case"
                " letters, digits, dots, hyphens and underscores"
            )


def _url(scheme: str, bucket: str, basedir: str | os.PathLike[str], **options: str | None) -> str:
    given = {name: value for name, value in options.items() if value is not None}
    path = str(basedir).replace("\\", "/").strip("/")
    return f"{scheme}://{bucket}/{quote(path)}{'?' if given else ''}{urlencode(given)}"
