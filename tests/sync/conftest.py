"""A store far away, as an installed package adds it: a folder that files beside it make unreachable, slow or flaky."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit import open_store
from expkit.record.tagged import record_blobs
from expkit.record.wire import record_to_json
from expkit.stores.folder.store import FolderStore

from ..processes import HOME, QUICK, wait

PACKAGE = '''
import os
import random
import re
import time

from expkit.stores.base import Capabilities
from expkit.stores.folder.store import FolderStore

_CHANCE = random.Random()


class Far:
    """What stands beside the folder decides: FOLDER.down, FOLDER.hang, FOLDER.flaky (a probability)."""

    capabilities = Capabilities(durable=True, shared=True)

    def __init__(self, url):
        self._path = url.rpartition("@")[2].removeprefix("far:")
        self._inner = FolderStore(self._path)
        self.url = re.sub(":[^:@]*@", ":***@", url)

    def _gate(self):
        while os.path.exists(f"{self._path}.hang"):
            time.sleep(0.01)
        if os.path.exists(f"{self._path}.down"):
            raise ConnectionError("nobody answers")
        if os.path.exists(f"{self._path}.flaky"):
            with open(f"{self._path}.flaky") as file:
                if _CHANCE.random() < float(file.read() or 0):
                    raise ConnectionError("the line is bad")

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if not callable(method):
            raise AttributeError(name)

        def call(*arguments, **named):
            self._gate()
            result = method(*arguments, **named)
            self._gate()
            return result

        return call
'''


class World:
    """Scripts, the store far away, and what became of their runs."""

    def __init__(self, folder):
        self.folder = folder
        self.far = folder / "far"
        package = folder / "package"
        (package / "far-1.dist-info").mkdir(parents=True)
        (package / "far_store.py").write_text(PACKAGE)
        (package / "far-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: far\nVersion: 1\n")
        (package / "far-1.dist-info" / "entry_points.txt").write_text("[expkit.stores]\nfar = far_store:Far\n")
        self.url = f"far:{self.far}"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(package), str(HOME)]),
            "PYTHONUNBUFFERED": "1",
        }

    # -- processes -------------------------------------------------------------------------------------

    def start(self, source, *arguments):
        """A script under way."""
        (self.folder / "script.py").write_text(QUICK + source.replace("FAR", self.url))
        command = [sys.executable, "script.py", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, **pipes)

    def run(self, source, *arguments):
        """A script that has ended: exit code, stdout, stderr."""
        process = self.start(source, *arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def sync(self, *arguments):
        """``expkit sync``: exit code, stdout and stderr."""
        process = self.start_sync(*arguments)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    def start_sync(self, *arguments):
        command = [sys.executable, "-m", "expkit", "sync", *arguments]
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, **both)

    # -- trouble ---------------------------------------------------------------------------------------

    def trouble(self, kind, content=""):
        """From now on the store is ``down``, ``hang`` or ``flaky``."""
        Path(f"{self.far}.{kind}").write_text(str(content))

    def mend(self):
        """The store answers again."""
        for kind in ("down", "hang", "flaky"):
            Path(f"{self.far}.{kind}").unlink(missing_ok=True)

    # -- what became of it -----------------------------------------------------------------------------

    @property
    def state(self):
        """expkit's state folder."""
        return Path(os.environ["EXPKIT_STATE"])

    def notes(self):
        """The notes of what is owed."""
        folder = self.state / "owed"
        return sorted(folder.iterdir()) if folder.exists() else []

    wait = staticmethod(wait)

    def same(self):
        """Assert that the store far away has what the folder ``runs`` has, field by field; return the records."""
        here, there = open_store(self.folder / "runs"), FolderStore(self.far)
        keys = here.ids()
        assert sorted(key.uid for key in there.ids()) == sorted(key.uid for key in keys)
        assert keys
        for key in keys:
            assert seen(there, key.uid) == seen(here, key.uid)
        return [there.load(key.uid) for key in keys]


def seen(store, uid):
    """Everything about a run that does not depend on where it is."""
    record = store.load(uid)
    tree = record_to_json(record)
    for own in ("id", "_id"):
        tree.pop(own, None)
    streams = {key: store.read(uid, key) for key, end in store.streams(uid).items() if end}
    blobs = {}
    for sha256 in record_blobs(record):
        if store.has_blob(sha256):
            with store.open_blob(sha256) as file:
                blobs[sha256] = file.read()
    return tree, streams, blobs


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
