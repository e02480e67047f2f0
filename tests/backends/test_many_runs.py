"""A process may have thousands of runs: none of them leaves anything open."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ..processes import environment
from .kinds import BACKENDS
from .table import FAULTS

PROGRAM = """
import gc, json, sys, threading, time
import psutil
from expkit import Experiment

FEW = 4

gc.disable()  # whatever is let go of only when the collector comes may be very much by then
url, port = sys.argv[1], int(sys.argv[2])
ex = Experiment("small", interactive=True, observers=[url])

@ex.main
def main(_run):
    _run.log_scalar("loss", 0.5)

def held():
    here = psutil.Process()
    files = [file.path for file in here.open_files() if "faults" in file.path]
    lines = [line for line in here.net_connections("tcp") if port and line.raddr and line.raddr.port == port]
    return len(files) + len(lines), threading.active_count()

def settled():
    # once everything has come to rest
    end = time.monotonic() + 30
    while (max(found := held()) > FEW) and time.monotonic() < end:
        time.sleep(0.02)
    return found

for _ in range(8):
    ex.run()
print(json.dumps(settled()), file=sys.stderr)
"""

FEW = 4
"""Fewer than there are runs: drivers may keep one connection and one thread of their own, and there is the main thread."""

SAMPLE = ("sqlite", "postgresql", "mongodb", "s3")


@pytest.mark.parametrize("world", BACKENDS if FAULTS else SAMPLE, indirect=True)
def test_nothing_stays_open(world):
    """A store that was named by a URL is let go of when its run is over: connections and threads do not add up."""
    world.start()
    (world.folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", world.url(), str(world.server.port)]
    ended = subprocess.run(
        command, cwd=world.folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    connections, threads = json.loads(ended.stderr.splitlines()[-1])
    assert connections <= FEW
    assert threads <= FEW
