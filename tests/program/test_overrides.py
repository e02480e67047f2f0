"""Subclasses that override ``run`` and ``_create_run``, met by the command line."""

import pytest

from expkit import Experiment, cli_option


class Noting(Experiment):
    """Notes what it is called with."""

    def run(self, *args, **named):
        self.calls = [("run", args, named)]
        return super().run(*args, **named)

    def _create_run(self, *args, **named):
        self.calls.append(("_create_run", args, named))
        return super()._create_run(*args, **named)


def with_config(kind):
    ex = kind("program", interactive=True, observers=[])

    @ex.config
    def config():
        a = 1
        b = [1, 2]
        c = {"d": 1, "e": 2}

    @ex.named_config
    def small():
        a = 0

    @ex.main
    def main(a, b, c):
        return a, list(b), dict(c)

    @ex.command
    def other(a):
        return a

    return ex


@pytest.fixture
def noting():
    return with_config(Noting)


def typed(ex, *words):
    return ex.run_commandline(["train.py", *words])


def test_both_are_called_as_the_predecessor_calls_them(noting):
    """Command, updates and named configs by place, the rest by name; options with the words that were typed."""
    assert typed(noting, "with", "a=5", "c.d=7", "small", "-f").result == (5, [1, 2], {"d": 7, "e": 2})
    (first, args, named), (second, *_) = noting.calls
    assert (first, second) == ("run", "_create_run")
    assert args == ("main", {"a": 5, "c": {"d": 7}}, ["small"])
    options = named.pop("options")
    assert named == {"info": {}, "meta_info": {}}
    assert (options["UPDATE"], options["COMMAND"], options["with"]) == (["a=5", "c.d=7", "small"], None, True)
    assert options["--force"] is True


def test_removals_and_edits_of_lists_pass(noting):
    """What a dict of updates cannot say arrives as well."""
    assert typed(noting, "with", "a=5", "~c.d", "b[+]=3", "b[0]=9").result == (5, [9, 2, 3], {"e": 2})
    assert noting.calls[0][1][1] == {"a": 5}


def test_what_an_override_changes_counts():
    """Updates that it adds, replaces and takes away; the others keep the place that they were typed at."""

    class Changing(Experiment):
        def run(self, command_name=None, config_updates=None, *rest, **named):
            del config_updates["c"]["e"]
            return super().run(command_name, {**config_updates, "a": 3}, *rest, **named)

    ex = with_config(Changing)
    run = typed(ex, "with", "a=5", "c.d=7", "c.e=8", "b[+]=3")
    assert run.result == (3, [1, 2, 3], {"d": 7, "e": 2})
    assert [(str(update.name), update.origin.what) for update in run.plan.inputs.updates] == [
        ("c.d", "command line"),
        ("b[+]", "command line"),
        ("a", "config_updates"),
    ]


def test_an_override_may_make_several_runs(capsys, tmp_path):
    """Each is announced and concluded; what the override returns is what ``run_commandline`` returns."""

    class Twice(Experiment):
        def run(
            self, command_name=None, config_updates=None, named_configs=(), info=None, meta_info=None, options=None
        ):
            return [
                super(Twice, self).run(command_name, {**config_updates, "a": a}, named_configs, options={**options})
                for a in (1, 2)
            ]

    ex = with_config(Twice)
    ex.observers = [f"folder:{tmp_path}/runs"]
    first, second = typed(ex, "with", "b[+]=3")
    assert (first.result[:2], second.result[:2]) == ((1, [1, 2, 3]), (2, [1, 2, 3]))
    shown = capsys.readouterr().err
    assert shown.count("run 1 →") == shown.count("run 2 →") == 1 and shown.count("completed in") == 2


def test_methods_put_in_their_place_later(noting):
    """A function that was assigned to the experiment is called, too."""
    noting.run = lambda *args, **named: (args, sorted(named))
    assert typed(noting, "other") == (("other", {}, []), ["info", "meta_info", "options"])


def test_a_dry_run_and_a_look_at_the_config(noting, capsys):
    """Neither main nor observers are called on a dry run; ``-p`` shows the config once."""
    run = typed(noting, "--dry-run", "-p", "with", "a=5")
    assert run.start_time is None and run.result is None
    shown = capsys.readouterr()
    assert shown.out.count("a = 5") == 1 and "dry run of main" in shown.err


@pytest.mark.parametrize("words", [("explain", "a"), ("config_schema",)])
def test_commands_that_the_predecessor_did_not_have(words, capsys):
    """They answer without the methods of the subclass."""

    class Refusing(Experiment):
        def run(self, *args, **named):
            raise AssertionError

    typed(with_config(Refusing), *words)
    assert "a" in capsys.readouterr().out


@cli_option("-o", "--out_dir")
def out_dir(args, run):
    """Where."""


def test_options_have_the_names_that_were_declared(tmp_path):
    """``meta_info``, the record and option hooks show them; either spelling is understood."""
    import json

    ex = Experiment("names", interactive=True, observers=[f"folder:{tmp_path}/runs"], additional_cli_options=[out_dir])
    ex.main(lambda: None)
    seen = {}

    @ex.option_hook
    def look(options):
        seen.update(dict(options))
        assert options["--out_dir"] == options["--out-dir"] == "x"
        options["--enforce-clean"] = False

    run = typed(ex, "--out-dir=x", "--beat_interval=3")
    recorded = json.loads((tmp_path / "runs" / "1" / "run.json").read_text())["meta"]["options"]
    own = {"--out_dir": "x", "--beat-interval": "3", "--enforce_clean": False, "--print-config": False}
    words = {"with": False, "help": False, "COMMAND": None, "UPDATE": []}
    none = dict.fromkeys(("--file_storage", "--mongo_db", "--tiny_db", "--sql", "--s3"))
    wanted = {**own, **words, **none}
    for found in (seen, recorded, run.meta_info["options"]):
        assert {name: found[name] for name in wanted} == wanted
        assert "--out-dir" not in list(found)
    assert run.meta_info["options"]["--file-storage"] is None
    assert ex.get_default_options().keys() >= {*own, *none}
