"""Programs that close descriptors which are not theirs: no number of ours is used when it is another file's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.stores.disk.points import PointReader

HOME = Path(__file__).parents[2]

PROGRAM = """
import os, sys, signal, time
from expkit import Experiment, SETTINGS
SETTINGS.CAPTURE_MODE, where = sys.argv[1:]
SETTINGS.LEASE_INTERVAL = 1.0  # a descriptor that is in use at the very moment is beyond help, so these are few
ex = Experiment("it", observers=["runs"], interactive=True)
signal.signal(signal.SIGUSR1, lambda *given: None)

def work(_run):
    _run.flush()
    time.sleep(0.5)  # what the start does in the background is done
    os.closerange(3, 4096)
    mine = [os.open(f"mine-{number}", os.O_RDWR | os.O_CREAT) for number in range(14)]
    for fd in mine:
        os.write(fd, b"USERDATA")
    for number in range(9000):
        _run.log_scalar("a", number)
        print("hello from", where)
    for _ in range(30):
        print("x" * 10_000)
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(1.2)
    return mine

@ex.main
def main(_run):
    print("before", flush=True)
    _run.log_scalar("a", -1)
    if where == "main":
        _run.mine = work(_run)
        return
    if not (pid := os.fork()):
        work(_run)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

run = ex.run(options={"--beat-interval": 1.0})
for fd in getattr(run, "mine", ()):
    os.fsync(fd)
names = [name for name in os.listdir() if name.startswith("mine-")]
assert len(names) == 14
for name in names:
    assert open(name, "rb").read() == b"USERDATA", name
assert run.status == "COMPLETED"
"""


@pytest.mark.skipif(os.name != "posix", reason="only there")
@pytest.mark.parametrize("mode", ["sys", "fd"])
@pytest.mark.parametrize("where", ["main", "child"])
def test_daemons_close_what_is_not_theirs(tmp_path, mode, where):
    """What the user opens afterwards is neither written to, nor cut, nor closed; the record goes on."""
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "program.py", mode, where],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(HOME)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-800:]
    printed = (tmp_path / "runs/1/cout.txt").read_text()
    assert printed.count(f"hello from {where}") == 9000
    assert [path.name for path in (tmp_path / "runs/1").glob("cout*")] == ["cout.txt"]
    points = PointReader(next((tmp_path / "runs/1").glob("*.points"))).read()
    assert sum(point.name == "a" for point in points) == (9001 if where == "main" else 1)
