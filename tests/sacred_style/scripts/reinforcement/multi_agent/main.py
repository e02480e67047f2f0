"""Multi-agent learning: one YAML file per environment and per algorithm, both read by the script."""
import collections.abc
import os
import sys
from copy import deepcopy
from os.path import abspath, dirname

import numpy as np
import yaml
from run import run
from sacred import SETTINGS, Experiment
from sacred.observers import FileStorageObserver
from sacred.utils import apply_backspaces_and_linefeeds

SETTINGS["CAPTURE_MODE"] = "sys"  # set to "no" if you want to see stdout/stderr in console

ex = Experiment("multi_agent", save_git_info=False)
ex.captured_out_filter = apply_backspaces_and_linefeeds

results_path = os.path.join(dirname(abspath(__file__)), "results")


@ex.main
def my_main(_run, _config, _log):
    # Setting the random seed throughout the modules
    config = config_copy(_config)
    np.random.seed(config["seed"])
    config["env_args"]["seed"] = config["seed"]
    run(_run, config, _log)


def _get_config(params, arg_name, subfolder):
    config_name = None
    for _i, _v in enumerate(params):
        if _v.split("=")[0] == arg_name:
            config_name = _v.split("=")[1]
            del params[_i]
            break
    if config_name is not None:
        path = os.path.join(os.path.dirname(__file__), "config", subfolder, "{}.yaml".format(config_name))
        with open(path, "r") as f:
            return yaml.load(f, Loader=yaml.SafeLoader)
    return {}


def recursive_dict_update(d, u):
    for k, v in u.items():
        if isinstance(v, collections.abc.Mapping):
            d[k] = recursive_dict_update(d.get(k, {}), v)
        else:
            d[k] = v
    return d


def config_copy(config):
    if isinstance(config, dict):
        return {k: config_copy(v) for k, v in config.items()}
    elif isinstance(config, list):
        return [config_copy(v) for v in config]
    else:
        return deepcopy(config)


if __name__ == "__main__":
    params = deepcopy(sys.argv)

    with open(os.path.join(os.path.dirname(__file__), "config", "default.yaml"), "r") as f:
        config_dict = yaml.load(f, Loader=yaml.SafeLoader)

    env_config = _get_config(params, "--env-config", "envs")
    alg_config = _get_config(params, "--config", "algs")
    config_dict = recursive_dict_update(config_dict, env_config)
    config_dict = recursive_dict_update(config_dict, alg_config)

    # now add all the config to sacred
    ex.add_config(config_dict)

    # Save to disk by default for sacred
    file_obs_path = os.path.join(results_path, "sacred", config_dict.get("env", "none"))
    ex.observers.append(FileStorageObserver(file_obs_path))

    ex.run_commandline(params)
