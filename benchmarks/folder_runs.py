"""Stores of many runs, made quickly: folders as an experiment writes them, each a variation of one that it wrote."""

from __future__ import annotations

import json
import os
import shutil
import struct
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.record.uid import new_uid

POINTS = 100
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)


def fill(root: str, runs: int, first: int = 1, points: int = POINTS) -> None:
    """Write ``runs`` finished runs with ids from ``first`` on; the first call in a folder makes a real one.

    Args:
        root: the folder.
        runs: how many.
        first: id.
        points: of each run.
    """
    text, data = _pattern(root, points)
    with open(f"{root}/.expkit/changes/generator.jsonl", "a") as log:
        log.writelines(_write(root, number, text, data) for number in range(first, first + runs))


def _pattern(root: str, points: int) -> tuple[str, bytes]:
    """The record of a real run with marks where runs differ, and its points."""
    kept = Path(f"{root}/.expkit/pattern")
    if not kept.exists():
        shutil.copytree(Path(root, _real(root, points)), kept)
    tree = json.loads((kept / "run.json").read_text())
    tree["config"].update(lr="@lr@", seed="@number@")
    tree.update(_id="@id@", uid="@uid@", seed="@number@", result="@value@", start_time="@begun@", created="@begun@")
    tree.update(heartbeat="@ended@", stop_time="@ended@")
    text = json.dumps(tree, indent=2)
    for mark in ("lr", "number", "value"):
        text = text.replace(f'"@{mark}@"', f"@{mark}@")
    return text, (kept / "metrics-0-0.points").read_bytes()


def _real(root: str, points: int) -> str:
    """The folder of a run that an experiment has just made there."""
    ex = Experiment("benchmark", observers=[FileStorageObserver(root)])

    @ex.config
    def config():
        lr = 0.1
        epochs = 10
        batch_size = 64
        optimizer = {"name": "adam", "betas": (0.9, 0.999), "weight_decay": 0.01}
        model = {"layers": [256, 128, 10], "dropout": 0.1, "activation": "relu"}
        dataset = "mnist"

    @ex.main
    def main(_run):
        for step in range(points // 2):
            _run.log_scalar("loss", 1.0 / (step + 1), step)
            _run.log_scalar("acc", step / points, step)
        return 0.5

    return str(ex.run()._id)


def _write(root: str, number: int, text: str, points: bytes) -> str:
    begun, uid = LONG_AGO + timedelta(seconds=number), new_uid()
    value = (number * 7919 % 100_003) / 100_003
    said = {"id": number, "uid": uid, "number": number, "lr": (number % 100) / 1000, "value": value}
    said |= {"begun": begun.isoformat(), "ended": (begun + timedelta(seconds=60)).isoformat()}
    for mark, what in said.items():
        text = text.replace(f"@{mark}@", str(what))
    # the last point, one of ``acc``, tells the runs apart
    points = points[:-20] + struct.pack("<d", value * 100) + points[-12:]
    folder = f"{root}/{number}"
    os.mkdir(folder)
    for name, data in (("run.json", text.encode()), ("metrics-0-0.points", points)):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
        os.utime(f"{folder}/{name}", (begun.timestamp(), begun.timestamp()))
    with open(f"{root}/.expkit/uids/{uid}", "w") as note:
        note.write(str(number))
    return f'["{datetime.now(timezone.utc).isoformat()}","created","{uid}"]\n'


def settle(root: str) -> None:
    """Wait until the folder's time of change is not of this moment any more."""
    time.sleep(max(0.0, 1.3 - (time.time() - os.stat(root).st_mtime)))
