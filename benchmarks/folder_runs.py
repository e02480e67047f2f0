"""Stores of many runs, made quickly: folders as an experiment writes them, each a variation of one that it wrote."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.record.uid import new_uid

POINTS = 100
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)


def fill(root: str, runs: int, first: int = 1) -> None:
    """Write ``runs`` finished runs with ids from ``first`` on; the first call in a folder makes a real one."""
    pattern = _pattern(root)
    notes = []
    for number in range(first, first + runs):
        notes.append(_write(root, number, pattern))
    with open(f"{root}/.expkit/changes/generator.jsonl", "a") as log:
        log.writelines(notes)


def _pattern(root: str) -> dict[str, object]:
    path = Path(f"{root}/.expkit/pattern.json")
    if not path.exists():
        made = Path(root, _real(root))
        tree = json.loads((made / "run.json").read_text())
        points = (made / "metrics-0-0.points").read_bytes()
        path.write_text(json.dumps({"tree": tree, "points": points.hex()}))
    return json.loads(path.read_text())


def _real(root: str) -> str:
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
        for step in range(POINTS // 2):
            _run.log_scalar("loss", 1.0 / (step + 1), step)
            _run.log_scalar("acc", step / POINTS, step)
        return 0.5

    return str(ex.run()._id)


def _write(root: str, number: int, pattern: dict) -> str:
    begun = LONG_AGO + timedelta(seconds=number)
    uid = new_uid()
    value = (number * 7919 % 100_003) / 100_003
    config = {**pattern["tree"]["config"], "lr": (number % 100) / 1000, "seed": number}
    tree = {**pattern["tree"], "_id": str(number), "uid": uid, "config": config, "seed": number, "result": value}
    times = {"start_time": begun, "stop_time": begun + timedelta(seconds=60), "heartbeat": begun, "created": begun}
    tree.update((key, when.isoformat(timespec="microseconds")) for key, when in times.items())
    folder = f"{root}/{number}"
    os.mkdir(folder)
    points = bytearray.fromhex(pattern["points"])
    _set_last(points, value)
    for name, data in (("run.json", json.dumps(tree, indent=2).encode()), ("metrics-0-0.points", bytes(points))):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
        os.utime(f"{folder}/{name}", (begun.timestamp(), begun.timestamp()))
    Path(f"{root}/.expkit/uids/{uid}").write_text(str(number))
    return json.dumps([datetime.now(timezone.utc).isoformat(), "created", uid]) + "\n"


def _set_last(points: bytearray, value: float) -> None:
    """Make the last point, which is one of ``acc``, tell the runs apart."""
    import struct

    points[-20:-12] = struct.pack("<d", value * 100)


def settle(root: str) -> None:
    """Wait until the folder's time of change is not of this moment any more."""
    time.sleep(max(0.0, 1.3 - (time.time() - os.stat(root).st_mtime)))
