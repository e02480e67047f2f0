"""Programs in processes of their own, as fixtures start them, and waiting for what they do."""

import os
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).parents[1]

QUICK = """
from expkit import SETTINGS
SETTINGS.LANES.RETRY_FIRST = 0.01
SETTINGS.LANES.RETRY_LONGEST = 0.2
SETTINGS.LANES.END_PATIENCE = 0.2
SETTINGS.LANES.JOURNAL_PATIENCE = 0.2
"""
"""What programs under test wait for is scaled down."""


class Processes:
    """Starts programs in processes of their own, and ends what is left of them.

    Args:
        folder: where they are written and run.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._started = []

    def __call__(self, program, *arguments, head=QUICK, inside=lambda command, folder: command, folder=None, **more):
        """Start a program.

        Args:
            program: its source.
            arguments: of its command line.
            head: goes before its source.
            inside: ``inside(command, folder)`` gives the command that runs another one somewhere.
            folder: where it runs.
            more: of its environment.
        """
        folder = Path(folder or self.folder)
        path = folder / f"program{len(self._started)}.py"
        path.write_text(head + program)
        command = inside([sys.executable, path.name, *map(str, arguments)], folder)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self._started.append(subprocess.Popen(command, cwd=folder, env=environment(**more), **pipes))
        return self._started[-1]

    def end(self):
        """Nothing is left of them."""
        for each in self._started:
            each.kill()
            each.communicate()


def environment(**more):
    """The environment of programs under test."""
    return {**os.environ, "PYTHONPATH": os.fspath(HOME), "PYTHONUNBUFFERED": "1", **more}


def wait(condition, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def ended(process, seconds=120):
    """Exit code, stdout and stderr of a process, once it has ended."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err
