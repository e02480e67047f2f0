"""Looking at a folder of many runs, in seconds: the first look, later ones, and one after ten new runs."""

from __future__ import annotations

import os
import sys
import time

sys.path.insert(0, os.environ["PYTHONPATH"])
os.environ["EXPKIT_STATE"] = os.path.abspath("state")

from library import answer

from benchmarks.folder_runs import fill, settle
from expkit.record.expression import parse
from expkit.stores.folder.store import FolderStore

RUNS, ROUNDS = int(sys.argv[2]), 5
FACTS = ["id", "config", "result", "metrics.acc.last"]


def seconds(look, rounds=ROUNDS):
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        list(look())
        taken.append(time.perf_counter() - start)
    return min(taken)


def listed():
    return store.find(None, FACTS, limit=1_000)


def filtered():
    return store.find(parse("config.lr == 0.05"), ["id", "config.lr"])


def page():
    return store.find(None, ["id", "config", "metrics.acc.max"], ["-metrics.acc.max"], 50)


fill("runs", RUNS - 1, first=2)
settle("runs")
store = FolderStore("runs")
figures = {"first": seconds(listed, 1)}
figures["page_first"] = seconds(page, 1)
figures |= {look.__name__: seconds(look) for look in (listed, filtered, page)}
fill("runs", 10, first=RUNS + 1)
figures["after_ten"] = seconds(page, 1)
answer(**figures)
