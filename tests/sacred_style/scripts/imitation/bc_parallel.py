"""Starts another experiment's runs from a run, with updates and named configs of each."""
import sacred
from sacred.observers import FileStorageObserver

from demonstrations.train_bc import bc_ex

parallel_ex = sacred.Experiment("parallel_bc")
parallel_ex.observers.append(FileStorageObserver("output/parallel"))


@parallel_ex.config
def config():
    inner_run_name = "unnamed"
    base_named_configs = ["expert.small"]
    base_config_updates = {"env": {"make_kwargs": {"version": 2}}}
    search_space = {"named_configs": [[], ["fast"]], "config_updates": [{"bc": {"batch_size": 8}}, {"n_epochs": 1}]}


@parallel_ex.named_config
def debug():
    search_space = {"named_configs": [["fast", "env.short"]], "config_updates": [{}]}


@parallel_ex.main
def parallel(inner_run_name, base_named_configs, base_config_updates, search_space, _run):
    bc_ex.observers.append(FileStorageObserver("output/inner"))
    results = []
    for named in search_space["named_configs"]:
        for updates in search_space["config_updates"]:
            run = bc_ex.run(
                named_configs=list(base_named_configs) + list(named),
                config_updates={**base_config_updates, **updates},
                options={"--name": inner_run_name},
            )
            assert run.status == "COMPLETED"
            results.append(run.config["expert"]["steps"])
            _run.log_scalar("steps", run.config["expert"]["steps"])
    return results


if __name__ == "__main__":
    parallel_ex.run_commandline()
