"""A server that speaks MongoDB's protocol and is in trouble: it says what a real one in such a state says."""

import contextlib
import socketserver
import struct
import threading
from datetime import datetime, timezone

import bson

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013
_HEAD = struct.Struct("<iiii")
_HELLO = {
    "ismaster": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16 << 20,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "readOnly": False,
}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError, struct.error):
            while not self.server.deaf:
                self._answer(*_HEAD.unpack(self._take(_HEAD.size)))

    def _take(self, size):
        found = b""
        while len(found) < size:
            data = self.request.recv(size - len(found))
            if not data:
                raise OSError("gone")
            found += data
        return found

    def _answer(self, size, number, _, code):
        body = self._take(size - _HEAD.size)
        if code == _QUERY:
            start = 4 + body[4:].index(b"\0") + 1 + 8
            self._send(
                number, _REPLY, struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(self._says(_command(body[start:])))
            )
        elif code == _MESSAGE:
            self._send(number, _MESSAGE, struct.pack("<iB", 0, 0) + bson.encode(self._says(_command(body[5:]))))
        else:
            raise OSError("this is not MongoDB's protocol")

    def _send(self, to, code, body):
        self.request.sendall(_HEAD.pack(_HEAD.size + len(body), 0, to, code) + body)

    def _says(self, command):
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            return {**_HELLO, "localTime": datetime.now(timezone.utc), **self.server.hello, "ok": 1.0}
        for known, (code, code_name, words) in self.server.errors.items():
            if known in (name, "*"):
                return {"ok": 0.0, "errmsg": words, "code": code, "codeName": code_name}
        if name == "find":
            return {"cursor": {"firstBatch": [], "id": 0, "ns": "db.runs"}, "ok": 1.0}
        return {"ok": 1.0, "n": 1}


def _command(data):
    """The first document of some bytes."""
    return bson.decode(data[: struct.unpack_from("<i", data)[0]])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


@contextlib.contextmanager
def speaking(*, hello=None, errors=None, deaf=False):
    """The port of such a server.

    Args:
        hello: what it says of itself, beyond what a healthy one says.
        errors: (code, name, words) for commands, or for ``*``: all of them.
        deaf: it closes each connection at once.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hello, server.errors, server.deaf = hello or {}, errors or {}, deaf
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
