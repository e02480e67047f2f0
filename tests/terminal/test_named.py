"""What runs are called on the command line means the same to every command."""

import json

import pytest

from expkit.readers import runs
from expkit.stores.folder.store import FolderStore

from ..readers.conftest import add


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with three runs, the second one in the trash."""
    monkeypatch.chdir(tmp_path)
    store = FolderStore(tmp_path / "runs")
    for seed in range(3):
        add(store, 0.1 * (seed + 1), seed, name=f"run{seed}")
    runs(store=store)["2"].trash()
    return runs(store=store)


def ids(*words):
    """The runs that ``expkit export`` writes."""
    from expkit.console.main import main

    assert main(["export", *words, "--columns=id", "-o", "out.csv"]) == 0
    with open("out.csv", encoding="utf-8") as file:
        return file.read().split()[1:]


def copied(*words):
    """The runs that ``expkit copy`` copies."""
    from expkit.console.main import main

    assert main(["copy", "runs", f"to{len(words)}", *words]) == 0
    return [str(key.id) for key in FolderStore(f"to{len(words)}").ids()]


@pytest.mark.parametrize("which", [ids, copied])
def test_names_and_questions(here, which):
    """An id, a uid, its beginning, a name, last, last~1 and best name runs; of those that are named, questions choose."""
    last = here["3"]
    for word in ("3", last.uid, f"~{last.uid}", "run2", "last", "best:max:config.lr"):
        assert (word, which(word)) == (word, ["3"])
        if which is copied:
            runs(store=FolderStore("to1"))["3"].store.delete("3")
    assert which("last~1", "last") == ["1", "3"]
    assert which("last~1", "last", "config.lr>0.2") == ["3"] if which is ids else True


@pytest.mark.parametrize("command", ["export", "compare"])
def test_runs_in_the_trash(here, command, capsys):
    """A run in the trash that is called by its id is there, also where runs are sorted."""
    from expkit.console.main import main

    if command == "export":
        assert ids("2") == ["2"] and ids("1", "2") == ["1", "2"]
    else:
        assert main(["compare", "1", "2", "--sort=-config.lr", "--json"]) == 0
        assert [str(run["id"]) for run in json.loads(capsys.readouterr().out)["runs"]] == ["2", "1"]


def test_columns_with_commas(here, capsys):
    """Commas in quotes and brackets do not end the name of a column."""
    from expkit.console.main import main

    for command in (["ls"], ["export", "--csv"]):
        assert main([*command, '--columns=id,config.d["a,b"]']) == 0
        assert "a,b" in capsys.readouterr().out
