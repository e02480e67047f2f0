"""The parts of the reference that come from the code itself."""

import csv
import inspect
import re
from importlib import import_module
from pathlib import Path

from expkit import Experiment, errors, settings
from expkit.cli.help import help_text
from expkit.console.main import COMMANDS
from expkit.console.main import help_text as help_text_of_program
from expkit.program import command_line
from expkit.stores.disk import slots

ROOT = Path(__file__).parents[1]


def write_pages(folder):
    """Write every generated page into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        text = page()
        path = folder / f"{name}.txt"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def help_page():
    """What ``help`` prints for an experiment without anything of its own."""
    return help_text(_command_line())


def commands_page():
    """What ``help COMMAND`` prints for each built-in command."""
    spec = _command_line()
    pages = (help_text(spec, name) for name in spec.commands if name != "main")
    return "\n".join(re.sub(r"  \(program\.py:\d+\)", "", page) for page in pages)


def updates_page():
    """The table of update tokens that the tests read."""
    with open(ROOT / "tests" / "config" / "golden" / "updates.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(5)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def settings_page():
    """Every setting, its default, and the comment above it in the source."""
    lines = inspect.getsource(settings).partition("\nSETTINGS = ")[2].splitlines()
    comments, shown, groups = [], [], []
    for line in map(str.strip, lines):
        if line.startswith("# "):
            comments.append(line[2:])
        elif group := re.match(r"(\w+)=Settings\(", line):
            groups.append(group[1])
        elif line == "),":
            groups.pop()
        elif entry := re.match(r"(\w+)=(.+),$", line):
            name = ".".join(["SETTINGS", *groups, entry[1]])
            shown.append(f"{name} = {entry[2]}")
            shown += [f"    {comment}" for comment in comments]
            comments = []
    return "\n".join(shown) + "\n"


def errors_page():
    """The tree of errors."""
    return inspect.cleandoc(errors.__doc__).partition("::\n\n")[2].partition("\n\nErrors carry")[0] + "\n"


def points_page():
    """The packed form of metric points."""
    return slots.__doc__


def program_page():
    """What ``expkit COMMAND --help`` prints for each command."""
    pages = {name: import_module(module).__doc__.strip() for name, module in COMMANDS.items()}
    return (
        "\n\n\n".join([help_text_of_program().strip(), *(f"expkit {name}: {page}" for name, page in pages.items())])
        + "\n"
    )


def _command_line():
    def main():
        """Train."""

    experiment = Experiment("train", interactive=True, observers=[])
    experiment.main(main)
    return command_line(experiment, "train.py").but(doc="")


PAGES = {
    "help": help_page,
    "commands": commands_page,
    "updates": updates_page,
    "settings": settings_page,
    "errors": errors_page,
    "points": points_page,
    "program": program_page,
}
