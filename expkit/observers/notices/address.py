"""Web addresses that may hold secrets, and the way to them: straight, or through a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.named import NamedTuple
from expkit._support.secrets import MASK
from expkit.errors import ObserverError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPConnection
    from socket import socket
    from urllib.parse import SplitResult

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_WEB = ("http", "https")
_PROXIES = tuple(scheme for scheme in _PORTS if scheme != "https")
_LONG = 12


class Address(Frozen):
    """A place in the network.

    Attributes:
        scheme, host, port: of it.
        target: path and query, as HTTP sends them.
        user, password: for it.
        url: all of it.
    """

    scheme: str
    host: str
    port: int
    target: str = "/"
    user: str = ""
    password: str = ""
    url: str = ""

    def __repr__(self) -> str:
        return f"{self.scheme}://{_netloc(self)}/{MASK}"

    @property
    def login(self) -> dict[str, str]:
        """The header that says who we are, if anybody."""
        return {"Authorization": _basic(self)} if self.user or self.password else {}


def web_address(url: Any, what: str) -> Address:
    """The address of a web service.

    Args:
        url: ``http://...`` or ``https://...``.
        what: the name of the argument, for the error.

    Raises:
        ObserverError: it is none. The message does not show it, for it may be a secret.
    """
    return _parsed(url, what, _WEB)


def proxy_address(url: Any, user: str | None, password: str | None) -> Address:
    """The address of a proxy.

    Args:
        url: ``http://...`` or ``socks5://...``.
        user: for it, unless the URL has one.
        password: likewise.

    Raises:
        ObserverError: it is none, or what is needed for it is not installed.
    """
    address = _parsed(url, "proxy_url", _PROXIES)
    if address.scheme != "http":
        from importlib.util import find_spec

        if find_spec("socks") is None:
            raise ObserverError(
                f"a proxy of {address.scheme}:// needs the package PySocks; type: pip install 'expkit[notify]'"
            )
    return address.but(user=address.user or user or "", password=address.password or password or "")


def secrets_of(url: str) -> list[str]:
    """What must not be shown of a URL: itself, and all long parts behind its host."""
    import re

    rest = url.partition("://")[2] or url
    return [url, *(part for part in re.split(r"[/:@?&=]", rest)[1:] if len(part) >= _LONG)]


def _parsed(url: Any, what: str, schemes: tuple[str, ...]) -> Address:
    from urllib.parse import quote, unquote

    parts = _split(url)
    if parts is None or parts.scheme not in schemes:
        raise ObserverError(f"{what} is a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~?')}" if parts.query else ""
    return Address(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        target=path + query,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        url=url,
    )


def _split(url: Any) -> SplitResult | None:
    """The parts of a URL with a host and, if any, a port that is a number."""
    from urllib.parse import urlsplit

    if not isinstance(url, str) or any(sign.isspace() or not sign.isprintable() for sign in url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if host and host.isascii() else None


class Way(NamedTuple):
    """An open connection, and what to say on it.

    Attributes:
        connection: to the service, or to a proxy that passes it on.
        target: what to ask for.
        headers: for the proxy.
    """

    connection: HTTPConnection
    target: str
    headers: Mapping[str, str] = {}


def way_to(address: Address, proxy: Address | None, timeout: float) -> Way:
    """Connect.

    Args:
        address: where to.
        proxy: on the way; None: as the environment says.
        timeout: seconds for each step.

    Raises:
        OSError: there is no way.
    """
    proxy = proxy or _proxy_of_environment(address)
    way = _straight(address, timeout) if proxy is None else _through(proxy, address, timeout)
    try:
        if way.connection.sock is None:
            way.connection.connect()
    except BaseException:
        way.connection.close()
        raise
    return way


def _straight(address: Address, timeout: float) -> Way:
    return Way(_connection(address.scheme, address, timeout), address.target)


def _through(proxy: Address, address: Address, timeout: float) -> Way:
    if proxy.scheme != "http":
        way = _straight(address, timeout)
        way.connection.sock = _through_socks(address, proxy, timeout)
        return way
    login = {f"Proxy-{name}": value for name, value in proxy.login.items()}
    connection = _connection(address.scheme, proxy, timeout)
    if address.scheme == "http":
        return Way(connection, f"http://{_netloc(address)}{address.target}", {"Host": _netloc(address), **login})
    connection.set_tunnel(address.host, address.port, login)
    return Way(connection, address.target)


def _connection(scheme: str, place: Address, timeout: float) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    return (HTTPSConnection if scheme == "https" else HTTPConnection)(place.host, place.port, timeout=timeout)


def _through_socks(address: Address, proxy: Address, timeout: float) -> socket:
    import ssl

    import socks

    limit: Any = timeout  # seconds, whatever its annotation says
    sock: socket = socks.create_connection(
        (address.host, address.port),
        timeout=limit,
        proxy_type=socks.PROXY_TYPE_SOCKS5 if proxy.scheme.startswith("socks5") else socks.PROXY_TYPE_SOCKS4,
        proxy_addr=proxy.host,
        proxy_port=proxy.port,
        proxy_rdns=True,
        proxy_username=proxy.user or None,
        proxy_password=proxy.password or None,
    )
    if address.scheme == "http":
        return sock
    return ssl.create_default_context().wrap_socket(sock, server_hostname=address.host)


def _proxy_of_environment(address: Address) -> Address | None:
    from urllib.request import getproxies, proxy_bypass

    url = getproxies().get(address.scheme)
    if not url or proxy_bypass(_netloc(address)):
        return None
    return proxy_address(url if "://" in url else f"http://{url}", None, None)


def _netloc(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return host if address.port == _PORTS[address.scheme] else f"{host}:{address.port}"


def _basic(address: Address) -> str:
    from base64 import b64encode

    return f"Basic {b64encode(f'{address.user}:{address.password}'.encode()).decode()}"
