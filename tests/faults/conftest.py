"""Disks that are too small, and programs that run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


SCRIPT = """
set -eu
mount -t tmpfs -o "$1" none "$2"
python=$3
status=0
"$python" "$4" "$2/runs" >"$5/stdout" 2>"$5/stderr" || status=$?
echo "$status" >"$5/status"
exec "$python" -c "$6" "$2/runs"
"""

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

    The disk is a tmpfs in a private mount namespace: as root, or in a user namespace of its own. Where a machine allows
    neither, these tests fail, for nothing else shows what they ask.
    """

    def run(program, options="size=10m"):
        disk = tmp_path / "disk"
        disk.mkdir()
        (tmp_path / "program.py").write_text(program)
        private = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
        script = ["bash", "-c", SCRIPT, "bash", options, disk, sys.executable, tmp_path / "program.py", tmp_path, LOOK]
        env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
        done = subprocess.run([*private, *script], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        words = {name: (tmp_path / name).read_text() for name in ("stdout", "stderr", "status")}
        return Ended(int(words["status"]), words["stdout"], words["stderr"], json.loads(done.stdout))

    return run


class Ended:
    """How a program ended, and what the record of its run says."""

    def __init__(self, code, out, err, record):
        self.code, self.out, self.err, self.record = code, out, err, record
