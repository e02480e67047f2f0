"""What is owed goes to the store that was meant, whatever folder it is delivered from."""

import json
import os
import subprocess
import sys

import pytest

from expkit import open_store

SCRIPT = """
from expkit import Experiment

ex = Experiment("here", interactive=True, observers=["URL?offline=journal"])

@ex.main
def main(_run):
    _run.log_scalar("loss", 0.5, 1)
    return 7

ex.run()
"""

RELATIVE = {
    "folder": ("folder:far/runs", "far", "folder:{}/far/runs"),
    "local": ("local://far/runs", "far", "local://{}/far/runs"),
    "sqlite": ("sqlite:///far/runs.db", "far", "sqlite:///{}/far/runs.db"),
    "tinydb": ("tinydb:far/runs", "far", "tinydb:{}/far/runs"),
}


@pytest.fixture
def owing(world):
    """A function: a run that owes its record to a relative URL, because a file is in the way of a folder."""

    def run(url, obstacle):
        (world.folder / obstacle).touch()
        code, _, err = world.run(SCRIPT.replace("URL", url))
        assert code == 0 and "`expkit sync` delivers it" in err, err
        (world.folder / obstacle).unlink()

    return run


def sync_in(world, folder, *arguments, **variables):
    """``expkit sync`` in a folder: exit code and what it says."""
    command = [sys.executable, "-m", "expkit", "sync", *arguments]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, cwd=folder, env={**world.environment, **variables}, timeout=60, **both)
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", RELATIVE)
def test_relative_urls_mean_the_folder_of_the_run(world, owing, kind):
    """A run that is owed to a relative URL comes into the store that the program meant, from wherever it is delivered."""
    url, obstacle, absolute = RELATIVE[kind]
    owing(url, obstacle)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    code, said = sync_in(world, elsewhere)
    assert code == 0, said
    assert absolute.format(world.folder) in said
    assert list(elsewhere.iterdir()) == []
    (key,) = open_store(absolute.format(world.folder)).ids()
    assert open_store(absolute.format(world.folder)).load(key.uid).result == 7
    assert world.notes() == []


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_a_later_run_elsewhere_keeps_its_own_store(world, owing, kind):
    """A run in another folder, with the same relative URL, delivers nothing of this one into its own store."""
    url, obstacle, absolute = RELATIVE[kind]
    owing(url, obstacle)
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "script.py").write_text(SCRIPT.replace("URL", url))
    done = subprocess.run([sys.executable, "script.py"], cwd=elsewhere, env=world.environment, timeout=60)
    assert done.returncode == 0
    assert len(open_store(absolute.format(elsewhere)).ids()) == 1
    assert len(world.notes()) == 1
    assert sync_in(world, elsewhere)[0] == 0
    assert len(open_store(absolute.format(elsewhere)).ids()) == 1
    assert len(open_store(absolute.format(world.folder)).ids()) == 1


def test_a_program_that_changes_its_folder(world, owing):
    """A store is where its URL meant when it was named, also if the program goes elsewhere before it is used."""
    (world.folder / "elsewhere").mkdir()
    leaving = (
        "import os\nfrom expkit import open_store\nstore = open_store('local://far/runs')\nos.chdir('elsewhere')\n"
    )
    observer = "from expkit.observers import StoreObserver\nex.observers = [StoreObserver(store)]\n"
    code, _, err = world.run(SCRIPT.replace("ex.run()", f"{leaving}{observer}ex.run()"))
    assert code == 0, err
    assert os.listdir(world.folder / "elsewhere") == []
    assert len(open_store(f"local://{world.folder}/far/runs").ids()) == 1


def test_a_note_with_a_relative_address_is_not_guessed(world, owing):
    """A note whose address depends on the folder goes nowhere until somebody says which store is meant."""
    owing("sqlite:///far/runs.db", "far")
    (note,) = world.notes()
    note.write_text(json.dumps({**json.loads(note.read_text()), "target": "sqlite:///k.db"}))
    code, said = sync_in(world, world.folder)
    assert code == 1 and "say which store that is: expkit sync --to=URL --instead-of='sqlite:///k.db'" in said
    assert not (world.folder / "k.db").exists()
    code, said = sync_in(world, world.folder, "--to=sqlite:///right.db", "--instead-of=sqlite:///k.db")
    assert code == 0 and f"is delivered to sqlite:///{world.folder}/right.db as run 1" in said, said
    assert open_store(f"sqlite:///{world.folder}/right.db").load(1).result == 7
    assert world.notes() == []


@pytest.mark.parametrize("way", ["--to", "environment"])
def test_what_is_owed_elsewhere_is_said(world, owing, way):
    """Who asks for one store is told that it is owed nothing, what others are owed, and how to name one that has moved."""
    owing("sqlite:///far/runs.db", "far")
    old, new = f"sqlite:///{world.folder}/far/runs.db", f"sqlite:///{world.folder}/new.db"
    given = ((f"--to={new}",), {}) if way == "--to" else ((), {"EXPKIT_SYNC_TO": new})
    code, said = sync_in(world, world.folder, *given[0], **given[1])
    assert code == 0
    first, second = said.splitlines()
    assert first == f"nothing is owed to {new}"
    assert f"1 still owed to {old}" in second and f"expkit sync --to=URL --instead-of='{old}'" in second
    code, said = sync_in(world, world.folder, *given[0], "--instead-of=sqlite:///far/runs.db", **given[1])
    assert (code, said.splitlines()[-1]) == (0, "nothing is owed"), said
    assert open_store(new).load(1).result == 7


def test_an_old_address_needs_a_new_one(world):
    """``--instead-of`` alone is refused."""
    code, said = sync_in(world, world.folder, "--instead-of=sqlite:///k.db")
    assert code == 2 and "give the new one: --to=URL" in said
