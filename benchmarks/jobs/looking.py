"""What looking back costs: ``looking.py JOB URL SIZE``; the store behind the URL is empty."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

sys.path.insert(0, os.environ["PYTHONPATH"])
os.environ["EXPKIT_STATE"] = os.path.abspath("state")

from library import answer, seconds

import expkit
from benchmarks.folder_runs import fill, settle
from expkit import Experiment, stores
from expkit.record.expression import parse

JOB, URL, SIZE = sys.argv[1], sys.argv[2], int(sys.argv[3])
ROUNDS = 5


def many():
    """The list of up to 1,000 runs, those with one value in their config, and the first 50 by a metric."""
    make_runs()
    store = stores.open(URL)

    def listed():
        found = list(store.find(None, ("id", "config", "result", "metrics.acc.last"), limit=1_000))
        assert len(found) == min(SIZE, 1_000)

    def filtered():
        assert list(store.find(parse("config.lr == 0.005"), ("id", "config.lr")))

    def page():
        assert list(store.find(None, ("id", "config", "metrics.acc.max"), ("-metrics.acc.max",), 50))

    first = seconds(listed)
    answer(first=first, **{look.__name__: best(look) for look in (listed, filtered, page)})


def terminal():
    """``expkit ls`` as a whole process."""
    make_runs()
    command("ls")
    answer(seconds=best(lambda: command("ls")))


def points():
    """All points of a metric as NumPy arrays."""

    def main(_run):
        for step in range(SIZE):
            _run.log_scalar("acc", step * 0.5, step)

    ex = Experiment("job", observers=[URL])
    ex.main(main)
    uid = ex.run().uid

    def arrays():
        assert len(expkit.open_run(uid, store=URL).metrics["acc"].values) == SIZE

    answer(seconds=best(arrays))


def parquet():
    """The export of all points of many runs, and the memory that it takes at most."""
    make_runs(points=1_000)
    taken = seconds(lambda: command("export", "--parquet", "--points", "-o", "points.parquet"))
    answer(seconds=taken, memory=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


def make_runs(points=100):
    """Variations of one real run; where they are not wanted in a folder, they are copied from one."""
    root = URL.removeprefix("folder:") if URL.startswith("folder:") else "made"
    fill(root, SIZE - 1, first=2, points=points)
    settle(root)
    if root == "made":
        stores.copy("folder:made", URL)


def command(*words):
    subprocess.run([sys.executable, "-m", "expkit", *words, "--store", URL], check=True, stdout=subprocess.DEVNULL)


def best(look):
    return min(seconds(look) for _ in range(ROUNDS))


globals()[JOB]()
