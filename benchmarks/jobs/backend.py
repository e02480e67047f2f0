"""What a backend costs: ``backend.py JOB URL SIZE DATA``; runs are observed by the store behind the URL alone."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from statistics import median

from library import answer, seconds

from expkit import Experiment, stores

JOB, URL, SIZE = sys.argv[1], sys.argv[2], int(sys.argv[3])
LONGEST = 3600
ROUNDS = 5
ex = Experiment("job", observers=[URL])


def log_many(run, count):
    log = run.log_scalar
    for step in range(count):
        log("loss", 0.5, step)


def tell(run):
    """Bring everything into the store, and wait until it is there."""
    run.flush()
    for lane in run.recorder.lanes:
        assert lane.is_idle(LONGEST)
        assert lane.problem is None, lane.problem


def in_a_run(main):
    ex.main(main)
    return ex.run()


def points():
    """Until they are there, and how long the caller waits: while nothing else happens, and while points are delivered."""
    figures = {}

    def main(_run):
        figures["alone"] = waiting(_run.log_scalar)
        tell(_run)
        begin = time.perf_counter()
        log_many(_run, SIZE)
        tell(_run)
        figures["seconds"] = time.perf_counter() - begin
        log_many(_run, SIZE)
        delivery = threading.Thread(target=tell, args=(_run,))
        delivery.start()
        figures["meanwhile"] = waiting(_run.log_scalar)
        delivery.join()

    in_a_run(main)
    answer(**figures)


def waiting(log):
    """The usual time of one call."""
    clock, waits = time.perf_counter_ns, []
    for step in range(SIZE):
        start = clock()
        log("loss", 0.5, step)
        waits.append(clock() - start)
    empty = []
    for _ in range(SIZE):
        start = clock()
        empty.append(clock() - start)
    return (median(waits) - median(empty)) * 1e-9


def beats():
    """A beat with 1,000 new points, logging included: early in a run, and after many points."""
    figures = {}

    def main(_run):
        def beat():
            log_many(_run, 1000)
            tell(_run)

        beat()
        figures["early"] = min(seconds(beat) for _ in range(ROUNDS))
        log_many(_run, SIZE)
        tell(_run)
        figures["late"] = min(seconds(beat) for _ in range(ROUNDS))

    in_a_run(main)
    answer(**figures)


def runs():
    """Small runs, one after the other, and the list of them."""
    store = stores.open(URL)

    def main(_run):
        _run.log_scalar("loss", 0.5)

    def many():
        for _ in range(SIZE):
            ex.run()

    def listing(*more):
        columns = ("id", "name", "state", "start_time", *more)
        assert len(list(store.find(columns=columns, limit=SIZE))) == SIZE

    in_a_run(main)
    taken = seconds(many)
    listed, again = seconds(listing), min(seconds(listing) for _ in range(3))
    answer(run=taken / SIZE, list=listed, list_again=again, list_metric=seconds(listing, "metrics.loss.last"))


def read():
    """One run with its points and its output."""

    def main(_run):
        log_many(_run, SIZE)
        print("a line of output\n" * 1000)

    run = in_a_run(main)
    store = stores.open(URL)

    def whole():
        record = store.load(run._id)
        found = {stream: len(store.read(record.uid, stream)) for stream in store.streams(record.uid)}
        assert sum(found.values()) > SIZE, found

    store.load(run._id)
    answer(
        record=min(seconds(store.load, run._id) for _ in range(ROUNDS)),
        whole=min(seconds(whole) for _ in range(2)),
    )


def artifact():
    """A large file that two runs keep."""
    with open("weights.bin", "wb") as file:
        file.writelines(os.urandom(1 << 20) for _ in range(SIZE >> 20))
        os.fsync(file.fileno())

    def main(_run):
        _run.add_artifact("weights.bin")

    in_a_run(lambda: None)
    before = peak()
    first = seconds(in_a_run, main)
    once = space(sys.argv[4])
    again = seconds(in_a_run, main)
    answer(first=first, again=again, memory=peak() - before, twice=(space(sys.argv[4]) - once) / SIZE)


def space(folder):
    """Bytes on the disk, each file once under however many names."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.lstat(os.path.join(place, name))
            except OSError:  # a server has just removed it
                continue
            found[stat.st_ino] = stat.st_blocks * 512
    return sum(found.values())


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


globals()[JOB]()
