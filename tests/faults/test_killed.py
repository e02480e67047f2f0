"""kill -9 at random moments: what was acknowledged is there, and all that is there is true."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from expkit.record.model import OUTPUT, POINTS
from expkit.stores.folder.store import FolderStore

HOME = Path(__file__).parents[2]

LAUNCHER = """
import json, os, random, select, signal, struct, sys, time, traceback

root, mode, mapped, count, seed = sys.argv[1], sys.argv[2], sys.argv[3] == "mapped", int(sys.argv[4]), int(sys.argv[5])
from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.settings import SETTINGS
from expkit.stores.disk import window

window.may_map = lambda folder: mapped
SETTINGS.CAPTURE_MODE = mode
ack = -1
ex = Experiment("killed", interactive=True, observers=[FileStorageObserver(root)])
ex.add_config(number=0)

@ex.main
def main(_run, number):
    with open(f"weights-{number}", "wb") as weights:
        weights.write(random.Random(number).randbytes(2_000_000))
    points = lines = artifacts = 0
    name = str(_run._id).ljust(20).encode()
    while True:
        for _ in range(100):
            _run.log_scalar("loss", float(points))
            points += 1
        os.write(ack, struct.pack("20siii", name, points, lines, artifacts))
        for _ in range(50):
            print("line", lines)
            lines += 1
        sys.stdout.flush()
        os.write(ack, struct.pack("20siii", name, points, lines, artifacts))
        _run.info["points"] = points
        if points % 1000 == 0:
            _run.add_artifact(weights.name if points % 2000 else __file__, f"all/{artifacts}.bin")
            artifacts += 1
            os.write(ack, struct.pack("20siii", name, points, lines, artifacts))

def live(number, pipe):
    global ack
    ack = pipe
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    ex.run(config_updates={"number": number})

chance = random.Random(seed)
acknowledged = []
for number in range(count):
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        try:
            live(number, writing)
        except BaseException:
            traceback.print_exc()
            os._exit(9)
    os.close(writing)
    words = b"" if number % 4 == 0 else os.read(reading, 1 << 16)  # a fourth may die while it starts
    end = time.monotonic() + chance.random() * 0.3
    while (left := end - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            words = (words + os.read(reading, 1 << 16))
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    while part := os.read(reading, 1 << 16):
        words += part
    os.close(reading)
    if len(words) >= 32:
        name, *counts = struct.unpack("20siii", words[len(words) // 32 * 32 - 32 :][:32])
        acknowledged.append((name.decode().strip(), *counts))
print(json.dumps(acknowledged))
"""

IN_C = """
import ctypes, os, sys
from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.settings import SETTINGS

SETTINGS.CAPTURE_MODE = sys.argv[2]
ex = Experiment("in C", interactive=True, observers=[FileStorageObserver(sys.argv[1])])

@ex.main
def main(_run):
    for step in range(1000):
        _run.log_scalar("loss", float(step))
        print("line", step)
    sys.stdout.flush()
    os.write(2, b"now\\n")
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter lock

ex.run()
"""


def launch(root, *arguments):
    """The launcher's report: id, points, lines and artifacts of each run that lived long enough to acknowledge any."""
    env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    root.parent.mkdir(exist_ok=True)
    (root.parent / "launcher.py").write_text(LAUNCHER)
    command = [sys.executable, "launcher.py", root, *map(str, arguments)]
    done = subprocess.run(command, cwd=root.parent, env=env, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    return json.loads(done.stdout)


def streams(store, run):
    found = {key.content: store.read(run, key) for key in store.streams(run)}
    points = [point for point in found.get(POINTS, []) if point.name == "loss"]
    return points, found.get(OUTPUT, b"").decode()


def whole_lines(store, run, least):
    """The run's lines; helpers outlive the killed process for a moment, until they have written what they were given."""
    deadline = time.monotonic() + 10
    while (output := streams(store, run)[1]).count("\n") < least and time.monotonic() < deadline:
        time.sleep(0.02)
    return [line for line in output.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.parametrize(("mode", "way"), [("fd", "mapped"), ("sys", "mapped"), ("sys", "appended")])
def test_killed_at_random_moments(tmp_path, faults, mode, way):
    """Every record loads and says DIED, streams are prefixes with all that was acknowledged, artifacts whole or absent."""
    seed = random.randrange(10**6)
    print("seed", seed)  # shown where the test fails
    root = tmp_path / "place" / "runs"
    acknowledged = launch(root, mode, way, 67 if faults else 7, seed)
    store = FolderStore(root)
    for run, points, lines, artifacts in acknowledged:
        record = store.load(run)
        values = [point.value for point in streams(store, run)[0]]
        assert len(values) >= points
        assert values == [float(number) for number in range(len(values))]
        found = [line for line in whole_lines(store, run, lines) if line.startswith("line")]
        assert len(found) >= lines
        assert found == [f"line {number}\n" for number in range(len(found))]
        kept = record.files_of("artifact")
        assert len(kept) >= artifacts
        for ref in kept:
            with store.open_blob(ref.sha256) as file:
                assert len(file.read()) == ref.size
            assert sha256((root / run / ref.path).read_bytes()).hexdigest() == ref.sha256
    assert [row["state"] for row in store.find(columns=["state"])] == ["DIED"] * len(store.ids())
    assert len(store.ids()) >= len(acknowledged) > 0
    for blob in (root / ".expkit" / "blobs").glob("*/*"):
        assert sha256(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name


@pytest.mark.parametrize("mode", ["fd", "sys"])
def test_killed_in_a_c_call(tmp_path, mode):
    """Nothing is lost by a program that was killed while C code held the interpreter lock."""
    (tmp_path / "script.py").write_text(IN_C)
    root = tmp_path / "runs"
    env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    command = [sys.executable, "script.py", os.fspath(root), mode]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while b"now" not in process.stderr.readline():
            assert process.poll() is None
        process.kill()
    store = FolderStore(root)
    assert len(streams(store, "1")[0]) == 1000
    assert [line for line in whole_lines(store, "1", 1000) if line.startswith("line")][-1] == "line 999\n"
    assert next(store.find(columns=["state"]))["state"] == "DIED"
