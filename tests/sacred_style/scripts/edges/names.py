"""The names that scripts import from inside Sacred, used as they use them."""
import sacred
import sacred.config.custom_containers as containers
from sacred import SETTINGS, Experiment, Ingredient
from sacred.arg_parser import get_config_updates
from sacred.commands import print_config, save_config
from sacred.config import ConfigDict, ConfigScope, load_config_file, save_config_file
from sacred.config.config_scope import ConfigScope as SameScope
from sacred.dependencies import get_digest
from sacred.host_info import get_host_info
from sacred.observers.base import RunObserver
from sacred.observers.file_storage import FileStorageObserver
from sacred.run import Run
from sacred.serializer import flatten, restore
from sacred.settings import SETTINGS as SAME
from sacred.settings import SettingError
from sacred.utils import (
    ConfigAddedError,
    apply_backspaces_and_linefeeds,
    convert_to_nested_dict,
    get_by_dotted_path,
    is_prefix,
    iter_prefixes,
    iterate_flattened,
    join_paths,
    recursive_update,
    rel_path,
    set_by_dotted_path,
)

ex = Experiment("names")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def cfg():
    a = 1  # the first
    b = {"c": [1, 2], "d": "x"}


scope = cfg


@ex.automain
def main(_run, _config):
    print(isinstance(scope, ConfigScope), ConfigScope is SameScope, SETTINGS is SAME, isinstance(_run, Run))
    made = scope(fixed={"a": 5})
    print(dict(made), sorted(made.added), made.typechanged)
    changed = scope(fixed={"a": "text", "new": 1})
    print(sorted(changed.added), {key: [kind.__name__ for kind in kinds] for key, kinds in changed.typechanged.items()})
    print(get_config_updates(["a=1", "b.c=[5]", "named"]))
    print(convert_to_nested_dict({"x.y": 1, "x.z": 2}), get_by_dotted_path({"x": {"y": 3}}, "x.y"))
    nested = {}
    set_by_dotted_path(nested, "p.q", 7)
    print(nested, recursive_update({"a": {"b": 1}}, {"a": {"c": 2}}), is_prefix("a.b", "a.b.c"), is_prefix("a", "ab"))
    print(list(iter_prefixes("a.b.c")), sorted(iterate_flattened({"a": {"b": 1}, "c": 2})))
    print(join_paths("a", "", "b"), rel_path("a.b", "a.b.c"), apply_backspaces_and_linefeeds("abc\bd\re\n"))
    print(flatten({"t": [1, None]}), restore(flatten({"a": [1, 2.5]})))
    print(len(get_digest(__file__)), sorted(set(get_host_info()) & {"hostname", "os", "python_version"}))
    save_config_file({"k": [1]}, "saved.json")
    print(load_config_file("saved.json"), issubclass(ConfigAddedError, KeyError), issubclass(SettingError, Exception))
    print(isinstance(_run.observers[0], RunObserver), sacred.Experiment is Experiment, Ingredient.__name__)
    print(issubclass(containers.ReadOnlyDict, dict), ConfigDict({"z": 1})()["z"])
    print_config(_run)
    save_config(_config, _run.run_logger, "config_saved.json")
    print(load_config_file("config_saved.json")["b"])
