"""A bad line between a program and a server: what passes through it is late, or breaks off."""

import contextlib
import socket
import struct
import threading
import time

UP, DOWN = "to the server", "from the server"
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens at a port of this machine, and passes on what it hears.

    Args:
        target: the server's port.

    Attributes:
        port: where it listens.
        delay: seconds by which each exchange is held up: what a program says after the server has spoken.
        exchanges: how many there were.
    """

    def __init__(self, target):
        self.delay = 0.0
        self.exchanges = 0
        self._target = target
        self._cut = ("", 0, 0)
        self._lock = threading.Lock()
        self._threads = []
        self._lines = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._start(self._listen)

    def cut(self, way, after, times=1):
        """Break connections off: each time when that many more bytes have passed one way, of which the last ones arrive."""
        with self._lock:
            self._cut = (way, after, times)
            self._passed = 0

    @property
    def cuts_left(self):
        """How many times a connection will still break off."""
        return self._cut[2]

    def close(self):
        """Break all off."""
        with self._lock:
            lines, self._lines = self._lines, None
        for line in [self._listener, *lines]:
            _break(line)
        for thread in self._threads:
            thread.join(60)

    # -- threads ---------------------------------------------------------------------------------------

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self):
        while True:
            try:
                program, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._connect, program)

    def _connect(self, program):
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 60)
        except OSError:
            _break(program)
            return
        server.settimeout(None)
        for line in (program, server):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            gone = self._lines is None
            if not gone:
                self._lines += [program, server]
        if gone:
            _break(program)
            _break(server)
            return
        turn = {"server spoke": True}
        self._start(self._pump, DOWN, server, program, turn)
        self._pump(UP, program, server, turn)

    def _pump(self, way, source, target, turn):
        try:
            while data := source.recv(65536):
                if way == UP and turn["server spoke"]:
                    self.exchanges += 1
                    time.sleep(self.delay)
                turn["server spoke"] = way == DOWN
                kept = self._let_through(way, len(data))
                target.sendall(data[:kept])
                if kept < len(data):
                    break
            else:
                target.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        _break(source)
        _break(target)

    def _let_through(self, way, size):
        """How many of the next bytes pass."""
        with self._lock:
            cut, after, times = self._cut
            if way != cut or not times:
                return size
            self._passed += size
            if self._passed <= after:
                return size
            kept = max(0, after - (self._passed - size))
            self._passed = 0
            self._cut = (cut, after, times - 1)
            return kept


def _break(line):
    """Close it with a reset, also for a thread that reads from it."""
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
