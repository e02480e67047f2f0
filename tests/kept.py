"""Runs that the tests of ``diff``, ``rm``, ``gc`` and their like look after, and transcripts of what the program says."""

import os
import re
from datetime import timedelta
from pathlib import Path

from expkit.console.main import main
from expkit.record.hashing import config_hashes
from expkit.record.model import COMPLETED, OUTPUT, RUNNING, ConfigFacts, FileRef, Launch, Point, StreamKey
from expkit.record.tagged import tagged
from expkit.testing.samples import NOON, sample_lease, sample_record

GOLDEN = Path(__file__).parent / "terminal" / "golden"
KINDS = ("folder", "tinydb", "mongodb", "sqlite")
"""Stores that outlive a process."""

SOURCE = """import os


def load(path):
    return path


def main(lr):
    # a comment
    return lr


class Net:
    depth = 2
"""


def fill(store):
    """Three runs that differ in learning rate and seed, the last one with changed sources; and one that goes on."""
    add(store, lr=0.1, seed=1)
    add(store, lr=0.5, seed=1)
    changed = SOURCE.replace("return lr\n", "return lr * 2\n").replace("a comment", "another comment")
    add(store, lr=0.1, seed=2, source=changed.replace("def load(path):\n    return path\n\n\n", ""), torch="2.1")
    live = record(store, lr=0.9, seed=3).but(status=RUNNING, stop_time=None)
    store.create(live, lease=sample_lease(1e6))
    return store


def add(store, **facts):
    """A completed run; its uid."""
    whole = record(store, **facts)
    store.create(whole.but(status=RUNNING, stop_time=None), lease=sample_lease(1e6))
    points = [Point("loss", step, facts["lr"] / (step + 1), 1e9 + step) for step in range(10)]
    store.append(whole.uid, StreamKey(), 0, points)
    store.append(whole.uid, StreamKey(OUTPUT), 0, "ключ\n".encode())
    store.save(whole)
    return whole.uid


def record(store, lr, seed, source=SOURCE, torch="2.0"):
    """What a run has beside its streams."""
    config = {"lr": lr, "net": {"units": [64, 32]}, "kind": "1", "seed": seed}
    return sample_record(
        name="digits",
        status=COMPLETED,
        start_time=NOON,
        stop_time=NOON + timedelta(seconds=5),
        heartbeat=NOON,
        parent=None,
        config=config,
        facts=ConfigFacts(hash=config_hashes(config)[0]),
        meta={"tags": ["first"]},
        launch=Launch(script="train.py"),
        experiment={"name": "digits", "dependencies": ["numpy==1.26", f"torch=={torch}"], "repositories": []},
        host={"hostname": "lab"},
        info={"curve": tagged("array", blob=put(store, b"curve" * 20).sha256, dtype="float64", shape=[4])},
        result={"acc": lr + seed / 10},
        files=(
            file(store, "train.py", "source", source.encode()),
            file(store, "model.bin", "artifact", b"model" * 1000),
            FileRef(path="large.csv", role="input", sha256="ab" * 32, size=10, kept=False),
        ),
    )


def put(store, data):
    """Keep bytes."""
    return store.put_blob(data)


def file(store, path, role, data):
    """A file whose bytes are in the store."""
    blob = put(store, data)
    return FileRef(path=path, role=role, sha256=blob.sha256, size=blob.size, first_seen=NOON)


class Said:
    """What the program said.

    Args:
        code: the exit code.
        out, err: what it printed.
    """

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self):
        """What it printed on stdout."""
        return self.out.splitlines()


def say(capsys, *words):
    """Run the program in this process."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    return Said(code, *capsys.readouterr())


def transcript(capsys, commands, normal):
    """What the program says to several command lines, in the form of a golden file.

    Args:
        capsys: pytest's.
        commands: lists of words.
        normal: makes texts the same each time.
    """
    parts = []
    for words in commands:
        said = say(capsys, *words)
        shown = " ".join(word if re.fullmatch(r"[\w./:=,~+-]+", word) else f"'{word}'" for word in words)
        parts.append(f"$ expkit {shown}\n{said.out}")
        parts += [f"stderr: {line}\n" for line in said.err.splitlines()]
        parts += [f"exit code {said.code}\n"] if said.code else []
    return normal("".join(parts))


def is_golden(name, text):
    """Assert that a text is that of a golden file; ``UPDATE_GOLDEN=1`` writes the file instead."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
