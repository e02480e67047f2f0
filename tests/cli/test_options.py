import copy
import pickle

import pytest

from expkit.cli.option import CLIOption, cli_option
from expkit.cli.options import (
    BUILT_IN,
    OptionValues,
    apply_options,
    default_values,
    option_table,
)
from expkit.errors import UsageError
from expkit.run.inputs import RunInputs


def applied(**values):
    run = RunInputs()
    apply_options(option_table(), {f"--{name}": value for name, value in values.items()}, run)
    return run


def test_the_decorator_makes_an_option_of_a_function():
    """Flags, help text and the function are what the decorator was given."""

    @cli_option("-x", "--my_option")
    def my_option(args, run):
        """What
        it does."""

    assert isinstance(my_option, CLIOption)
    assert (my_option.short, my_option.long, my_option.is_flag) == ("-x", "--my-option", False)
    assert my_option.doc == "What it does."
    assert repr(my_option) == "<option --my-option>"


@pytest.mark.parametrize("short", ["x", "-", "-xy", "--x", "-!"])
def test_a_short_flag_is_a_hyphen_and_one_character(short):
    """What cannot be typed as a short flag is refused when the option is made."""
    with pytest.raises(ValueError, match="short option"):
        cli_option(short, "--long")(lambda args, run: None)


@pytest.mark.parametrize("long", ["long", "--l", "-long", "--long-", "--lo=ng", "--"])
def test_a_long_flag_is_two_hyphens_and_a_name(long):
    """What cannot be typed as a long flag is refused when the option is made."""
    with pytest.raises(ValueError, match="long option"):
        cli_option("-x", long)(lambda args, run: None)


@pytest.mark.parametrize(("short", "long"), [("-f", "--mine"), ("-x", "--file-storage"), ("-x", "--file_storage")])
def test_no_two_options_share_a_flag(short, long):
    """A flag that is taken is refused by name, in either spelling."""
    with pytest.raises(ValueError, match="has it"):
        option_table([cli_option(short, long)(lambda args, run: None)])


def test_options_without_a_short_flag_live_together():
    """Having no short flag is not sharing one."""
    table = option_table([cli_option("", "--mine")(lambda args, run: None)])
    assert table[-1].long == "--mine"


def test_the_built_in_options_are_listed_by_name():
    """The table is in the order of the names, and every option has a help text."""
    assert [option.long for option in BUILT_IN] == sorted(option.long for option in BUILT_IN)
    assert all(option.doc for option in BUILT_IN)


def test_an_option_that_is_not_given_changes_nothing():
    """Applying the defaults leaves the run as it was."""
    run = RunInputs()
    apply_options(option_table(), default_values(option_table()), run)
    assert vars(run) == vars(RunInputs())


@pytest.mark.parametrize(
    ("option", "value", "attribute", "expected"),
    [
        ("beat-interval", "2.5", "beat_interval", 2.5),
        ("beat-interval", 0, "beat_interval", 0.0),
        ("capture", "sys", "capture_mode", "sys"),
        ("comment", "", "meta_info", {"comment": ""}),
        ("debug", True, "debug", True),
        ("dry-run", True, "dry_run", True),
        ("enforce_clean", True, "enforce_clean", True),
        ("file_storage", "runs", "observers", ["folder:runs"]),
        ("force", True, "force", True),
        ("force", False, "force", False),
        ("id", "7", "id", "7"),
        ("id", 7, "id", "7"),
        ("loglevel", "info", "loglevel", 20),
        ("loglevel", "15", "loglevel", 15),
        ("name", "other", "name", "other"),
        ("observe", ["memory:", "folder:b"], "observers", ["memory:", "folder:b"]),
        ("observe", "memory:", "observers", ["memory:"]),
        ("pdb", True, "pdb", True),
        ("print-config", True, "print_config", True),
        ("priority", "-3", "meta_info", {"priority": -3.0}),
        ("queue", True, "queue_only", True),
        ("tag", ["a", "b"], "tags", ["a", "b"]),
        ("unobserved", True, "unobserved", True),
    ],
)
def test_what_the_built_in_options_change(option, value, attribute, expected):
    """Each built-in option sets its attribute of the unstarted run."""
    assert getattr(applied(**{option: value}), attribute) == expected


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("beat-interval", "often", "--beat-interval=often: could not convert"),
        ("capture", "all", "--capture=all: a capture mode is auto, no, sys or fd"),
        ("loglevel", "loud", "there is no log level 'loud'"),
        ("priority", "high", "--priority=high: could not convert"),
    ],
)
def test_a_value_that_does_not_fit_is_a_mistake_in_the_command_line(option, value, message):
    """The error names the option and the value."""
    with pytest.raises(UsageError, match=message):
        applied(**{option: value})


def test_options_apply_in_the_order_of_the_table():
    """Options of the user come after the built-in ones, in their own order."""
    seen = []
    first = cli_option("-1", "--zz")(lambda args, run: seen.append((args, run.debug)))
    second = cli_option("-2", "--aa", is_flag=True)(lambda args, run: seen.append((args, run.debug)))
    apply_options(option_table([first, second]), {"--aa": True, "--zz": "v", "--debug": True}, RunInputs())
    assert seen == [("v", True), (True, True)]


def test_option_values_know_both_spellings():
    """Hyphens and underscores name the same entry, whatever is done with it; it keeps its first name."""
    values = OptionValues({"--my_option": 1})
    values.update([("--a_b", 2)])
    assert values == {"--my_option": 1, "--a_b": 2}
    assert values["--my_option"] == values["--my-option"] == values.get("--my_option") == 1
    assert "--my_option" in values
    assert 3 not in values
    values["--my-option"] = 5
    assert list(values) == ["--my_option", "--a_b"]
    assert pickle.loads(pickle.dumps(values)) == copy.deepcopy(values) == values
    assert values.setdefault("--my_option", 6) == 5
    assert values.pop("--my_option") == 5
    assert values.pop("--my_option", None) is None
    del values["--a_b"]
    assert not values


def test_names_that_are_no_flags_keep_their_underscores():
    """Only long flags have two spellings."""
    assert OptionValues({"a_b": 1}) == {"a_b": 1}
