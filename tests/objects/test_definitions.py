"""What scripts ask of experiments and ingredients besides decorating and running."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from expkit import Experiment, Ingredient
from expkit.config.scope import ConfigScope
from expkit.observers import FileStorageObserver


@pytest.fixture
def data():
    """An ingredient with a config, a named config and a command."""
    made = Ingredient("data")

    @made.config
    def settings():
        path = "x"  # where it lies

    @made.named_config
    def tiny():
        path = "t"

    @made.command
    def stats(path):
        return path

    return made


@pytest.fixture
def ex(data):
    """An experiment with one of everything."""
    made = Experiment("objects", ingredients=[data], observers=[], save_git_info=False)
    made.scope = made.config(settings)
    made.named_config(big)
    made.main(main)
    made.config_hook(hook)
    made.option_hook(change_options)
    return made


def settings():
    a = 1  # a number
    d = {"x": 1}
    b = a * 2


def big():
    a = 100


def main(a, b, d, _run=None, _config=None, _log=None):
    return a + b


def hook(config, command_name, logger):
    return {}


def change_options(options):
    pass


def test_a_config_scope_is_called_with_fixed_preset_and_fallback(ex):
    """The decorated config function gives a dict that says what was added, modified, changed in type, documented."""
    assert isinstance(ex.scope, ConfigScope) and ex.configurations == [ex.scope]
    found = ex.scope({"a": 5, "z": 3}, {"before": 1}, {"_log": None})
    assert dict(found) == {"a": 5, "b": 10, "d": {"x": 1}, "before": 1, "z": 3}
    assert (found.added, found.modified, found.typechanged) == ({"z"}, {"a"}, {})
    assert found.docs["a"] == "a number"
    assert ex.scope(fixed={"a": "text"}).typechanged == {"a": (int, str)}
    assert dict(ex.scope()) == {"a": 1, "b": 2, "d": {"x": 1}}


def test_a_named_config_is_called_by_hand(ex):
    """A named config gives its entries when it is called, with fixed ones where these are given."""
    assert dict(ex.named_configs["big"]()) == {"a": 100}
    assert dict(ex.named_configs["big"]({"a": 7})) == {"a": 7}


def test_definitions_are_plain_collections(ex, data):
    """What decorators collected can be looked at under the names that scripts know."""
    assert list(ex.named_configs) == ["big"] and [f.__name__ for f in ex.captured_functions] == ["main"]
    assert ex.commands["main"] is ex.captured_functions[0] and ex.default_command == "main"
    assert (ex.config_hooks, ex.option_hooks) == ([hook], [change_options])
    assert (ex.path, data.path, ex.ingredients, ex.observers) == ("objects", "data", [data], [])
    assert (ex.captured_out_filter, ex.current_run, ex.logger) == (None, None, None)
    names = [name for name, _ in ex.gather_commands()]
    assert {"print_config", "main", "data.stats"} <= set(names)
    assert [name for name, _ in ex.gather_named_configs()] == ["big", "data.tiny"]
    assert [(node.path, depth) for node, depth in ex.traverse_ingredients()] == [("objects", 0), ("data", 1)]


def test_ingredients_and_observers_may_change_afterwards(ex, data, tmp_path):
    """Ingredients and observers that are added after the construction take part in the next run."""
    more = Ingredient("more")
    more.add_config(k=7)
    ex.ingredients.append(more)
    ex.observers.append(FileStorageObserver(tmp_path / "runs"))
    run = ex.run()
    assert run.config["more"]["k"] == 7 and (tmp_path / "runs" / "1").is_dir()
    assert ex.current_run is run


def test_what_a_run_would_record_can_be_asked(ex):
    """Sources, packages, main file and repositories are known without a run."""
    info = ex.get_experiment_info()
    assert {"name", "base_dir", "sources", "dependencies", "repositories", "mainfile"} <= set(info)
    assert info["name"] == "objects" and Path(info["base_dir"]).is_absolute()
    assert Path(ex.mainfile.filename) == Path(__file__).resolve() and ex.mainfile in ex.sources
    assert ex.mainfile.to_json(info["base_dir"]) in info["sources"]
    assert str(Path(__file__).resolve()) in {source.filename for source in ex.sources}
    assert {package.to_json() for package in ex.dependencies} == set(info["dependencies"])


def test_what_the_user_named_is_among_them(ex, tmp_path):
    """Files and packages that were added by hand are there."""
    (tmp_path / "extra.sh").write_text("true")
    ex.add_source_file(str(tmp_path / "extra.sh"))
    ex.add_package_dependency("special", "1.2.3")
    assert str((tmp_path / "extra.sh").resolve()) in ex.sources
    assert "special==1.2.3" in {package.to_json() for package in ex.dependencies}


def test_a_source_knows_its_repository():
    """A source tells of the commit that is checked out around it."""
    found = Experiment("somewhere").mainfile
    assert found.commit is None or len(found.commit) == 40
    assert Experiment("quiet", save_git_info=False).mainfile.repo is None


def test_usage_and_options(ex):
    """Usage comes in three lengths, options as a dict of defaults, in either spelling, and as objects."""
    short, page, whole = ex.get_usage("train.py")
    assert short.splitlines()[1].split()[0] == "train.py" and short in page and "data.stats" in page and whole
    options = ex.get_default_options()
    assert (options["--force"], options["--name"]) == (False, None)
    assert "--beat-interval" in [option.long for option in ex.all_cli_options]


def test_names_of_commands_can_be_overridden(data):
    """A subclass decides what commands and named configs are called."""

    class Shouting(Experiment):
        def post_process_name(self, name, ingredient):
            return super().post_process_name(name, ingredient).upper()

    ex = Shouting("loud", ingredients=[data], observers=[])
    ex.main(main)
    assert {"MAIN", "DATA.STATS"} <= {name for name, _ in ex.gather_commands()}
    assert [name for name, _ in ex.gather_named_configs()] == ["DATA.TINY"]
    assert Experiment("x").post_process_name("x.y", data) == "x.y"


def test_the_logger_can_be_chosen(ex, caplog):
    """A logger of the user's own is the parent of all loggers of the run."""
    ex.logger = logging.getLogger("chosen")

    @ex.command
    def talk(_log):
        _log.warning("hello")

    with caplog.at_level("WARNING", logger="chosen"):
        ex.run("talk")
    said = next(record for record in caplog.records if record.message == "hello")
    assert said.name.split(".")[0] == "chosen"


def test_main_is_called_outside_a_run(ex):
    """A captured function is a function: with all its arguments it runs anywhere; what is missing is named."""
    captured = ex.commands["main"]
    assert captured(1, 2, {}) == 3 and captured(1, 2, d={}, _run=None) == 3
    with pytest.raises(TypeError, match="'d'"):
        captured(1, 2)
    with pytest.raises(TypeError):
        captured(1, 2, 3, 4, 5, 6, 7, 8)


@pytest.mark.parametrize("way", ["config_schema", "run"])
def test_updates_that_are_no_dict(ex, way):
    """They are a TypeError that shows what updates look like."""
    given = {"config_schema": (3,), "run": (None, 3)}[way]
    with pytest.raises(TypeError, match=r"config updates are a dict such as \{'lr': 0.1\}, not 3"):
        getattr(ex, way)(*given)
