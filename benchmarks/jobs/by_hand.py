"""The physical limits: what the standard library alone needs for the same work."""

from __future__ import annotations

import copy
import functools
import json
import mmap
import multiprocessing
import os
import shutil
import sqlite3
import struct
import sys
import time
import timeit
from contextlib import closing
from statistics import median

from library import answer, groups, seconds

SLOT = struct.Struct("<qdd")


class Segment:
    """Points packed into a memory-mapped file: they survive the process as soon as they are written."""

    def __init__(self, path, capacity):
        with open(path, "w+b") as file:
            file.truncate(capacity * SLOT.size)
            self._map = mmap.mmap(file.fileno(), 0)
        self._end = 0

    def add(self, value, step):
        SLOT.pack_into(self._map, self._end, step, value, time.time())
        self._end += SLOT.size


def captured_call():
    def function(a, b, c):
        return c

    call = functools.partial(function, a=1, b=2, c=3)
    answer(seconds=min(timeit.repeat(call, number=20_000, repeat=25)) / 20_000)


def log_scalar():
    add = Segment("points", 200_000).add
    clock = time.perf_counter_ns
    waits = []
    for step in range(100_000):
        start = clock()
        add(0.5, step)
        waits.append(clock() - start)
    empty = []
    for _ in range(100_000):
        start = clock()
        empty.append(clock() - start)
    waits.sort()
    timer = median(empty)
    answer(median=(median(waits) - timer) * 1e-9, p99=(waits[99_000] - timer) * 1e-9)


def million_points():
    add = Segment("points", 1_000_000).add

    def fill():
        for step in range(1_000_000):
            add(0.5, step)

    answer(seconds=seconds(fill) / 1e6, bytes=SLOT.size)


def beat():
    add = Segment("points", 1_000_000).add

    def thousand():
        for step in range(1000):
            add(0.5, step)

    answer(seconds=min(seconds(thousand) for _ in range(20)))


def config():
    code = compile(groups(10), "config", "exec")

    def resolve():
        entries = {}
        exec(code, {}, entries)
        for number in range(10):
            entries[f"g{number}"]["h3"]["e7"] = -1
        copy.deepcopy(entries)

    answer(first=seconds(resolve), again=min(seconds(resolve) for _ in range(20)))


def record(number):
    folder = f"runs/{number}"
    os.mkdir(folder)
    for name, content in (("run.json", {"status": "COMPLETED"}), ("config.json", {"seed": 1})):
        with open(f"{folder}/{name}", "w") as file:
            json.dump(content, file)
    with open(f"{folder}/cout.txt", "w") as file:
        file.write("hello\n")
        os.fsync(file.fileno())


def many_runs():
    def work(process):
        barrier.wait()
        for number in range(25):
            record(f"{process}-{number}")
        barrier.wait()

    os.mkdir("runs")
    processes = multiprocessing.get_context("fork")
    barrier = processes.Barrier(9)
    workers = [processes.Process(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    barrier.wait()
    taken = seconds(barrier.wait)
    for worker in workers:
        worker.join()
    answer(seconds=taken, lost=0)


def artifact():
    with open("weights.bin", "wb") as file:
        file.writelines(os.urandom(1 << 20) for _ in range(1 << 10))
    copied = seconds(shutil.copyfile, "weights.bin", "copy.bin")
    answer(first=copied, again=seconds(os.stat, "weights.bin"), copies=1)


def hundred_runs():
    os.mkdir("runs")
    answer(seconds=sum(seconds(record, number) for number in range(100)) / 100)


def listing():
    """1,000 runs in one table: their ids, results and last values, and their configs, which are JSON."""
    optimizer = {"name": "adam", "betas": (0.9, 0.999), "weight_decay": 0.01}
    model = {"layers": [256, 128, 10], "dropout": 0.1, "activation": "relu"}
    rest = {"epochs": 10, "batch_size": 64, "optimizer": optimizer, "model": model, "dataset": "mnist"}
    with closing(sqlite3.connect("runs.db")) as database:
        database.execute("CREATE TABLE runs (id TEXT, config TEXT, result REAL, last REAL)")
        rows = [(str(n), json.dumps({"lr": n / 1000, "seed": n, **rest}), 0.5, n / 7) for n in range(1_000)]
        database.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", rows)
        database.commit()

    def listed():
        with closing(sqlite3.connect("runs.db")) as database:
            found = database.execute("SELECT id, config, result, last FROM runs")
            assert len([(run, json.loads(config), result, last) for run, config, result, last in found]) == 1_000

    answer(listed=min(seconds(listed) for _ in range(20)))


globals()[sys.argv[1]]()
