from __future__ import annotations

import os
import time

from library import answer, beat, experiment

POINTS = 1_000_000
ex = experiment()
figures = {}


def size_of_points():
    files = [os.path.join(folder, name) for folder, _, names in os.walk("runs") for name in names]
    return sum(os.path.getsize(file) for file in files if "metrics" in os.path.basename(file))


@ex.main
def main(_run):
    log = _run.log_scalar
    start = time.perf_counter()
    for step in range(POINTS):
        log("loss", 0.5, step)
    beat(_run)()
    figures["seconds"] = (time.perf_counter() - start) / POINTS


ex.run()
answer(**figures, bytes=size_of_points() / POINTS)
