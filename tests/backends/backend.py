"""What the tests of faults have to know about a backend: :class:`Backend`."""

import shutil
import signal
import subprocess
import sys

from ..processes import environment

DATABASE = "faults"
"""The name under which tests keep their runs on a server."""

SERVED = {"deleted": "a server holds its files itself"}
"""What cannot happen to a backend with a server, and why."""


class Backend:
    """A kind of place that keeps runs.

    Attributes:
        name: in the names of tests.
        lacks: faults that it cannot have here, each with the reason.
        absence: what is said of a server that is not there.
        refusal: what is said of a user or a password that is wrong.
        has_password: its URLs have a password, which nobody writes down; whoever delivers later has to give it again.
        in_files: there is no server; programs open the files themselves.
        environment: of programs that use it.
        disk: how large a small disk has to be for an empty one, as ``mount`` wants it.
    """

    name = ""
    lacks: dict = {}
    absence = ""
    refusal = ""
    has_password = False
    in_files = False
    environment: dict = {}
    disk = "10m"

    def server(self, folder):
        """A server of a test's own with its data below a folder, not started yet."""
        raise NotImplementedError

    def prepare(self, server, name):
        """Once the server is there: make what the URL of that name needs and no program makes itself."""

    def url(self, server, port, name=DATABASE, *, quick=True):
        """Where the runs of that name are.

        Args:
            server: theirs.
            port: where it is listened to, maybe by a proxy.
            name: of a database, a bucket or a folder.
            quick: with time-outs that are scaled down, where the URL can say them.
        """
        raise NotImplementedError

    def stranger(self, url):
        """The URL and what more there is in the environment of a program that knows no right password."""
        return url, {}

    def steps(self, store, uid):
        """Steps of the metric ``loss``, as the backend itself keeps them."""
        raise NotImplementedError

    def doubles(self, store):
        """What the backend itself keeps twice though it should be there once."""
        raise NotImplementedError


class Files:
    """A folder in place of a server: it may be away, or another program may hold the lock of what is in it.

    Args:
        folder: where it is, and where it is kept while it is away.
        holding: a program that takes the lock of the database in the folder that is its argument, prints a line, and
            waits.
    """

    port = 0

    def __init__(self, folder, holding):
        self.folder = folder / "disk"
        self._kept = folder / "kept"
        self._holding = holding
        self._holder = None
        self.folder.touch()

    def start(self):
        """It is there, as it was."""
        self.folder.unlink()
        if self._kept.exists():
            self._kept.rename(self.folder)
        else:
            self.folder.mkdir()
        return self

    def kill(self):
        """It is away: something else is in its place."""
        if self.folder.is_dir():
            self.folder.rename(self._kept)
            self.folder.touch()

    def delete(self):
        """Somebody deletes what is in it."""
        gone = self.folder.rename(self.folder.with_name("gone"))  # for something may be written meanwhile
        self.folder.mkdir()
        shutil.rmtree(gone)

    def pause(self):
        """Another program is stopped while it holds the lock."""
        command = [sys.executable, "-c", self._holding, self.folder]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())
        assert self._holder.stdout.readline() == b"held\n"
        self._holder.send_signal(signal.SIGSTOP)

    def resume(self):
        """That program dies."""
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()
            self._holder = None

    def end(self):
        """Nothing is left of it."""
        self.resume()
        shutil.rmtree(self.folder, ignore_errors=True)
