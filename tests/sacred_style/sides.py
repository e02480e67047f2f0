"""The two ways a script is run: under Sacred itself, and under ours that answers to its name."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .. import console
from . import sacred_home

HERE = Path(__file__).parent
MODULE = "expkit.compat.sacred"


class Told(NamedTuple):
    """What a command line said: its exit code and the lines it printed."""

    code: int
    stdout: list
    stderr: list


def environment(state, **more):
    """The environment of both sides."""
    unlike = ("EXPKIT_", "PYTEST_", "PYTHON", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unlike)}
    return {**kept, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "ignore", "EXPKIT_STATE": str(state), **more}


class Sacred:
    """Sacred's side: one process that forks for every command line, since importing Sacred takes longest."""

    def __init__(self):
        self._python = sacred_home.python()
        self._process = None

    def run(self, command, folder):
        """Run ``command``, what stands after ``python``, in ``folder``."""
        streams = {name: str(folder.parent / name) for name in ("stdout", "stderr")}
        path = f"{self._python.parent}{os.pathsep}{os.environ['PATH']}"
        settings = {"folder": str(folder), "environment": environment(folder.parent / "state", PATH=path), **streams}
        code = int(self._answer({"arguments": shlex.split(command), **settings}))
        return Told(code, *(Path(streams[name]).read_text("utf-8").splitlines() for name in ("stdout", "stderr")))

    def _answer(self, order):
        if self._process is None:
            self._process = self._start()
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def _start(self):
        command = [self._python, "-W", "ignore", HERE / "sacred_side.py"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self):
        """End the process that forks."""
        if self._process is not None:
            self._process.communicate(timeout=60)


def ours(command, folder):
    """Run ``command``, what stands after ``python``, in ``folder`` with ours in Sacred's place."""
    path = os.pathsep.join(filter(None, (str(console.ROOT), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, "-m", MODULE, *shlex.split(command)],
        cwd=folder,
        env=environment(folder.parent / "state", PYTHONPATH=path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    return Told(done.returncode, done.stdout.decode().splitlines(), done.stderr.decode().splitlines())
