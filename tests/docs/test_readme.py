"""The README's two commands have what they need in them."""

import re
import shutil

from .. import console

README = (console.ROOT / "README.md").read_text("utf-8")
LINES = [block.text.strip() for block in console.blocks(README) if block.language == "sh"]
SETUP = r"python3 -m venv \.venv && \.venv/bin/python -m pip install -q -e '\.\[(\w+)\]' && "


def test_two_commands():
    """Each is one line that sets itself up; the second ends in the tests, which `.ci/run` takes from it."""
    digits, tests = LINES
    assert re.match(SETUP, digits)[1] == "examples"
    assert re.match(SETUP, tests)[1] == "test"
    assert re.fullmatch(SETUP + r"\.venv/bin/python -m pytest [-\w ]+", tests)
    assert "\n" not in digits


def test_digits_command(tmp_path):
    """Once set up, the first one runs the example and shows its record."""
    folder = tmp_path / "work"
    shutil.copytree(
        console.ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__", "runs")
    )
    command = re.sub(SETUP, "", LINES[0]).replace(".venv/bin/python", "python")
    printed, code = console.shell(command, folder)
    assert code == 0, printed
    assert re.search(r"confusion\.png\nmodel\.pkl\n", printed)
    assert '"status": "COMPLETED"' in printed


def test_example_is_short():
    """The first example has twelve lines, without blank ones, and the same is on the docs' first page."""
    example = next(block.text for block in console.blocks(README) if block.language == "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 12
    index = next(block.text for block in console.blocks((console.ROOT / "docs" / "index.md").read_text("utf-8")))
    assert [line.split() for line in index.splitlines() if line] == [
        line.split() for line in example.splitlines() if line
    ]
