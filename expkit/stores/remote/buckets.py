"""Drivers of buckets: S3, Google Cloud Storage, Azure, and memory."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from expkit.stores.remote.drivers import LONG, Objects
from expkit.stores.remote.trouble import says

if TYPE_CHECKING:
    from expkit.stores.remote.place import Place

_FIRST_REGION = "us-east-1"
"""Buckets are made here where no region is named, and this one alone must not be named."""


class S3(Objects):
    """Buckets of Amazon, and of all that speak like them."""

    loggers = ("s3fs", "botocore", "aiobotocore")

    @classmethod
    def made(cls, system: type[Any], place: Place) -> Any:
        """A file system with a session of its own, which does not read the large description of S3 once more."""
        from aiobotocore.session import AioSession

        session = AioSession()
        session.register_component("data_loader", _descriptions())
        return system(**place.arguments(), session=session, skip_instance_cache=True)

    def renew(self, path: str) -> None:
        """Copy an object onto itself, which S3 does only where something is replaced."""
        bucket, key, _ = self.fs.split_path(path)
        here = {"Bucket": bucket, "Key": key}
        self.fs.call_s3("copy_object", **here, CopySource=here, MetadataDirective="REPLACE", **self._within(LONG))

    def make_bucket(self, place: Place) -> None:
        """Make the bucket; one that somebody has just made is fine."""
        region = str(place.options.get("region", _FIRST_REGION))
        where = {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self.fs.call_s3("create_bucket", Bucket=place.host, **where, **self._within())
        except OSError as error:
            if not says(error, "BucketAlready", "already exists", "already own"):
                raise


@cache
def _descriptions() -> Any:
    from aiobotocore.session import AioSession

    return AioSession().get_component("data_loader")


class Google(Objects):
    """Buckets of Google."""

    loggers = ("gcsfs", "google")

    @classmethod
    def system(cls, protocol: str) -> type[Any]:  # noqa: ARG003
        """The one that speaks HTTP alone; the usual one first asks by gRPC which type a bucket has, for a minute."""
        from gcsfs.core import GCSFileSystem

        found: type[Any] = GCSFileSystem
        return found

    def _bind(self) -> None:
        super()._bind()
        if (once := getattr(type(self.fs)._request, "__wrapped__", None)) is not None:  # else 6 tries
            self.fs._request = once.__get__(self.fs)


class Azure(Objects):
    """Containers of Azure."""

    loggers = ("adlfs", "azure")

    def _bind(self) -> None:
        policy = getattr(getattr(self.fs.service_client, "_config", None), "retry_policy", None)
        if policy is not None and hasattr(policy, "total_retries"):  # else 3 tries, the second after 15 seconds
            policy.total_retries = 0
        _pass_netrc_over(self.fs.service_client)


def _pass_netrc_over(client: Any) -> None:
    """Take proxies alone from the environment: a line in ``.netrc`` about Azure's host makes every request fail."""
    transport: Any = getattr(getattr(client, "_pipeline", None), "_transport", None)
    policy: Any = getattr(getattr(client, "_config", None), "proxy_policy", None)
    if hasattr(transport, "_use_env_settings") and hasattr(policy, "proxies"):
        transport._use_env_settings = False
        policy.proxies = _proxy_for(client.url)


def _proxy_for(url: str) -> dict[str, str]:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    proxy = getproxies().get(scheme)
    return {scheme: proxy} if proxy and not proxy_bypass(host or "") else {}


class Memory(Objects):
    """Objects of this process, which all who ask for them share."""

    @classmethod
    def made(cls, system: type[Any], place: Place) -> Any:
        """The one of this process."""
        return system(**place.arguments())
