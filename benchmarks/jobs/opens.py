"""What looking at opened files costs: loops in a run, chunks of them in turns with and without anybody who looks."""

from __future__ import annotations

import logging
import pickle
import time

from library import answer, experiment

from expkit.provenance.files import audit

OPENS, CHUNK, DISTINCT = 100_000, 1_000, 20_000
ex = experiment()
log = logging.getLogger("job")
log.addHandler(logging.NullHandler())
log.propagate = False


class Thing:
    pass


pickled = pickle.dumps(Thing())


def same(number):
    with open("small.txt") as file:
        file.read()


def distinct(number):
    with open(f"many{number % DISTINCT}.txt") as file:
        file.read()


def logged(number):
    log.warning("x")


def unpickled(number):
    pickle.loads(pickled)


def made(number):
    Thing()


LOOPS = {"same": same, "distinct": distinct, "logged": logged, "unpickled": unpickled, "made": made, "identity": id}


def chunk(function, start):
    """Seconds of processor time of this thread per call."""
    begun = time.thread_time()
    for number in range(start, start + CHUNK):
        function(number)
    return (time.thread_time() - begun) / CHUNK


def compared(function):
    """Seconds per call, (with, without): the quarter of the chunks that was disturbed least."""
    (listener,) = audit._listeners
    seen, unseen = [], []
    for start in range(0, OPENS, CHUNK):
        seen.append(chunk(function, start))
        audit.unlisten(listener)
        unseen.append(chunk(function, start))
        audit.listen(listener)
    return [sorted(times)[len(times) // 4] for times in (seen, unseen)]


for name in ["small.txt", *(f"many{number}.txt" for number in range(DISTINCT))]:
    with open(name, "w") as file:
        file.write("a few bytes")


@ex.main
def main():
    figures = {}
    for name, function in LOOPS.items():
        figures[name], figures[f"{name}_limit"] = compared(function)
    return figures


answer(**ex.run().result)
