from __future__ import annotations

import os
import time

from library import answer, experiment, seconds

SIZE, CHUNK, RUNS = 1 << 30, 1 << 20, 5
ex = experiment()
times = []


@ex.main
def main(_run):
    times.append(seconds(_run.add_artifact, "weights.bin"))


def space(folder):
    """Bytes on the disk, each file once under however many names."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            stat = os.stat(os.path.join(place, name))
            found[stat.st_ino] = stat.st_blocks * 512
    return sum(found.values())


with open("weights.bin", "wb") as file:
    file.writelines(os.urandom(CHUNK) for _ in range(SIZE // CHUNK))
    os.fsync(file.fileno())
time.sleep(0.1)
for _ in range(RUNS):
    ex.run()
answer(first=times[0], again=min(times[1:]), copies=space("runs") / SIZE)
