"""What stores have on the disk is neither input nor output of the runs that they observe."""

from __future__ import annotations

import pytest

OBSERVED = """
from expkit.observers import StoreObserver
from expkit.stores.memory import MemoryStore


class Shelf(MemoryStore):
    own_paths = (os.path.abspath("shelf"), os.path.abspath("shelf.idx"))


ex.observers = ["runs", *{observers}]
"""


@pytest.mark.parametrize("url", ["sqlite:///other.db", "tinydb:other", "file://other", "local://deep/other"])
def test_a_store_that_the_program_reads(used, url):
    """What it opens of a store that observes the run is no input, wherever that store keeps it."""
    run = used(
        f"""
        for run in expkit.runs(store={url!r}):
            str(run.config)
        open("given.txt").read() if os.path.exists("given.txt") else open("given.txt", "w").close()
        """,
        "import expkit",
        OBSERVED.format(observers=[url]),
    )
    assert (run.named("input"), run.named("output")) == ([], ["given.txt"])


@pytest.mark.parametrize("url", ["sqlite:///other.db", "tinydb:other"])
def test_a_store_of_a_run_inside(used, url):
    """What a run inside of another one writes into its store is no output of the other one."""
    run = used(
        f"""
        inner = Experiment("inner", observers=[{url!r}])
        inner.main(lambda: None)
        inner.run()
        """,
        functions=OBSERVED.format(observers=[]),
    )
    assert (run.named("input"), run.named("output")) == ([], [])


def test_files_whose_names_begin_like_those_of_a_store_are_the_runs(used):
    """Only what a store names is its own; files in the folder of a TinyDB database may be anybody's."""
    run = used(
        """
        for name in ("other.db.csv", "other.dbx", "data/table.csv", "data.txt"):
            open(name, "w").close()
        """,
        functions=OBSERVED.format(observers=["sqlite:///other.db", "tinydb:data"]),
    )
    assert run.named("output") == ["data.txt", "data/table.csv", "other.db.csv", "other.dbx"]


def test_a_store_of_somebody_elses(used):
    """A store that nobody knows says itself what it has: exactly these files, and what lies in these folders."""
    run = used(
        """
        os.makedirs("shelf/deep")
        for name in ("shelf.idx", "shelf/a", "shelf/deep/b", "shelf.txt"):
            open(name, "w").close()
        """,
        functions=OBSERVED.format(observers=[]) + "ex.observers.append(StoreObserver(Shelf()))",
    )
    assert run.named("output") == ["shelf.txt"]
