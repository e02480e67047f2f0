"""What people call a run by."""

import pytest

from expkit import open_run
from expkit.errors import QueryError, RunNotFoundError, SeveralRunsError
from expkit.readers import runs
from expkit.stores.memory import MemoryStore

from .conftest import add


def test_references(everything):
    """An id, a uid, the beginning of one, a name, the last one and the best one name a run, on every store."""
    store, first, last = everything.store, everything[0], everything[-1]
    wanted = {
        first.id: first,
        str(first.id): first,
        first.uid: first,
        f"~{first.uid}": first,
        f"~{first.uid[:-1]}": first,
        "baseline": last,
        str(last.id): last,
        "broken": last,
        "last": last,
        "last~6": first,
        "best:max:result.acc": everything.best("result.acc", "max"),
        "best:min:metrics.loss.last": everything.best("metrics.loss.last", "min"),
    }
    if str(last.id) != "baseline":  # ids of some stores have a suffix
        del wanted["baseline"]
    assert {name: open_run(name, store) for name in wanted} == wanted


def test_references_within_a_selection(everything):
    """In a selection only its own runs are meant."""
    low = everything.where("config.lr < 0.2")
    assert low["last"] == everything[4]
    assert low["best:max:metrics.loss.last"].config.lr == 0.1
    with pytest.raises(RunNotFoundError):
        low[everything[1].uid]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("17", RunNotFoundError, "there is no run '17' in memory:; did you mean"),
        ("basline", RunNotFoundError, "did you mean baseline?"),
        ("brken", RunNotFoundError, "did you mean broken?"),
        ("lst", RunNotFoundError, "did you mean last?"),
        ("zzzz", RunNotFoundError, "a run is called by an id, ~ and the beginning of a uid"),
        ("digits", SeveralRunsError, "run 1, run 2, run 3, run 4, run 5 and 1 more are called 'digits'"),
        ("~0", SeveralRunsError, "give more of the uid"),
        ("~ffff", RunNotFoundError, "has a uid that begins with ffff"),
        ("~xyz", RunNotFoundError, "not the beginning of a uid"),
        ("last~7", RunNotFoundError, "there are only 7 runs"),
        ("best:metrics.loss.last", QueryError, "write best:max:"),
        ("best:max:", QueryError, "write best:max:"),
        ("best:max:metrcs.loss.last", QueryError, "did you mean metrics"),
        ("best:max:metrics.acc.last", RunNotFoundError, "there are loss"),
    ],
)
def test_what_fits_none_or_several(some, name, error, message):
    """A reference that fits no run, or several, is told with what to say instead."""
    with pytest.raises(error, match=message.replace("?", r"\?")):
        some[name]


def test_what_people_call_runs_wins():
    """A run that was renamed is found by its new name, and no longer by the old one."""
    store = MemoryStore()
    for seed in range(2):
        add(store, 0.1, seed)
    runs(store=store)["2"].rename("final")
    assert open_run("final", store).id == 2
    assert open_run("digits", store).id == 1


def test_ids_win():
    """An id counts before everything else that it could mean."""
    store = MemoryStore()
    add(store, 0.1, 1, name="2")
    add(store, 0.1, 2)
    assert open_run("2", store).id == 2


def test_empty_stores():
    """In an empty store nothing is found, and the message says that it is empty."""
    with pytest.raises(RunNotFoundError, match="is empty"):
        open_run("7", MemoryStore())
    for name in ("last", "last~2"):
        with pytest.raises(RunNotFoundError, match="^there are no runs in memory:$"):
            open_run(name, MemoryStore())
