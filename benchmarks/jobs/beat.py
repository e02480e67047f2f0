"""One beat with 1,000 new points, after many old ones; logging the points counts."""

from __future__ import annotations

import sys

from library import answer, beat, experiment, quiet_beats, seconds

OLD = int(sys.argv[2])
ex = experiment()


def log_many(log, count):
    for step in range(count):
        log("loss", 0.5, step)


@ex.main
def main(_run):
    log, tell = _run.log_scalar, beat(_run)
    log_many(log, OLD)
    tell()

    def round_of_points():
        log_many(log, 1000)
        tell()

    answer(seconds=min(seconds(round_of_points) for _ in range(5)))


ex.run(options=quiet_beats())
