"""The training loop; knows of the run by its handle only."""
import datetime
import pprint
from types import SimpleNamespace


class Logger:
    def __init__(self, console_logger):
        self.console_logger = console_logger
        self.stats = {}
        self.sacred_info = None

    def setup_sacred(self, sacred_run_dict):
        self.sacred_info = sacred_run_dict.info

    def log_stat(self, key, value, t):
        self.stats.setdefault(key, []).append((t, value))
        if key in self.sacred_info:
            self.sacred_info["{}_T".format(key)].append(t)
            self.sacred_info[key].append(value)
        else:
            self.sacred_info["{}_T".format(key)] = [t]
            self.sacred_info[key] = [value]

    def print_recent_stats(self):
        self.console_logger.warning("Recent Stats | %d", len(self.stats))


def run(_run, _config, _log):
    args = SimpleNamespace(**_config)
    args.device = "cuda" if args.use_cuda else "cpu"
    logger = Logger(_log)
    print("\n\n" + pprint.pformat({k: v for k, v in _config.items() if "seed" not in k and k != "env_args"}))
    token = "{}__{}".format(args.name, datetime.datetime.now().strftime("%Y"))
    args.unique_token = token
    logger.setup_sacred(_run)
    for t in range(0, args.t_max, 100):
        logger.log_stat("return_mean", args.epsilon_start * t, t)
        logger.log_stat("hidden", args.agent_args["hidden"], t)
    logger.print_recent_stats()
    print("Exiting script", sorted(args.env_args))
