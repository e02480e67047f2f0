"""A subclass that overrides how runs are made and run, as frameworks do."""

from sacred import Experiment, cli_option


@cli_option("-o", "--out_dir")
def out_dir(args, run):
    """Where results go."""
    run.info["out_dir"] = args


class Framework(Experiment):
    """Counts its runs, and has defaults of its own for updates."""

    made = 0

    def run(self, command_name=None, config_updates=None, named_configs=(), info=None, meta_info=None, options=None):
        print("run", command_name, config_updates, named_configs, info, meta_info)
        print("options", options["COMMAND"], options["UPDATE"], options["with"], options["help"], options["--out_dir"])
        updates = {"depth": 9, **config_updates}
        return super().run(command_name, updates, named_configs, {"framework": 1}, meta_info, options)

    def _create_run(self, command_name=None, *rest, **named):
        type(self).made += 1
        print("create", command_name, len(rest), sorted(named))
        run = super()._create_run(command_name, *rest, **named)
        run.info["made"] = self.made
        return run


ex = Framework("subclass", additional_cli_options=[out_dir])


@ex.config
def config():
    width = 1
    depth = 1
    deep = {"a": 1, "b": 2}


@ex.named_config
def wide():
    width = 100


@ex.option_hook
def seen(options):
    print(sorted(name for name in options if "_" in name), options["--enforce_clean"])


@ex.command
def other(width):
    return -width


@ex.automain
def main(width, depth, deep, _run):
    options = _run.meta_info["options"]
    print(width, depth, deep["a"], deep["b"], _run.info, options["--out_dir"], options["--file_storage"])
    return width * depth
