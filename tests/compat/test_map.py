"""The map of old names: what it has is there, is ours, and behaves like modules."""

import importlib
import importlib.util
import inspect
import pickle
import pkgutil
import warnings

import pytest

from expkit import ExpkitError
from expkit.compat.sacred.names import MODULES, Gone

KNOWN = {
    "sacred": "Experiment Ingredient SETTINGS cli_option host_info_gatherer host_info_getter __version__",
    "sacred.experiment": "Experiment",
    "sacred.ingredient": "Ingredient",
    "sacred.settings": "SETTINGS SettingError",
    "sacred.config": "ConfigScope ConfigDict chain_evaluate_config_scopes load_config_file save_config_file",
    "sacred.config.config_scope": "ConfigScope",
    "sacred.config.custom_containers": "ReadOnlyDict ReadOnlyList",
    "sacred.arg_parser": "get_config_updates",
    "sacred.commands": "print_config save_config help_for_command print_dependencies print_named_configs",
    "sacred.commandline_options": "CommandLineOption cli_option",
    "sacred.dependencies": "get_digest",
    "sacred.host_info": "get_host_info host_info_gatherer",
    "sacred.initialize": "create_run",
    "sacred.metrics_logger": "MetricsLogger ScalarMetricLogEntry linearize_metrics",
    "sacred.randomness": "get_seed create_rnd set_global_seed",
    "sacred.serializer": "flatten restore",
    "sacred.stflow": "LogFileWriter",
    "sacred.run": "Run",
    "sacred.utils": "SacredError SacredInterrupt TimeoutInterrupt ObserverError CircularDependencyError ConfigError "
    "InvalidConfigError MissingConfigError NamedConfigNotFoundError ConfigAddedError SignatureError "
    "apply_backspaces_and_linefeeds recursive_update convert_to_nested_dict get_by_dotted_path set_by_dotted_path "
    "is_prefix iter_prefixes iterate_flattened join_paths rel_path PathType IntervalTimer",
    "sacred.observers": "FileStorageObserver RunObserver MongoObserver QueuedMongoObserver SqlObserver TinyDbObserver "
    "TinyDbReader SlackObserver TelegramObserver S3Observer QueueObserver GoogleCloudStorageObserver",
    "sacred.observers.base": "RunObserver td_format",
    "sacred.observers.file_storage": "FileStorageObserver",
    "sacred.observers.mongo": "MongoObserver",
    "sacred.observers.sql": "SqlObserver",
    "sacred.observers.tinydb_hashfs": "TinyDbObserver TinyDbReader",
}
"""What real scripts are known to import."""


@pytest.mark.parametrize("module", MODULES)
def test_every_name_resolves(sacred, module):
    """Every name of every module of the map is there, and is listed by ``dir``."""
    found = importlib.import_module(module)
    for name in MODULES[module]:
        getattr(found, name)
        assert name in dir(found)


@pytest.mark.parametrize("module", KNOWN)
def test_names_of_real_scripts(module):
    """What real scripts import is in the map, and can be used."""
    for name in KNOWN[module].split():
        assert not isinstance(MODULES[module][name], Gone), name


def test_names_that_are_gone_say_so_when_they_are_used(sacred):
    """A name that is not carried on can be imported; using it is an error that says what to write."""
    for module, table in MODULES.items():
        for name, place in table.items():
            if isinstance(place, Gone):
                with pytest.raises(ExpkitError, match=f"^{name} of Sacred is not carried on in expkit; use "):
                    getattr(importlib.import_module(module), name)("x", some=1)


def test_the_same_objects(sacred):
    """Old and new names are the same objects, so a program can move file by file."""
    import expkit
    import expkit.errors
    import expkit.settings
    from expkit.config.scope import ConfigScope

    assert sacred.Experiment is sacred.experiment.Experiment is expkit.Experiment
    assert sacred.Ingredient is expkit.Ingredient
    assert sacred.SETTINGS is sacred.settings.SETTINGS is expkit.settings.SETTINGS
    assert sacred.config.ConfigScope is sacred.config.config_scope.ConfigScope is ConfigScope
    assert sacred.observers.FileStorageObserver is sacred.observers.file_storage.FileStorageObserver
    assert sacred.observers.RunObserver is expkit.RunObserver
    assert sacred.run.Run is expkit.Run
    assert sacred.utils.SacredError is expkit.ExpkitError
    assert sacred.utils.SacredInterrupt is expkit.RunInterrupt
    assert sacred.utils.TimeoutInterrupt is expkit.TimeoutInterrupt
    assert sacred.utils.apply_backspaces_and_linefeeds is expkit.apply_backspaces_and_linefeeds


def test_stars(sacred):
    """``from sacred import *`` and its kin bring the public names."""
    found = {}
    exec("from sacred import *", found)
    assert found.keys() >= {"Experiment", "Ingredient", "SETTINGS", "observers", "cli_option", "__version__"}
    exec("from sacred.utils import *\nfrom sacred.commands import *", found)
    assert found.keys() >= {"SacredInterrupt", "recursive_update", "print_config"}
    assert "_format_config" not in found


def test_import_forms(sacred):
    """Every way to import a module gives the same module."""
    import sacred.config.config_scope
    import sacred.observers as o

    assert o is sacred.observers is importlib.import_module("sacred.observers")
    assert sacred.config.config_scope is importlib.import_module(".config_scope", "sacred.config")
    assert importlib.reload(sacred) is sacred
    assert importlib.reload(sacred.utils).SacredError is ExpkitError


def test_modules_look_like_modules(sacred):
    """Tools that look at modules find what they expect: spec, file, source, names, and no further modules."""
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__spec__.name == name == module.__name__
        assert module.__package__ == (name if hasattr(module, "__path__") else name.rpartition(".")[0])
        assert module.__spec__.loader is module.__loader__
        assert importlib.util.find_spec(name) is module.__spec__
        assert "MODULES" in inspect.getsource(module)
        assert pickle.loads(pickle.dumps(module.__spec__.origin)) == module.__file__ == inspect.getfile(module)
    assert list(pkgutil.walk_packages(sacred.__path__, "sacred.")) == []
    assert hasattr(sacred, "__path__")
    assert not hasattr(sacred.utils, "__path__")
    assert dict(inspect.getmembers(sacred))["observers"] is sacred.observers


def test_what_is_not_there(sacred):
    """Other names and modules are missing as usual."""
    assert importlib.util.find_spec("sacred.nosuch") is None
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'sacred\.nosuch'"):
        importlib.import_module("sacred.nosuch")
    with pytest.raises(ImportError, match="cannot import name 'Experimnt' from 'sacred'"):
        exec("from sacred import Experimnt")
    with pytest.raises(AttributeError, match=r"module 'sacred\.utils' .*has no attribute 'nosuch'"):
        _ = sacred.utils.nosuch
    assert not hasattr(sacred, "__wrapped__")


def test_no_warnings(sacred):
    """To import modules and names warns of nothing, whatever they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in MODULES:
            exec(f"from {name} import *", {})


def test_version(sacred):
    """``sacred.__version__`` is the version whose names these are, in a form that scripts can compare."""
    assert tuple(map(int, sacred.__version__.split("."))) >= (0, 8)
    assert sacred.__about__.__version__ == sacred.__version__


def test_nothing_answers_without_the_import(python):
    """Nothing of expkit answers to the name ``sacred`` unless it is asked to."""
    code = (
        "import expkit, sys, importlib.util\n"
        "expkit.Experiment, expkit.FileStorageObserver\n"
        "assert importlib.util.find_spec('sacred') is None\n"
        "try:\n    import sacred\nexcept ModuleNotFoundError:\n    print('none')\n"
        "assert not [name for name in sys.modules if 'compat' in name and 'expkit' in name]\n"
    )
    done = python("-c", code)
    assert done.stdout == "none\n", done.stderr


def test_strict_warnings(python):
    """``python -W error`` takes it all."""
    code = "import expkit.compat.sacred, sacred.observers; from sacred import *; from sacred.utils import *; print(Experiment)"
    done = python("-W", "error", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_old_names_load_little(python):
    """An experiment under its old name loads no more of expkit than under its own, but for the map and the settings."""
    line = "import sys; sys.stdout.write(' '.join(name for name in sys.modules if name.startswith('expkit')))"
    old = python("-c", f"import expkit.compat.sacred; from sacred import Experiment, Ingredient; {line}")
    new = python("-c", f"from expkit import Experiment, Ingredient; {line}")
    every_run = {"expkit.settings", "expkit._support.nearest"}
    extra = set(old.stdout.split()) - set(new.stdout.split()) - every_run
    assert extra and all(name.startswith("expkit.compat") for name in extra), old.stderr


def test_pickles_of_old_names(sacred):
    """What was pickled under an old name comes back as ours."""
    text = b"csacred.utils\nSacredInterrupt\n(S'enough'\ntR."
    found = pickle.loads(text)
    assert type(found) is sacred.utils.SacredInterrupt
    assert found.args == ("enough",)
