"""Records that Sacred writes: into a folder, TinyDB, MongoDB and SQL at once, in a process of its own."""

import json
import os
import subprocess

from ..sacred_style import sacred_home

SCRIPT = """
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")
import numpy as np
from sacred import Experiment
from sacred.observers import FileStorageObserver, MongoObserver, SqlObserver, TinyDbObserver

ex = Experiment("digits", save_git_info=False)
where = sys.argv[1:]
made = {
    "folder": lambda: FileStorageObserver("folder"),
    "mongodb": lambda: MongoObserver(url=os.environ["MONGO"], db_name=os.environ["DATABASE"]),
    "sql": lambda: SqlObserver("sqlite:///sql.db"),
    "tinydb": lambda: TinyDbObserver("tiny"),
}


@ex.config
def config():
    lr = 0.1
    layers = [{"units": 64}, {"units": 10}]
    shape = (3, 4)
    how = "completed"


@ex.main
def main(_run, lr, how):
    print("training with", lr, "ключ")
    _run.info["epochs"] = 4
    _run.info["weights"] = {"a.b": [1.5, float("nan")]}
    for step in range(5):
        _run.log_scalar("loss", 1 / (step + 1), step)
        _run.log_scalar("acc", float("nan") if step == 1 else step / 5)
    if where != ["sql"]:  # it cannot have one of these after a failure
        with _run.open_resource("data.csv") as file:
            file.read()
    with open("model.bin", "wb") as file:
        file.write(bytes(range(256)) * 20)
    _run.add_artifact("model.bin", metadata={"epoch": 4}, content_type="application/x-model")
    if how == "failed":
        raise ValueError("no data")
    if how == "killed":
        _run._emit_heartbeat()
        os.kill(os.getpid(), 9)
    return 0.75


ex.observers.extend(made[name]() for name in where)
for how in ("completed", "failed", "killed"):
    try:
        ex.run(config_updates={"how": how, "seed": 42}, options={"--beat-interval": 0.2, "--capture": "sys"})
    except ValueError:
        pass
"""


def record(folder, url, database, *where):
    """Let Sacred record three runs: one completes, one fails, one is killed."""
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "data.csv").write_text("1,2\n")
    environment = {**os.environ, "MONGO": url, "DATABASE": database}
    interpreter = sacred_home.python(*sacred_home.DATABASES)
    command = [interpreter, "train.py", *where]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == -9, done.stderr
    return folder
