"""How big things may get. Ruff, as pyproject.toml sets it up, limits how complex they are."""

import ast
import re

import pytest

from .. import console

LONGEST_BODY = 40
LONGEST_FILE = 400
FILES = {path.relative_to(console.ROOT).as_posix(): path for path in sorted((console.ROOT / "expkit").rglob("*.py"))}
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}


def bodies(source):
    """Each function in a source with the number of lines of its body, the docstring left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node.name, body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f(\n    a,\n):\n    pass", 1),
        ('def f():\n    """One.\n\n    Two.\n    """', 0),
        ('async def f():\n    "One."\n    # two\n\n    g(\n        3,\n    )\n', 3),
        ("class C:\n    def f(self):\n        x = 1\n\n        # why\n        return x", 4),
    ],
)
def test_lines_of_a_body(source, lines):
    """What counts are the lines from the first statement to the last."""
    assert list(bodies(source)) == [("f", lines)]


def test_functions_fit_on_a_screen():
    """No body of a function is longer than 40 lines."""
    found = [(name, function, lines) for name, source in SOURCES.items() for function, lines in bodies(source)]
    assert len(found) > len(FILES)
    assert [entry for entry in found if entry[2] > LONGEST_BODY] == []


def test_files_are_short():
    """No file is longer than 400 lines."""
    assert [name for name, source in SOURCES.items() if len(source.splitlines()) > LONGEST_FILE] == []


def test_nothing_is_excused_from_being_simple():
    """No line switches off ruff's limits of branches, returns, statements and complexity."""
    excused = re.compile(r"noqa:.*\b(C901|PLR0911|PLR0912|PLR0915)\b")
    assert [name for name, source in SOURCES.items() if excused.search(source)] == []
