"""Other processes for tests: each does what it is told, and can be killed."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from typing import Any

_PATIENCE = 120.0
"""Seconds that one task may take, on a machine that has much to do."""

_PROGRAM = """
import json, os, sys, traceback

out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer

def tell(**words):
    print(json.dumps(words), file=out, flush=True)

for line in sys.stdin:
    task = json.loads(line)
    os.environ.clear()
    os.environ.update(task["environment"])
    os.chdir(task["folder"])
    names = {"tell": tell}
    try:
        exec(task["code"], names)
        tell(answer=names.get("answer"))
    except BaseException:
        tell(error=traceback.format_exc())
"""


class Neighbour:
    """Another process, which runs code that it is given; ``answer`` of that code comes back, as JSON."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def do(self, code: str) -> Any:
        """Run code there, in this process's folder and environment; what it assigned to ``answer``."""
        self.ask(code)
        return self.answer()

    def ask(self, code: str) -> None:
        """Let it begin."""
        task = {"code": code, "environment": dict(os.environ), "folder": os.getcwd()}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What it answers once it is done; what it told before that is passed over.

        Raises:
            AssertionError: it raised something, or died.
        """
        while "answer" not in (said := self.told()):
            continue
        return said["answer"]

    def told(self) -> dict[str, Any]:
        """The next thing that it says: what its code gave to ``tell``, or its answer.

        Raises:
            AssertionError: it raised something, or died.
        """
        assert self._process.stdout is not None
        timer = threading.Timer(_PATIENCE, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line, "the other process died, or took too long"
        said: dict[str, Any] = json.loads(line)
        assert "error" not in said, f"in the other process:\n{said['error']}"
        return said

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self.end()

    def end(self) -> None:
        """Let go of it; it ends when it has nothing more to do."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:  # it was killed with a task on its way
            pass
        try:
            self._process.wait(_PATIENCE)
        finally:
            self._process.kill()
            self._process.stdout.close()


_idle: list[Neighbour] = []


def neighbours(count: int) -> list[Neighbour]:
    """So many other processes; they stay for later tests."""
    _idle[:] = [each for each in _idle if each.is_alive]
    while len(_idle) < count:
        _idle.append(Neighbour())
    return _idle[:count]


@atexit.register
def _end_all() -> None:
    for each in _idle:
        each.end()
