"""The edges of the interface, one line each."""
import os

from sacred import SETTINGS, Experiment, Ingredient, cli_option, host_info_gatherer
from sacred.utils import CircularDependencyError, ConfigAddedError, NamedConfigNotFoundError


@host_info_gatherer("machine")
def machine():
    return "yes"


ex = Experiment("api", additional_host_info=[machine], interactive=True)


def attempt(label, function, *args, **kwargs):
    try:
        print(label, function(*args, **kwargs))
    except Exception as error:
        kinds = [k.__name__ for k in type(error).__mro__ if k.__name__ in KINDS]
        print(label, "raises", *kinds)


KINDS = {
    "ValueError", "KeyError", "TypeError", "RuntimeError", "OSError", "AttributeError",
    "CircularDependencyError", "ConfigAddedError", "NamedConfigNotFoundError",
}


@ex.config
def cfg():
    a = 1


@ex.named_config
def named():
    a = 2


@ex.main
def main(a, _run):
    return a


attempt("config value", cfg)
attempt("both", ex.add_config, {"a": 1}, b=2)
attempt("none", ex.add_config)
attempt("missing file", ex.add_config, "not_there.json")
attempt("no config", ex.add_config, 5)
attempt("duplicate", ex.add_named_config, "named", {})
attempt("source", ex.add_source_file, "not_there.py")
attempt("version", ex.add_package_dependency, "a", "no version")
attempt("hook", ex.config_hook, lambda config: config)
attempt("option hook", ex.option_hook, lambda x: x)
attempt("short flag", cli_option("x", "--long"), machine)
attempt("long flag", cli_option("-x", "long"), machine)
attempt("gatherer", machine)
attempt("gatherer name", lambda: machine.name)
attempt("setting", lambda: SETTINGS.CONFIG.NOT_THERE)
attempt("commands", lambda: sorted(name for name, _ in ex.gather_commands() if name != "explain"))
attempt("named configs", lambda: [name for name, _ in ex.gather_named_configs()])
attempt("ingredients", lambda: [(i.path, depth) for i, depth in ex.traverse_ingredients()])
attempt("default command", lambda: ex.default_command)
attempt("current run", lambda: ex.current_run)
attempt("info outside", lambda: ex.info)
attempt("no command", Experiment("empty").run)
attempt("unknown command", ex.run, "unknown")
attempt("unknown entry", ex.run, config_updates={"unknown": 1})
attempt("unknown named config", ex.run, named_configs=["unknown"])
attempt("default options", lambda: [ex.get_default_options()[name] for name in ("--force", "--name", "--beat-interval")])
attempt("argv", ex.run_commandline, 5)

a, b = Ingredient("a"), Ingredient("b")
a.ingredients.append(b)
b.ingredients.append(a)
attempt("circle", Experiment("circle", ingredients=[a]).run)
attempt("circle again", lambda: list(a.traverse_ingredients()))
same = Experiment("same", ingredients=[Ingredient("x"), Ingredient("x")])
same.main(lambda: None)
attempt("same path", same.run)

run = ex._create_run(config_updates={"a": 5})
attempt("unstarted", lambda: (run.status, run.config["a"], run._id, run.result, run.start_time))
attempt("unobserved", lambda: run.unobserved)
attempt("started", run)
attempt("afterwards", lambda: (run.status, run.result, run.start_time <= run.stop_time))
attempt("twice", run)
attempt("current", lambda: ex.current_run is run)
attempt("host", lambda: (run.host_info.get("machine"), "sources" in run.experiment_info))
attempt("calls", lambda: cfg()["a"])
attempt("with arguments", lambda: ex._create_run()(7))
attempt("generator seeds", lambda: 0 < ex.run().config["seed"] < 2**32)
attempt("seed", lambda: ex.run(config_updates={"seed": 12}).config["seed"])
attempt("list of options", lambda: ex.run(options={"--name": "else"}).run_logger.name.split(".")[-1])
