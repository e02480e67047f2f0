"""Runs that the real wandb wrote offline, and what its own reader says about them."""

import json
import math
import os
import sys
from pathlib import Path

import wandb

HERE = Path(sys.argv[1])
os.environ |= {"WANDB_MODE": "offline", "WANDB_DIR": str(HERE), "WANDB_SILENT": "true", "WANDB_DISABLE_GIT": "true"}


def settings():
    """Output is caught as in a notebook; older versions do not know how to measure more often."""
    try:
        return wandb.Settings(console="wrap", x_stats_sampling_interval=0.5)
    except Exception:
        return wandb.Settings(console="wrap")


def main():
    made = wandb.init(
        project="digits",
        entity="lab",
        id="abcd1234",
        name="bold crow",
        notes="first try",
        tags=["baseline", "paper"],
        group="sweep-1",
        job_type="train",
        config={"lr": 0.1, "layers": [64, 32], "net": {"units": 128, "act": "relu"}, "name": "mnist", "none": None},
        settings=settings(),
    )
    made.config.update({"late": True})
    print("epoch 0: über")
    for step in range(20):
        made.log({"loss": 1 / (step + 1), "train/acc": step / 20, "epoch": step // 5, "big": 2**53 + step})
    made.log({"loss": math.nan, "nested": {"a": 1, "b": {"c": 2.5}}, "word": "done", "flag": True})
    made.log({"loss": math.inf, "hist": wandb.Histogram([1, 2, 3])})
    made.log({"table": wandb.Table(columns=["a"], data=[[1]])})
    made.summary["best"] = 0.95
    made.define_metric("epoch")
    (HERE / "model.txt").write_text("weights")
    made.save(str(HERE / "model.txt"), base_path=str(HERE), policy="now")
    artifact = wandb.Artifact("data", type="dataset")
    artifact.add_file(str(HERE / "model.txt"))
    made.log_artifact(artifact)
    made.finish()
    failed = wandb.init(project="digits", id="dead5678", config={"lr": 0.5})
    failed.log({"loss": 3.0})
    failed.finish(exit_code=1)
    expected = {path.parent.name.split("-")[-1]: told(path) for path in HERE.glob("wandb/offline-run-*/*.wandb")}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1))


def told(path):
    """The history as wandb's own reader of such files gives it, in versions that have one."""
    try:
        from wandb.proto import wandb_internal_pb2
        from wandb.sdk.internal.datastore import DataStore
    except ImportError:
        return None
    store, rows = DataStore(), []
    store.open_for_scan(str(path))
    while (data := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            rows.append({item.key or ".".join(item.nested_key): item.value_json for item in record.history.item})
    return rows


if __name__ == "__main__":
    main()
