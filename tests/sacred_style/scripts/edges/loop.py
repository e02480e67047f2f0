"""A sweep in one process."""
from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("loop")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    lr = 0.1
    model = {"depth": 2, "width": [1, 2]}
    product = lr * model["depth"]


@ex.named_config
def deep():
    model = {"depth": 20}


@ex.command
def other(product, _run):
    return product, _run.config["model"]["depth"]


@ex.main
def main(lr, model, product, _run):
    _run.log_scalar("lr", lr)
    _run.info["product"] = product
    return product


if __name__ == "__main__":
    for lr in [0.5, 1.0]:
        run = ex.run(config_updates={"lr": lr})
        print(run._id, run.status, run.result, run.info, run.config["model"])
    run = ex.run(config_updates={"lr": 1, "model.depth": 3, "model": {"width": [5]}}, named_configs=["deep"])
    print(run._id, run.result, run.config["model"])
    run = ex.run(named_configs=["deep"], info={"given": 1}, meta_info={"comment": "by hand"}, options={"--loglevel": 40})
    print(run._id, run.result, run.info, run.meta_info["comment"])
    run = ex.run("other", config_updates={"model": {"depth": 7}})
    print(run._id, run.result, run.experiment_info["name"])
    run = ex.run("other", options={"--name": "renamed", "--unobserved": True, "--force": True})
    print(run._id, run.result, run.experiment_info["name"], run.unobserved)
    print(ex.current_run is run)
    summary = ex.run(config_updates={"lr": "text"}, options={"--force": True, "--loglevel": "ERROR"})
    print(summary.result, sorted(summary.config_modifications.modified), summary.config_modifications.added)
