"""Copies the sources to a place of its own at the start, and removes the observer's copies."""
import os
import shutil

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("sources_aside")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    lr = 0.5


def init_exp(_run):
    observer = _run.observers[0]
    os.makedirs(f"{observer.dir}/snapshots", exist_ok=True)
    for source_file, _ in _run.experiment_info["sources"]:
        os.makedirs(os.path.dirname(f"{observer.dir}/source/{source_file}"), exist_ok=True)
        observer.save_file(source_file, f"source/{source_file}")
    shutil.rmtree(f"{observer.basedir}/_sources")


@ex.automain
def main(_run, lr):
    init_exp(_run)
    path = os.path.join(_run.observers[0].dir, "snapshots", "1.txt")
    with open(path, "w") as f:
        f.write("weights %s" % lr)
    _run.log_scalar("loss", lr)
    print(os.path.relpath(ex.observers[0].dir), sorted(os.listdir(os.path.join(ex.observers[0].dir, "source"))))
    print(os.path.exists("runs/_sources"))
    return lr
