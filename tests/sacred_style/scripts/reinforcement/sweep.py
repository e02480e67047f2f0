"""A grid in one process, each run in a folder of its own observer."""
import itertools

from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("sweep", interactive=False)


@ex.config
def cfg():
    lr = 0.1
    net = {"width": 8, "depth": 2}
    seed = 7


@ex.named_config
def wide():
    net = {"width": 64}


@ex.named_config
def deep():
    net = {"depth": 9}


@ex.main
def main(lr, net, _run):
    _run.info.setdefault("nets", []).append(net["width"] * net["depth"])
    for step in range(3):
        _run.log_scalar("loss", lr / (step + 1), step)
    return lr * net["width"] * net["depth"]


if __name__ == "__main__":
    results = {}
    for lr, names in itertools.product([0.5, 1.0], [[], ["wide"], ["wide", "deep"]]):
        ex.observers = []
        ex.observers.append(FileStorageObserver("sweep/lr_%s" % lr))
        run = ex.run(config_updates={"lr": lr, "net.depth": 3} if not names else {"lr": lr}, named_configs=names)
        results[(lr, tuple(names))] = run.result
        print(run._id, run.status, run.config["net"], run.result, run.info)
    best = max(results, key=results.get)
    print(best, results[best])
