"""Many processes that start at once in one folder, on file systems that know no locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from expkit.record.model import OUTPUT, POINTS
from expkit.stores.folder.store import FolderStore

HOME = Path(__file__).parents[2]

PROGRAM = """
import errno, fcntl, os, sys

root, count = sys.argv[1], int(sys.argv[2])

def refused(*_, **__):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = fcntl.lockf = os.link = refused

from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.run import later

later.PATIENCE = 60.0  # facts come late where 64 processes share few processors
ex = Experiment("many", interactive=True, observers=[FileStorageObserver(root)])
ex.add_config(number=-1)

@ex.main
def main(_run, number):
    for step in range(10):
        _run.log_scalar("loss", number, step)
    print("number", number)
    _run.add_artifact(__file__, "all/program.py")
    _run.add_artifact(note(number), "note.txt")
    return number

def note(number):
    with open(f"note-{number}", "w") as file:
        file.write(str(number))
    return file.name

ready, go = os.pipe()
children = []
for number in range(count):
    if not (child := os.fork()):
        os.close(go)
        os.read(ready, 1)  # until the parent lets go
        try:
            ex.run(config_updates={"number": number})
        finally:
            os._exit(sys.exc_info()[0] is not None)
    children.append(child)
os.close(go)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * count
"""


def test_sixty_four_at_once(tmp_path):
    """Processes that start at the same moment get an id and a whole record each, with neither locks nor hard links."""
    (tmp_path / "program.py").write_text(PROGRAM)
    env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    command = [sys.executable, "program.py", tmp_path / "runs", "64"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    store = FolderStore(tmp_path / "runs")
    assert sorted(int(key.id) for key in store.ids()) == list(range(1, 65))
    assert len({key.uid for key in store.ids()}) == 64
    numbers = []
    for key in store.ids():
        record = store.load(key.id)
        numbers.append(record.config["number"])
        found = {stream.content: store.read(key.id, stream) for stream in store.streams(key.id)}
        assert (record.status, record.result, record.gaps) == ("COMPLETED", numbers[-1], ())
        points = [(point.step, point.value) for point in found[POINTS] if point.name == "loss"]
        assert points == [(step, numbers[-1]) for step in range(10)]
        assert found[OUTPUT].decode().splitlines() == [f"number {numbers[-1]}"]
        assert [ref.path for ref in record.files_of("artifact")] == ["all/program.py", "note.txt"]
        assert (store.root / key.id / "note.txt").read_text() == str(numbers[-1])
    assert sorted(numbers) == list(range(64))
    changes, _ = store.changes()
    assert sum(change.what == "created" for change in changes) == 64
