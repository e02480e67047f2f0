"""A logger of one's own, as multi-agent code bases set it up."""
import logging
import sys

from sacred import SETTINGS, Experiment
from sacred.observers import FileStorageObserver
from sacred.utils import apply_backspaces_and_linefeeds

SETTINGS["CAPTURE_MODE"] = "sys"
SETTINGS.CONFIG.READ_ONLY_CONFIG = False


def get_logger():
    logger = logging.getLogger()
    logger.handlers = []
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(name)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    return logger


logger = get_logger()
ex = Experiment("pymarl_like", save_git_info=False)
ex.logger = logger
ex.captured_out_filter = apply_backspaces_and_linefeeds


@ex.main
def my_main(_run, _config, _log):
    config = dict(_config)
    config["args"] = list(config["env_args"].items())
    _config["env_args"]["seed"] = config["seed"]
    _log.info("env %s", config["env"])
    _run.log_scalar("return", 1.5, 100)
    print(sorted(config))
    print("lr", config["lr"], config["env_args"]["map_name"])


def take(params, name):
    for i, word in enumerate(params):
        if word.startswith(name):
            del params[i]
            return word.split("=")[1]
    return None


if __name__ == "__main__":
    params = list(sys.argv)
    algorithm = take(params, "--algorithm")
    config = {"lr": 0.01, "env": "none", "env_args": {"map_name": "empty"}, "name": algorithm or "default"}
    ex.add_config(config)
    ex.observers.append(FileStorageObserver.create("runs/sacred"))
    ex.run_commandline(params)
