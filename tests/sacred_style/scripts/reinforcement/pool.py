"""Runs in worker processes, as tuning tools start them."""
import multiprocessing

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("pool")


@ex.config
def cfg():
    lr = 0.1
    seed = 1


@ex.main
def main(lr, _run):
    _run.log_scalar("loss", lr)
    return lr * 2


def trial(lr):
    ex.observers[:] = [FileStorageObserver("trials/%s" % lr)]
    run = ex.run(config_updates={"lr": lr}, options={"--loglevel": "ERROR"})
    return run.result, run.status, run._id


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as workers:
        print(workers.map(trial, [0.5, 1.5]))
