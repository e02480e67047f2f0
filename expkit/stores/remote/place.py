"""Where a store lies, as its URL says: :class:`Place`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from expkit._support.secrets import MASK
from expkit._support.urls import login_problem
from expkit.errors import StoreError
from expkit.stores.access import is_secret_option
from expkit.stores.remote.kinds import Kind, kind_of, meant_by

if TYPE_CHECKING:
    from collections.abc import Mapping

_WAYS = frozenset(("anon", "google_default", "cloud", "cache", "browser"))
"""Ways to get a token, which give no access by themselves."""

_LOCAL = ("file", "local")
"""Kinds of fsspec whose paths may be relative."""

_ENDPOINT = re.compile("https?://[^/]", re.IGNORECASE)

_PLAIN = {"true": True, "false": False, "none": None}


class Place(NamedTuple):
    """Where the runs of one store lie.

    Attributes:
        kind: of place.
        scheme: of the URL.
        user, password: who asks; empty where the usual places (environment, configuration files) say it.
        host: with its port, where the URL has one; else the bucket.
        path: below that.
        options: of the file system.
        folder: on this machine, absolute: programs change their working directory; ``""`` for places elsewhere.
    """

    kind: Kind
    scheme: str
    user: str
    password: str
    host: str
    path: str
    options: Mapping[str, str]
    folder: str = ""

    @property
    def url(self) -> str:
        """How to open the store again; what gives access is ``***``."""
        return self._url(self.host, self.path)

    @property
    def absolute_url(self) -> str:
        """The URL as it means the same in every working directory."""
        return self._url("", self.folder) if self.folder else self.url

    def _url(self, host: str, path: str) -> str:
        access = f"{quote(self.user)}{':' + MASK if self.password else ''}@" if self.user else ""
        shown = ((name, MASK if _is_secret(name, value) else value) for name, value in self.options.items())
        query = "&".join(f"{quote(name)}={quote(value, safe='/:,*')}" for name, value in shown)
        return f"{self.scheme}://{access}{host}{quote(path, safe='/ :@+,')}{'?' if query else ''}{query}"

    @property
    def where(self) -> str:
        """What people call it: ``the S3 bucket 'runs'``, ``the SFTP server at host:22``."""
        if self.kind.bucket:
            at = self.options.get("endpoint_url")
            return f"the {self.kind.name} {self.kind.bucket} {self.host!r}{f' at {at}' if at else ''}"
        return f"the {self.kind.name} server at {self.host}" if self.host else f"the {self.kind.name} store"

    def arguments(self) -> dict[str, Any]:
        """Arguments of fsspec's file system."""
        given = {
            name: _plain(value)
            for name, value in self.options.items()
            if not (_is_secret(name, value) and value == MASK)
        }
        return {**self.kind.usual, **_ARGUMENTS.get(self.kind.protocol, _of_others)(self, given)}

    def root(self) -> str:
        """The folder of the store, as the file systems of our kinds name it."""
        return (f"{self.host}{self.path}" if self.kind.bucket else self.path).rstrip("/")

    def full_url(self) -> str:
        """The URL without options, but with the password: for the driver alone."""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        access = f"{quote(self.user, safe='')}{password}@" if self.user else ""
        return f"{self.scheme}://{access}{self.folder or self.host + self.path}"


def place_of(url: str) -> Place:
    """The place that a URL names: ``SCHEME://[USER[:PASSWORD]@]HOST_OR_BUCKET/PATH[?OPTION=VALUE&...]``.

    Raises:
        StoreError: it names none.
    """
    scheme, colon, rest = url.partition(":")
    kind = kind_of(scheme.lower())
    if kind is None:
        raise StoreError(f"{scheme + colon!r} is no remote place; give s3://BUCKET/PATH, sftp://HOST/PATH ...")
    _check(kind, scheme, rest)
    rest, _, query = rest[2:].partition("?")
    address, slash, path = rest.partition("/")
    access, at, host = address.rpartition("@")
    if at and scheme.lower() in ("abfs", "abfss", "az"):  # CONTAINER@ACCOUNT.dfs.core.windows.net
        return _azure(kind, scheme, access, host, path, query)
    user, _, password = access.partition(":")
    if not host and kind.protocol != "memory" and kind.is_ours:
        raise _no_place(scheme, kind)
    password = "" if password == MASK else unquote(password)
    path = unquote(f"{slash}{path}").rstrip("/")
    if kind.protocol == "memory":
        host, path = "", f"/{host}{path}"
    options = dict(parse_qsl(query))
    _check_endpoint(kind, options)
    return Place(kind, scheme.lower(), unquote(user), password, host, path, options, _folder(kind, f"{host}{path}"))


def _check(kind: Kind, scheme: str, rest: str) -> None:
    if meant := meant_by(kind):
        raise StoreError(f"{scheme}: does not say how the server is asked; did you mean {' or '.join(meant)}?")
    if not rest.startswith("//"):
        raise _no_place(scheme, kind)
    if kind.is_ours and (problem := login_problem(rest[2:])):  # others may have forms of their own
        raise StoreError(problem)


def _check_endpoint(kind: Kind, options: Mapping[str, str]) -> None:
    if kind.is_ours and not _ENDPOINT.match(options.get("endpoint_url", "http://HOST")):
        raise StoreError("endpoint_url needs http:// or https:// before its host: ?endpoint_url=https://HOST:PORT")


def _folder(kind: Kind, path: str) -> str:
    """The absolute path, where the kind is this machine's own disk."""
    return Path(os.path.abspath(os.path.expanduser(path))).as_posix() if kind.protocol in _LOCAL else ""


def host_and_port(host: str) -> tuple[str, str]:
    """What stands before and behind the last colon; those of an address like ``[::1]`` are its own."""
    name, colon, port = host.rpartition(":")
    return (name.strip("[]"), port) if colon and "]" not in port else (host.strip("[]"), "")


def _azure(kind: Kind, scheme: str, container: str, host: str, path: str, query: str) -> Place:
    options = {"account_name": host.partition(".")[0], **dict(parse_qsl(query))}
    return Place(kind, scheme.lower(), "", "", container, f"/{unquote(path)}".rstrip("/"), options)


def _no_place(scheme: str, kind: Kind) -> StoreError:
    """The sentence about a URL with nothing in it, in the scheme that was typed."""
    return StoreError(f"the URL of a store in {kind.name} is {scheme.lower()}://{kind.form}")


def _is_secret(name: str, value: str) -> bool:
    return value not in _WAYS and is_secret_option(name)


def _plain(value: str) -> Any:
    if value.lower() in _PLAIN:
        return _PLAIN[value.lower()]
    return int(value) if value.isdigit() else value


# -- arguments, kind by kind ---------------------------------------------------------------------------


def _of_s3(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    region = given.pop("region", None)
    if region:
        given["client_kwargs"] = {"region_name": region}
    if place.user and place.password:
        given |= {"key": place.user, "secret": place.password}
    return given


def _of_google(_: Place, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "token": "anon"} if given.pop("anon", False) else given


def _of_azure(_: Place, given: dict[str, Any]) -> dict[str, Any]:
    known = {"account_name": "AZURE_STORAGE_ACCOUNT_NAME", "connection_string": "AZURE_STORAGE_CONNECTION_STRING"}
    if not any(name in given or os.environ.get(variable) for name, variable in known.items()):
        raise StoreError(
            "which account of Azure? Set AZURE_STORAGE_ACCOUNT_NAME, or write ?account_name=NAME"
        ).lasting()
    return given


def _of_hosts(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    host, port = host_and_port(place.host)
    user, password = _login(place, host)
    who = {"username": user, "password": password}
    found = {"host": host, **({"port": int(port)} if port else {}), **given}
    if place.scheme == "ftps":
        found["tls"] = True
    return found | {name: value for name, value in who.items() if value}


def _of_webdav(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    user, password = _login(place, host_and_port(place.host)[0])
    base = f"{place.scheme.partition('+')[2]}://{place.host}"
    return {"base_url": base, **({"auth": (user, password)} if user else {}), **given}


def _of_others(_: Place, given: dict[str, Any]) -> dict[str, Any]:
    return given


def _login(place: Place, host: str) -> tuple[str, str]:
    """User and password, as the URL or the file ``.netrc`` says."""
    if place.password:
        return place.user, place.password
    import netrc

    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        found = None
    if found is None or (place.user and found[0] != place.user):
        return place.user, ""
    return str(found[0]), str(found[2])


_ARGUMENTS = {
    "s3": _of_s3,
    "gcs": _of_google,
    "az": _of_azure,
    "sftp": _of_hosts,
    "ftp": _of_hosts,
    "webdav": _of_webdav,
}
