"""The exit codes of every command are those of the table in ``docs/reference/program.md``."""

import json
import math
import sys

import pytest

from expkit.console.main import COMMANDS, main
from expkit.readers import open_run
from expkit.stores import open_store

from .. import console

NOWHERE = "mongodb://127.0.0.1:1/lab?serverSelectionTimeoutMS=1"
ONE = {
    **{name: [name, "{run}"] for name in ("show", "metrics", "output", "files", "compare", "rm", "du", "verify")},
    "cat": ["cat", "{run}", "train.py"],
    "open": ["open", "{run}", "--print"],
    "diff": ["diff", "{run}", "{run}"],
    "tag": ["tag", "{run}", "good"],
    "note": ["note", "{run}", "good"],
    "rename": ["rename", "{run}", "good"],
    "export": ["export", "{run}", "--csv"],
}
"""Commands about runs that are named."""

ASKING = {
    "ls": ["ls"],
    "rm": ["rm"],
    "du": ["du"],
    "compare": ["compare"],
    "verify": ["verify"],
    "export": ["export", "--csv"],
}
"""Commands that take questions."""

OTHERS = {
    "ls": ["ls"],
    "gc": ["gc"],
    "doctor": ["doctor"],
    "sync": ["sync"],
    "schema": ["schema"],
    "completion": ["completion", "bash"],
}


def column(number):
    """What the table says of each command, without explanations."""
    text = (console.ROOT / "docs" / "reference" / "program.md").read_text("utf-8")
    rows = [
        line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `") and line.count(" | ") == 6
    ]
    return {name: row[number][:1] for row in rows for name in row[0].replace("`", "").split()}


@pytest.fixture(autouse=True)
def _alone(home, monkeypatch):
    """Nothing is owed to anybody."""
    monkeypatch.setenv("EXPKIT_STATE", str(home / "state"))


def test_the_table_has_every_command():
    """No command is missing."""
    assert set(column(1)) == set(COMMANDS)


@pytest.mark.parametrize("name", [name for name in (*ONE, *OTHERS) if name != "verify"])  # these runs have no hashes
def test_done(store, expkit, name):
    """What can be done is done."""
    words = [word.format(run="1") for word in {**ONE, **OTHERS}[name]]
    assert str(expkit(*words).code) == column(1)[name]


FORMS = {form: ["export", "1", f"--{form}"] for form in ("csv", "json", "html", "parquet")}
"""What is written to stdout if no file is named."""


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
@pytest.mark.parametrize("name", [*ONE, *OTHERS, *FORMS, "copy"])
def test_closed_streams(store, home, capfdbinary, monkeypatch, name, closed):
    """Where nobody can read it, as with ``>&-`` and for services, everything is done all the same."""
    monkeypatch.setattr(sys, closed, None)
    words = {**ONE, **OTHERS, **FORMS, "copy": ["copy", "runs", "there"]}[name]
    assert main([word.format(run="1") for word in words]) == (1 if name == "verify" else 0)  # these runs have no hashes


@pytest.mark.parametrize("name", ASKING)
def test_questions_without_an_answer(store, expkit, name):
    """A question that finds no run is no failure."""
    assert str(expkit(*ASKING[name], "config.lr > 100").code) == column(2)[name]


@pytest.mark.parametrize("name", ONE)
def test_no_such_run(store, expkit, name):
    """A run that is not there could not be looked at."""
    assert str(expkit(*(word.format(run="99") for word in ONE[name])).code) == column(3)[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_cannot_be_typed(store, expkit, name):
    """Unknown options, and stores that are not there."""
    assert str(expkit(name, "--no-such-option").code) == column(4)[name]
    if name in ONE or name == "gc":
        words = [word.format(run="1") for word in ONE.get(name, [name])]
        assert str(expkit(*words, "--store=nowhere").code) == column(4)[name]


@pytest.mark.parametrize("name", [*ONE, "ls", "gc", "doctor", "copy", "import"])
def test_a_store_that_does_not_answer(store, expkit, name):
    """A server that is away is no mistake of whoever typed it."""
    words = {"copy": ["copy", NOWHERE, "there"], "import": ["import", NOWHERE]}.get(name)
    words = words or [*(word.format(run="1") for word in ONE.get(name, [name])), f"--store={NOWHERE}"]
    assert str(expkit(*words).code) == column(5)[name]


def test_copy_in_part(store, expkit, home):
    """What is not there is a failure, and the others are copied."""
    assert str(expkit("copy", "runs", "there", "1", "99").code) == column(6)["copy"] == column(3)["copy"]
    assert len(open_store(home / "there").ids()) == 1
    assert str(expkit("copy", "runs", "there", "1").code) == column(1)["copy"]
    assert str(expkit("copy", "runs", "there", "config.lr > 100").code) == column(2)["copy"]


LINES = [["ls"], ["metrics", "1"], ["files", "1"], ["rm", "1"], ["export"]]
DOCUMENTS = [
    *(
        [*ONE[name], "--json"]
        for name in ("show", "output", "cat", "open", "diff", "compare", "tag", "note", "rename", "du", "verify")
    ),
    *([name, "--json"] for name in ("gc", "sync", "doctor", "schema")),
    ["completion", "bash", "--json"],
    ["copy", "runs", "there", "--json"],
]


def strict(text):
    """JSON without the words that are none."""

    def refuse(word):
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def not_finite(store):
    """A store whose first run reported later what no number is."""
    open_run("1", store).add_result({"nan": math.nan, "inf": -math.inf})
    return store


@pytest.mark.parametrize("words", LINES, ids=lambda words: words[0])
def test_json_lines(not_finite, expkit, words):
    """Lists are an object on each line, strictly JSON."""
    lines = expkit(*words, "--json").out.splitlines()
    assert lines
    assert all(isinstance(strict(line), dict) for line in lines)


@pytest.mark.parametrize("words", DOCUMENTS, ids=lambda words: words[0])
def test_json_documents(not_finite, expkit, words):
    """Everything else is one document, strictly JSON."""
    assert isinstance(strict(expkit(*(word.format(run="1") for word in words)).out), dict)
