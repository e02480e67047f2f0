"""1,000 runs that Sacred wrote into a folder, read as its users do: config, result and last metric of each, in seconds."""

from __future__ import annotations

import json
import os
import shutil

from library import answer, beat, experiment, quiet_beats, seconds

RUNS, ROUNDS, POINTS = 1_000, 5, 100
ex = experiment()


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
    beat(_run)()
    return 0.5


def part(run, name):
    with open(f"runs/{run}/{name}.json") as file:
        return json.load(file)


def listed():
    names = [name for name in os.listdir("runs") if name.isdigit()]
    for name in names:
        _ = part(name, "config"), part(name, "run")["result"], part(name, "metrics")["acc"]["values"][-1]
    assert len(names) == RUNS


ex.run(options=quiet_beats())
for number in range(2, RUNS + 1):
    shutil.copytree("runs/1", f"runs/{number}")
answer(listed=min(seconds(listed) for _ in range(ROUNDS)))
