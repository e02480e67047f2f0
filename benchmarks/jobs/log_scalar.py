from __future__ import annotations

import time
from statistics import median

from library import answer, experiment, quiet_beats

ex = experiment()


@ex.main
def main(_run):
    log = _run.log_scalar
    clock = time.perf_counter_ns
    waits = []
    for step in range(100_000):
        start = clock()
        log("loss", 0.5, step)
        waits.append(clock() - start)
    empty = []
    for _ in range(100_000):
        start = clock()
        empty.append(clock() - start)
    waits.sort()
    timer = median(empty)
    answer(median=(median(waits) - timer) * 1e-9, p99=(waits[99_000] - timer) * 1e-9)


ex.run(options=quiet_beats())
