from __future__ import annotations

import json
import multiprocessing
import os
import time

from library import answer, experiment

PROCESSES, RUNS = 8, 25
ex = experiment()


@ex.config
def config():
    a = 1


@ex.main
def main(a):
    return a


def work(barrier):
    barrier.wait()
    for _ in range(RUNS):
        ex.run()
    barrier.wait()


def whole(folder):
    try:
        with open(f"runs/{folder}/run.json") as file:
            return json.load(file)["status"] == "COMPLETED"
    except (OSError, ValueError):
        return False


ex.run()
processes = multiprocessing.get_context("fork")
barrier = processes.Barrier(PROCESSES + 1)
workers = [processes.Process(target=work, args=(barrier,)) for _ in range(PROCESSES)]
for worker in workers:
    worker.start()
barrier.wait()
start = time.perf_counter()
barrier.wait()
taken = time.perf_counter() - start
for worker in workers:
    worker.join()
answer(seconds=taken, lost=PROCESSES * RUNS + 1 - sum(whole(name) for name in os.listdir("runs") if name.isdigit()))
