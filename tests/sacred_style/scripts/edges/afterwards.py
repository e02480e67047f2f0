"""What notebooks do: call captured functions before and after runs, and look at runs."""
from sacred import Experiment, Ingredient

ing = Ingredient("ing")


@ing.config
def ing_config():
    q = 1


@ing.capture
def get(q):
    return q


class Listener:
    """An observer of a class of its own."""

    priority = 3

    def __init__(self):
        self.heard = []

    def __getattr__(self, name):
        if name.endswith("_event") or name in ("log_metrics", "join"):
            return lambda **kwargs: self.heard.append(name) if name != "heartbeat_event" else None
        raise AttributeError(name)


class MyExperiment(Experiment):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.add_config(extra=5, name="n")


ex = MyExperiment("afterwards", ingredients=[ing])
listener = Listener()
ex.observers.append(listener)


@ex.config
def cfg():
    a = 1


@ex.capture
def specials(_run, _config, a=None):
    return type(_run).__name__, dict(_config), a


@ex.command
@ex.capture
def stacked(a):
    return a


@ex.main
def main(_run, a, extra, name):
    _run.log_scalar(metric_name="loss", value=1.5)
    _run.log_scalar("text", "hello", 2.5)
    return a, extra, name


if __name__ == "__main__":
    print(specials(), specials(a=3))
    run = ex.run()
    print(run.result, get(), specials()[0], sorted(specials()[1]))
    print(ex.run("stacked", config_updates={"a": 9}).result, specials()[2])
    print(listener.heard)
    run = ex.run(config_updates={"ing": {"seed": 5}, "zzz": 1}, options={"--force": True, "--name": "other"})
    print(run.config["ing"], run.config["zzz"], run.experiment_info["name"])
    print(run.meta_info["command"], run.captured_out, run.fail_trace, run.beat_interval, run.queue_only)
    print(ex.run(options={"--unobserved": True}).experiment_info["mainfile"])
