"""Captured functions in threads and in forked workers."""
import multiprocessing
import threading

from sacred import Experiment, Ingredient
from sacred.observers import FileStorageObserver

data = Ingredient("data")
data.add_config(n=3)


@data.capture
def sample(n, k=1):
    return n * k


ex = Experiment("parallel", ingredients=[data])
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    a = 1


@ex.capture
def get(a, _run):
    return a


def work(k):
    return get() * k + sample(k=k)


@ex.command
def pool():
    with multiprocessing.get_context("fork").Pool(2) as workers:
        return workers.map(work, range(4))


@ex.command
def threads(_run):
    results = []

    def target(k):
        results.append(work(k))
        _run.log_scalar("worked", k, step=k)

    started = [threading.Thread(target=target, args=(k,)) for k in range(4)]
    for thread in started:
        thread.start()
        thread.join(0.2)  # in order, so that the transcript is the same every time
    for thread in started:
        thread.join()
    return sorted(results)


if __name__ == "__main__":
    print(ex.run("pool", config_updates={"a": 2}).result)
    print(ex.run("threads", config_updates={"a": 2, "data.n": 1}).result)
