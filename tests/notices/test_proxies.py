"""Ways through proxies."""

from __future__ import annotations

import socket
import socketserver
import threading

import pytest

from expkit.errors import ObserverError
from expkit.observers import TelegramObserver

from .conftest import CERTIFICATE, TOKEN

LOGIN = "Basic dXM6c2VjcmV0"  # us:secret


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy for HTTP (CONNECT and whole addresses) and SOCKS 5, for ``us`` with the password ``secret``.

    Attributes:
        passed: hosts and ports that it was asked for.
    """

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.passed = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        first = self.rfile.read(1)
        if first == b"\5":
            self._socks()
        elif first:
            self._http(first + self.rfile.readline())

    def _http(self, line):
        head = [line]
        while (line := self.rfile.readline()).strip():
            head.append(line)
        if not any(line.strip() == f"Proxy-Authorization: {LOGIN}".encode() for line in head):
            self.wfile.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = head[0].decode().split()
        place = target if method == "CONNECT" else target.split("/")[2]
        server = self._open(place)
        if method == "CONNECT":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            head[0] = head[0].replace(f"http://{place}".encode(), b"", 1)
            server.sendall(b"".join(head) + b"\r\n")
        self._relay(server)

    def _socks(self):
        self.rfile.read(self.rfile.read(1)[0])
        self.wfile.write(b"\5\2")
        self.rfile.read(1)
        user, password = (self.rfile.read(self.rfile.read(1)[0]) for _ in range(2))
        self.wfile.write(b"\1" + (b"\0" if (user, password) == (b"us", b"secret") else b"\1"))
        self.rfile.read(3)
        kind = self.rfile.read(1)
        host = (
            socket.inet_ntoa(self.rfile.read(4)) if kind == b"\1" else self.rfile.read(self.rfile.read(1)[0]).decode()
        )
        port = int.from_bytes(self.rfile.read(2), "big")
        server = self._open(f"{host}:{port}")
        self.wfile.write(b"\5\0\0\1" + bytes(6))
        self._relay(server)

    def _open(self, place):
        self.server.passed.append(place)
        host, _, port = place.rpartition(":")
        return socket.create_connection((host, int(port)))

    def _relay(self, server):
        def back():
            while data := server.recv(65536):
                self.connection.sendall(data)
            self.connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        while data := self.rfile.read1(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
        thread.join(10)
        server.close()


@pytest.fixture
def proxy():
    made = Proxy()
    yield made
    made.shutdown()
    made.server_close()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_proxies(program, services, proxy, scheme, secure):
    """Telegram is reached through proxies of both kinds, in the clear and by TLS, with a login."""
    service = services(secure=secure)
    address = f"{scheme}://127.0.0.1:{proxy.server_address[1]}"
    observer = f"TelegramObserver(TOKEN, 1, api_url=HOOK, proxy_url='{address}', username='us', password='secret')"
    done = program(observer, service.url, env={"SSL_CERT_FILE": str(CERTIFICATE)})
    assert [path for path, _ in service.got] == [f"/bot{TOKEN}/sendMessage"] * 2, done.stderr
    assert proxy.passed == [service.url.partition("//")[2]] * 2


def test_the_proxy_of_the_environment(program, service, proxy):
    """Where the environment names a proxy, it is used, but for hosts that it leaves out."""
    environment = {"http_proxy": f"http://us:secret@127.0.0.1:{proxy.server_address[1]}"}
    program("NotifyObserver(HOOK)", service.url, env=environment)
    assert (len(service.got), len(proxy.passed)) == (2, 2)
    program("NotifyObserver(HOOK)", service.url, env={**environment, "no_proxy": "127.0.0.1"})
    assert (len(service.got), len(proxy.passed)) == (4, 2)


def test_a_proxy_that_refuses(program, service, proxy):
    """A proxy with another password carries nothing, and the program goes on."""
    address = f"socks5://us:wrong@127.0.0.1:{proxy.server_address[1]}"
    done = program(f"TelegramObserver(TOKEN, 1, api_url=HOOK, proxy_url='{address}')", service.url)
    assert (done.returncode, service.got) == (0, [])
    assert "127.0.0.1 cannot be reached: " in done.stderr
    assert "wrong" not in done.stderr


def test_socks_without_its_package(monkeypatch):
    """Where the package for SOCKS is missing, the error says what to type."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ObserverError, match=r"needs the package PySocks; type: pip install 'expkit\[notify\]'$"):
        TelegramObserver(TOKEN, 1, proxy_url="socks5://host")
