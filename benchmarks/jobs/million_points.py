from __future__ import annotations

import os
import threading
import time

from library import answer, beat, experiment, quiet_beats

POINTS = 1_000_000
ex = experiment()
figures = {}


def size_of_points():
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join(60)  # Sacred's beat goes on writing after the run
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


ex.run(options=quiet_beats())
answer(**figures, bytes=size_of_points() / POINTS)
