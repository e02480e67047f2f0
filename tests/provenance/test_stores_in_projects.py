"""Stores of runs inside of a project: whatever they write is neither a change of it nor an input or output of a run."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from expkit import open_store
from expkit.provenance.git import stores
from expkit.provenance.git.repositories import ask
from expkit.record.model import RunRecord
from expkit.record.uid import new_uid
from expkit.record.wire import record_to_json
from expkit.stores.folder.store import FolderStore

STORES = (
    "folder:runs", "folder:.", "tinydb:runs", "tinydb:deep/runs", "tinydb:.", "sqlite:///runs.db", "sqlite:///deep/runs",
    "file://runs", "local://deep/runs",
)  # fmt: skip

TRAIN = """
import sys

import expkit

ex = expkit.Experiment("train")


@ex.main
def main():
    open("given.txt").read()
    for run in expkit.runs(store=sys.argv[1]):
        str(run.config)
    ex.add_artifact("given.txt")


if __name__ == "__main__":
    for _ in range(int(sys.argv[2])):
        ex.observers = [sys.argv[1]]
        ex.run()
"""


@pytest.fixture
def lab(git, monkeypatch):
    """A repository with one commit, in which the test works."""
    monkeypatch.chdir(git.root)
    git.write("given.txt", "given")
    git.write("train.py", TRAIN)
    git.commit()
    return git


def train(url, runs):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "train.py", url, str(runs)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    with closing(open_store(url)) as store:
        return [store.load(key.id) for key in store.ids()]


def used(record):
    return [(ref.role, ref.path) for ref in record.files if ref.role in ("input", "output", "untracked", "patch")]


@pytest.mark.parametrize("url", STORES)
def test_runs_do_not_record_the_store_that_they_are_recorded_in(lab, url):
    """However many runs lie in it, and although main looks into it: all records are alike, and as large."""
    records = train(url, 10)
    assert len(records) == 10
    assert {file for record in records for file in used(record)} <= {("input", "given.txt")}
    assert [record.gaps for record in records] == [()] * 10
    entries = [entry for record in records for entry in record.experiment["repositories"]]
    assert len(entries) == 10
    assert all(not entry["dirty"] and not entry.get("untracked") and "left_out" not in entry for entry in entries)
    sizes = [len(json.dumps(record_to_json(record))) for record in records]
    assert max(sizes) - min(sizes) < 200


def fill(url):
    """A store with a run in it, still open."""
    store = open_store(url)
    store.create(RunRecord(uid=new_uid(), name="filled", command="main", status="RUNNING"))
    return store


def kept(*known):
    """(what makes the repository dirty, names of the untracked files that are kept or left out)."""
    asked = ask(["train.py"], known)
    _, job = asked.at_start(keep=True)
    (entry,) = (job().experiment if job else {"repositories": asked().found})["repositories"]
    left_out = [path for some in entry.get("left_out", ()) for path in some["paths"]]
    return entry["changed"], [path for path, *_ in entry.get("untracked", ())] + left_out


@pytest.mark.parametrize("url", STORES)
@pytest.mark.parametrize("is_open", [False, True])
def test_stores_of_others_are_no_changes(lab, url, is_open):
    """They are known by what they have inside, whether somebody writes into them at the moment or not."""
    lab.write("note.txt", "mine")
    store = fill(url)
    if not is_open:
        store.close()
    assert kept() == ([], ["note.txt"])


@pytest.mark.parametrize("url", STORES)
def test_a_store_that_was_committed_makes_nothing_dirty(lab, url):
    """Not by what was written there since, neither where it is told of nor where it is seen."""
    fill(url).close()
    lab.commit()
    fill(url).close()
    assert lab("status", "--porcelain")
    assert kept() == ([], [])


def test_a_tinydb_database_shares_its_folder(lab):
    """Other files there are the project's."""
    fill("tinydb:data").close()
    lab.write("data/table.csv", "1,2")
    assert kept() == ([], ["data/table.csv"])


def test_what_the_predecessor_made_is_a_store_too(lab):
    """A TinyDB database by its two parts, a SQLite database by its tables; either part alone is no database."""
    lab.write("old/metadata.json", "{}")
    lab.write("old/hashfs/12/34", "bytes")
    lab.write("other/metadata.json", "{}")
    lab.write("third/hashfs/12/34", "bytes")
    with closing(sqlite3.connect("old.sqlite")) as database:
        for table in ("artifact dependency experiment host repository resource run source").split():
            database.execute(f"CREATE TABLE {table} (id INTEGER)")
    assert kept() == ([], ["other/metadata.json", "third/hashfs/12/34"])


def test_other_databases_are_files_of_the_project(lab):
    """Also one that cannot be read, and one with a table of a name like ours."""
    for name, table in (("data.db", "numbers"), ("near.db", "experiment")):
        with closing(sqlite3.connect(name)) as database:
            database.execute(f"CREATE TABLE {table} (id INTEGER)")
    (lab.root / "broken.db").write_bytes(b"SQLite format 3\0" + b"x" * 1008)
    lab.write("data.db-journal", "no journal")
    assert kept() == ([], ["broken.db", "data.db", "data.db-journal", "near.db"])


def test_only_what_may_be_a_database_is_opened(lab, monkeypatch):
    """Files of whole pages; a pipe is passed over without waiting."""
    opened = []
    monkeypatch.setattr(stores, "_begins_as_database", lambda place: opened.append(os.path.basename(place)))
    for name, size in (("empty", 0), ("small", 100), ("page", 512), ("pages", 8192), ("odd", 8193)):
        (lab.root / name).write_bytes(b"x" * size)
    os.mkfifo("pipe")
    kept()
    assert set(opened) == {"page", "pages"}


def test_what_a_store_says_of_itself_counts(lab):
    """Files and folders of stores that nobody would recognize: exactly these, and what lies in the folders."""
    for name in ("mine.bin", "mine.bin.txt", "shelf/a", "shelf/b/c", "shelf2/a"):
        lab.write(name, "x")
    assert kept(str(lab.root / "mine.bin"), str(lab.root / "shelf"), str(lab.root), "/elsewhere") == (
        [],
        ["mine.bin.txt", "shelf2/a"],
    )


def test_where_a_folder_store_shows_sources_and_resources_is_its_own(tmp_path):
    """Those folders may lie outside of its root."""
    store = FolderStore(tmp_path / "runs", resource_dir=tmp_path / "shown", source_dir=tmp_path / "code")
    assert store.own_paths == (str(tmp_path / "runs"), str(tmp_path / "shown"), str(tmp_path / "code"))
