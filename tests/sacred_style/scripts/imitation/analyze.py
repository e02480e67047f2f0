"""Looks back at runs: reads the records that another script left, from its own run."""
import json
import pathlib

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("analyze")


@ex.config
def cfg():
    source_dirs = ["records"]
    env_name = None
    run_name = None
    csv_output_path = None


@ex.named_config
def to_csv():
    csv_output_path = "table.csv"


@ex.command
def produce(_run):
    inner = Experiment("made")
    inner.observers.append(FileStorageObserver("records"))
    inner.add_config({"env": "pendulum", "lr": 0.5})

    @inner.main
    def main(lr):
        return {"mean": lr}

    inner.run()
    inner.run(config_updates={"lr": 1.0})


@ex.capture
def gather(source_dirs, env_name):
    for source in source_dirs:
        for path in sorted(pathlib.Path(source).glob("*/run.json")):
            config = json.loads((path.parent / "config.json").read_text())
            if env_name is None or config["env"] == env_name:
                yield json.loads(path.read_text()), config


@ex.automain
def analyze(csv_output_path):
    rows = [(run["status"], config["lr"], run["result"]["mean"]) for run, config in gather()]
    print(rows)
    if csv_output_path is not None:
        pathlib.Path(csv_output_path).write_text("\n".join(",".join(map(str, row)) for row in rows))
    return len(rows)
