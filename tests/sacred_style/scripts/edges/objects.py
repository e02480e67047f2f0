"""What scripts reach on experiments and runs."""
import copy
import datetime

from sacred import Experiment, Ingredient
from sacred.observers import FileStorageObserver

ing = Ingredient("ing")


@ing.config
def ing_cfg():
    k = 1


@ing.capture
def from_ing(k):
    return k


ex = Experiment("objects", ingredients=[ing])
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    a = 1  # documented
    nested = {"b": [1, 2]}


@ex.named_config
def other():
    a = 2


@ex.capture
def captured(a):
    return a


@ex.config_hook
def hook(config, command_name, logger):
    return {}


@ex.pre_run_hook
def appended(_run):
    _run.own_attribute = 5


@ex.main
def main(_run, _config):
    mine = copy.deepcopy(_config)
    mine["nested"]["b"].append(3)
    print(type(mine).__name__, _config["nested"]["b"], mine["nested"]["b"])
    print(_run.own_attribute, _run.meta_info["options"].get("UPDATE"), _run.config_modifications.docs.get("a"))
    print(isinstance(_run.start_time, datetime.datetime), _run.start_time.tzinfo, _run.stop_time)
    print(_run.observers[0] is ex.observers[0], _run.observers[0].run_entry["command"])
    _run.info["kept"] = [1]
    return captured() + from_ing()


if __name__ == "__main__":
    print(len(ex.configurations), sorted(ex.named_configs), len(ex.captured_functions), len(ex.config_hooks))
    print(sorted(ex.commands), ex.default_command, [i.path for i in ex.ingredients], ex.path)
    print(ex.named_configs["other"](), FileStorageObserver("x") == FileStorageObserver("x"))
    info = ex.get_experiment_info()
    print(info["name"], info["mainfile"])
    run = ex._create_run(config_updates={"a": 7}, named_configs=["other"])
    print(run.config["a"], run.status, run._id, run.info, run.result)
    run.capture_mode = "no"
    print(run(), run.status, run._id, run.captured_out == "", run.stop_time >= run.start_time)
    finished = ex.run_commandline(["objects.py", "with", "a=3", "-l", "ERROR"])
    print(finished.config["a"], finished.result, sorted(finished.host_info)[:1], finished.config_modifications.modified)
    for wrong in (lambda: finished(), lambda: ex.run("unknown")):
        try:
            wrong()
        except Exception as error:
            print(type(error).__mro__[-3].__name__)
