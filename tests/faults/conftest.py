"""Disks that are too small, and programs that run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..servers.small_disk import SmallDisk

HOME = Path(__file__).parents[2]


LOOK = """
import json, sys
from expkit.stores.folder.store import FolderStore
store = FolderStore(sys.argv[1])
record = store.load("1")
points = next((store.read("1", key) for key in store.streams("1") if key.content == "points"), [])
points = [point for point in points if not point.name.startswith("system/")]
output = next((store.read("1", key) for key in store.streams("1") if key.content == "output"), b"")
whole = []
for ref in record.files_of("artifact"):
    with store.open_blob(ref.sha256) as file:
        whole.append(sum(map(len, iter(lambda: file.read(100_000), b""))))
print(json.dumps({
    "status": record.status, "state": next(store.find(columns=["state"]))["state"], "result": record.result,
    "gaps": record.gaps, "artifacts": [ref.path for ref in record.files_of("artifact")], "sizes": whole,
    "points": len(points), "in_order": [point.value for point in points] == [float(i) for i in range(len(points))],
    "increasing": all(one.value < next_one.value for one, next_one in zip(points, points[1:])), "output": output.decode(),
}))
"""


@pytest.fixture
def on_small_disk(tmp_path):
    """Runs a program on a disk of its own, and tells how it ended and what its run's record says.

    Where a machine does not allow such disks, these tests fail, for nothing else shows what they ask.
    """

    def run(program, size="10m"):
        place = tmp_path / "disk"
        place.mkdir()
        (tmp_path / "program.py").write_text(program)
        disk = SmallDisk(place, size)
        try:
            ended = python("program.py", place / "runs", disk=disk, folder=tmp_path)
            looked = python("-c", LOOK, place / "runs", disk=disk, folder=tmp_path)
        finally:
            disk.end()
        assert looked.returncode == 0, looked.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr, json.loads(looked.stdout))

    return run


def python(*words, disk, folder):
    """Run Python where the disk is."""
    env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    command = disk.inside([sys.executable, *words], folder)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)


class Ended:
    """How a program ended, and what the record of its run says."""

    def __init__(self, code, out, err, record):
        self.code, self.out, self.err, self.record = code, out, err, record
