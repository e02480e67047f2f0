"""Runs that the real MLflow wrote: into a folder, and into an SQLite database."""

import json
import math
import os
import sys
from pathlib import Path

HERE = Path(sys.argv[1])
os.environ |= {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

import mlflow
from mlflow import MlflowClient


def main():
    os.chdir(HERE)
    expected = {uri: fill(uri) for uri in ("mlruns", "sqlite:///mlflow.db")}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1))


def fill(uri):
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("digits")
    with mlflow.start_run(run_name="bold-crow", tags={"team": "vision", "paper": ""}, description="first try"):
        mlflow.log_params({"lr": 0.1, "layers": [64, 32], "net/units": 128, "amp": True, "name": "mnist", "none": None})
        for step in range(20):
            mlflow.log_metrics({"loss": 1 / (step + 1), "train/acc": step / 20}, step)
        mlflow.log_metric("loss", math.nan, 20)
        mlflow.log_metric("loss", math.inf, 21)
        mlflow.log_metric("loss", -math.inf, 22)
        mlflow.log_text("weights", "model/model.txt")
        mlflow.log_dict({"a": 1}, "a.json")
        with mlflow.start_run(nested=True, run_name="child"):
            mlflow.log_metric("loss", 7)
    try:
        with mlflow.start_run(run_name="failed"):
            mlflow.log_param("lr", 0.5)
            raise RuntimeError
    except RuntimeError:
        pass
    client = MlflowClient()
    experiment = mlflow.get_experiment_by_name("digits").experiment_id
    client.set_terminated(client.create_run(experiment, run_name="killed").info.run_id, "KILLED")
    client.create_run(experiment, run_name="running")
    client.delete_run(client.create_run(experiment, run_name="deleted").info.run_id)
    other = client.create_experiment("gone")
    client.create_run(other)
    client.delete_experiment(other)
    return [told(client, run) for run in client.search_runs([experiment])]


def told(client, run):
    """What MLflow itself reads of a run."""
    return {
        "run_id": run.info.run_id,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            name: [
                [point.step, repr(point.value), point.timestamp]
                for point in client.get_metric_history(run.info.run_id, name)
            ]
            for name in run.data.metrics
        },
    }


if __name__ == "__main__":
    main()
