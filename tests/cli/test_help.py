import pytest

from expkit.cli.commands import print_help
from expkit.cli.grammar import CommandInfo, CommandLine
from expkit.cli.help import help_text, usage
from expkit.cli.options import cli_option, option_table

DOC = """Train a classifier on digits.

    usage: digits.py is shown, never parsed

Options:
  --weird  is no option
"""


def train(C: "float", kernel="rbf", *, epochs: int = 3, _log) -> "str":
    """Train a classifier.

    It logs one metric per epoch.
        Indented further.
    """


@cli_option("-x", "--exceptionally_long_option_name")
def exceptional(args, run):
    """An option whose flags are so long that the help text, which is not short either, starts on a line of its own."""


def command_line():
    commands = [
        CommandInfo("print_config", "Print the config."),
        CommandInfo("explain", "Print which layers set an entry.", arguments=("KEY",)),
        CommandInfo("train", train.__doc__, train),
        CommandInfo("data.download_everything_there_is_and_more", "Fetch the data."),
        CommandInfo("data.stats"),
    ]
    return CommandLine("digits.py", {info.name: info for info in commands}, option_table([exceptional]), DOC, "train")


def test_the_page_of_the_program(golden, capsys):
    """Usage, docstring, options, arguments and commands, wrapped, as people read them."""
    print_help(command_line())
    golden("help.txt", capsys.readouterr().out)


def test_the_page_of_a_bare_program(golden):
    """Without docstring, commands and default command nothing empty is shown."""
    golden("help-bare.txt", help_text(CommandLine("bare.py", {}, options=option_table())))


def test_the_page_of_a_command(golden):
    """Signature, place and docstring."""
    page = help_text(command_line(), "train")
    golden("help-train.txt", page.replace(f":{train.__code__.co_firstlineno})", ":LINE)"))


@pytest.mark.parametrize(
    ("info", "page"),
    [
        (CommandInfo("data.stats"), "data.stats\n"),
        (CommandInfo("data.stats", "Doc.\n"), "data.stats\n\n    Doc.\n"),
        (CommandInfo("obj", function=print), None),
        (CommandInfo("obj", function=type("Odd", (), {"__call__": None, "__signature__": 3})()), "obj\n"),
    ],
)
def test_pages_of_commands_of_which_little_is_known(info, page):
    """What cannot be said is left out."""
    shown = help_text(CommandLine("p", commands={info.name: info}), info.name)
    assert shown == page if page else shown.startswith("obj(")


def test_no_line_is_too_wide():
    """Help fits on a terminal of 79 columns, but for names that are longer."""
    assert all(len(line) < 80 for line in help_text(command_line()).splitlines())


def test_usage_names_the_program():
    """Each form starts with the name of the program."""
    first, *forms = usage(command_line()).splitlines()
    assert first == "Usage:"
    assert all(form.startswith("  digits.py ") for form in forms)
