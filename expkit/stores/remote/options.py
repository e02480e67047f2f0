"""Options in URLs of places far away: what a file system takes, so that a mistyped one is not passed over."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from expkit.stores.remote.place import Place

_OURS = {"s3": ("region",), "gcs": ("anon",), "sftp": ("auto_add_policy", "host_key_policy", "temppath")}
"""Options that no signature says, by protocol."""

_OF_ALL = ("listings_expiry_time", "max_paths", "skip_instance_cache", "use_listings_cache", "batch_size")
"""Options that fsspec takes beside the arguments of each file system."""


def check(place: Place, kind: type[Any], given: Mapping[str, Any]) -> None:
    """Refuse options that a file system does not take.

    Args:
        place: whose URL names them.
        kind: the file system's class.
        given: the options of the URL.

    Raises:
        StoreError: there is no such option.
    """
    if not place.kind.is_ours and not place.folder:
        return  # what those make of further options, only they know
    known = {*_arguments(place.kind.protocol, kind), *_OURS.get(place.kind.protocol, ()), *_OF_ALL}
    for name in given:
        if name not in known:
            raise StoreError(
                f"{name!r} is no option of {place.where}{did_you_mean(name, {*known, 'offline'})}"
            ).lasting()


def _arguments(protocol: str, kind: type[Any]) -> Iterator[str]:
    """Names of arguments, also of those that are passed on to the driver below."""
    functions = [vars(base)["__init__"] for base in kind.__mro__ if "__init__" in vars(base)]
    for module, name, method in _BELOW.get(protocol, ()):
        functions.append(getattr(getattr(import_module(module), name), method))
    for function in functions:
        found = inspect.signature(function).parameters.values()
        yield from (each.name for each in found if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD))


_BELOW = {
    "sftp": (("paramiko", "SSHClient", "connect"),),
    "webdav": (("webdav4.client", "Client", "__init__"), ("httpx", "Client", "__init__")),
}
"""Functions of drivers that get what a file system does not take itself."""
