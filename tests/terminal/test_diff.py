"""``expkit diff`` and ``compare``: what differs between runs."""

import json

import pytest

from expkit.readers import open_run
from expkit.stores import open_store

from .. import kept
from ..readers.conftest import PLACES


@pytest.fixture(autouse=True)
def _plain(monkeypatch, tmp_path):
    """The same width everywhere."""
    monkeypatch.setenv("EXPKIT_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def place(tmp_path):
    """A filled folder; its URL."""
    url = f"folder:{tmp_path / 'runs'}"
    kept.fill(open_store(url))
    return url


@pytest.mark.parametrize("kind", kept.KINDS)
def test_every_store(capsys, kind, tmp_path, tmp_path_factory):
    """The same is said about the same runs on every store: config, sources with their functions, packages, results."""
    url = PLACES[kind](tmp_path, tmp_path_factory)
    kept.fill(open_store(url)).close()
    said = kept.say(capsys, "diff", "1", "3", "--json", f"--store={url}")
    found = json.loads(said.out)
    assert said.code == 1
    assert found["config"] == [{"path": "seed", "a": 1, "b": 2}]
    assert [(source["path"], source["what"]) for source in found["sources"]] == [("train.py", "changed")]
    functions = {(function["name"], function["what"]) for function in found["sources"][0]["functions"]}
    assert functions == {("load", "removed"), ("main", "changed")}
    assert "+    return lr * 2" in found["sources"][0]["diff"]
    assert found["packages"] == [{"path": "torch", "a": "2.0", "b": "2.1"}]
    assert found["differs"] == ["config", "sources", "packages", "result"]


def test_exit_codes(capsys, place):
    """As with diff: 0 the same, 1 different, 2 trouble; parts that nobody asked for do not count."""
    store = f"--store={place}"
    same = kept.say(capsys, "diff", "1", "1", store)
    assert (same.code, same.err) == (0, "run 1 and run 1 do not differ\n")
    assert kept.say(capsys, "diff", "1", "2", store).code == 1
    assert kept.say(capsys, "diff", "1", "2", "--only=sources,packages", store).code == 0
    for words in (("1", "99"), ("1", "2", "--only=confg"), ("1",), ("1", "best:max:metrics.none.max")):
        assert kept.say(capsys, "diff", *words, store).code == 2
    assert "did you mean config?" in kept.say(capsys, "diff", "1", "2", "--only=confg", store).err


def test_two_stores(capsys, place, tmp_path):
    """B may be in another store, and then messages say which is where."""
    other = f"tinydb:{tmp_path / 'db'}"
    kept.fill(open_store(other))
    said = kept.say(capsys, "diff", "1", "1", f"--store={place}", f"--other={other}", "--only=config,metrics")
    assert (said.code, said.lines[0]) == (0, "metrics    run 1 (A)  run 1 (B)")
    assert said.err.splitlines()[0] == f"A is in {place}, B in {other}"


def test_layout_counts_apart(capsys, tmp_path):
    """A source of which only comments changed differs, and no function is said to have changed."""
    url = f"folder:{tmp_path / 'runs'}"
    store = open_store(url)
    kept.add(store, lr=0.1, seed=1)
    kept.add(store, lr=0.1, seed=1, source=kept.SOURCE.replace("a comment", "no comment"))
    said = kept.say(capsys, "diff", "1", "2", "--brief", "--only=sources", f"--store={url}")
    assert (said.code, said.lines) == (1, ["sources", "train.py changed: comments or layout"])


def test_escapes_are_shown(capsys, tmp_path):
    """What stands in a source or a config moves no cursor and changes no colours."""
    url = f"folder:{tmp_path / 'runs'}"
    store = open_store(url)
    kept.add(store, lr=0.1, seed=1)
    kept.add(store, lr=0.1, seed=1, source=kept.SOURCE + "x = '\x1b[31m'\n")
    said = kept.say(capsys, "diff", "1", "2", f"--store={url}")
    assert "\x1b" not in said.out
    assert "+x = '\\x1b[31m'" in said.lines


def test_compare_takes_runs_and_questions(capsys, place):
    """Runs by name or by question, each once, in the order that was asked for; facts that all share are left out."""
    store = f"--store={place}"
    found = json.loads(kept.say(capsys, "compare", "3", "1", "config.lr<0.2", "--json", store).out)
    assert [run["id"] for run in found["runs"]] == ["3", "1"]
    rows = {(row["section"], row["path"]): row["values"] for row in found["rows"]}
    assert rows[("config", "seed")] == {"3": 2, "1": 1}
    assert ("config", "lr") not in rows
    assert {section for section, _ in rows} == {"config", "sources", "packages", "result"}


def test_compare_sorts_and_limits(capsys, place):
    """``--sort`` orders the columns, ``--limit`` cuts them off and says so, ``--only`` chooses parts."""
    store = f"--store={place}"
    said = kept.say(capsys, "compare", "state=COMPLETED", "--sort=-config.lr", "--limit=2", "--only=config", store)
    assert [line.split() for line in said.lines] == [["config", "run", "2", "run", "1"], ["lr", "0.5", "0.1"]]
    assert "of 3 runs the first 2 are compared" in said.err
    assert kept.say(capsys, "compare", "state=FAILED", store).err.startswith("no such runs in ")
    assert kept.say(capsys, "compare", "1", "2", "--limit=0", store).err.startswith(
        "of 2 runs the first 0 are compared"
    )
    assert kept.say(capsys, "compare", "99", store).code == 1
    assert kept.say(capsys, "compare", "confg.lr<1", store).code == 2


def test_a_run_that_goes_on(capsys, place):
    """A run without results is compared as well; what it lacks is a dash."""
    assert open_run("4", place).state == "RUNNING"
    said = kept.say(capsys, "compare", "1", "4", "--only=metrics", f"--store={place}")
    assert said.lines[1].split() == ["loss.last", "0.01", "-"]


def test_narrow_terminals(capsys, place, monkeypatch):
    """No line of a table is wider than COLUMNS says."""
    monkeypatch.setenv("COLUMNS", "30")
    said = kept.say(capsys, "compare", "1", "2", "3", "4", f"--store={place}")
    assert max(map(len, said.lines)) <= 30


def test_golden(capsys, place):
    """What these commands print."""
    store = f"--store={place}"
    commands = [
        ("diff", "1", "3"),
        ("diff", "1", "2", "--brief"),
        ("diff", "1", "2", "--only=sources"),
        ("diff", "1", "99"),
        ("compare", "1", "2", "3", "4"),
        ("compare", "config.lr<0.2", "--only=config,result"),
    ]
    text = kept.transcript(capsys, [(*words, store) for words in commands], str)
    kept.is_golden("diff", text.replace(place, "runs"))
