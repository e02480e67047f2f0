"""The trash: lists leave out what lies there, on every store."""

import pytest

from expkit.errors import RunNotFoundError, StoreError
from expkit.readers import gc, open_run, runs
from expkit.record.model import COPYING, QUEUED, RunRecord
from expkit.record.uid import new_uid
from expkit.stores.memory import MemoryStore

from .conftest import PLACES, fill


@pytest.fixture(params=PLACES)
def store(request, fresh):
    """A store of each kind with seven runs, one of which lies in the trash."""
    made = fill(fresh(request.param))
    open_run("5", made).trash("ann")
    return made


def test_lists_leave_it_out(store):
    """Neither lists nor counts nor the best have it, until it is restored."""
    everything = runs(store=store)
    assert [str(run.id) for run in everything] == ["1", "2", "3", "4", "6", "baseline"]
    assert (len(everything), len(everything.where("config.lr = 0.1"))) == (6, 2)
    assert str(everything.best("result.acc", "max").id) == "6"
    assert [str(run.id) for run in everything.where("config.lr = 0.1").sort("-id").limit(2)] == ["3", "1"]
    everything["5"].restore()
    assert len(everything) == 7


def test_who_asks_for_it_gets_it(store):
    """It is found by its id and its uid, with ``trash=True`` and by the question for it; it says who put it there."""
    run = open_run("5", store)
    assert run == open_run(run.uid, store) == open_run(f"~{run.uid}", store)
    assert run.trashed.author == "ann"
    [found] = runs("exists(trash) and trash.author = ann", store, trash=True)
    assert found == run
    assert len(runs(store=store, trash=True)) == 7
    [row] = store.find(columns=["trash.time"], query=None, order=["trash.time"], limit=1)
    assert row["trash.time"]


def test_the_last_run(store):
    """``last`` passes over the trash."""
    open_run("baseline", store).trash()
    assert str(open_run("last", store).id) == "6"
    assert str(open_run("last~1", store).id) == "4"
    with pytest.raises(RunNotFoundError, match="there are only 5 runs"):
        open_run("last~5", store)
    assert str(runs(store=store, trash=True)["last"].id) == "baseline"


def test_deleting(store):
    """A run goes to the trash, comes back, and is deleted for good; whoever asks is told whether that changed anything."""
    run = open_run("6", store)
    assert (run.delete(author="ann"), run.trashed.author, run.delete()) == (True, "ann", False)
    assert (run.restore(), run.trashed, run.restore()) == (True, None, False)
    assert run.delete(purge=True)
    assert (run.id, run.uid in {key.uid for key in store.ids()}) == ("6" if isinstance(run.id, str) else 6, False)
    with pytest.raises(RunNotFoundError):
        open_run("6", store)


def test_what_goes_on_stays():
    """A run that goes on is deleted by force only, and never with the trash."""
    store = MemoryStore()
    record = RunRecord(uid=new_uid(), name="digits", command="main", status=COPYING)
    store.create(record)
    run = open_run(record.uid, store)
    with pytest.raises(StoreError, match="run 1 goes on; stop it first, or say force=True"):
        run.delete(purge=True)
    assert run.delete(force=True)
    assert gc(runs(store=store), older=0).runs == []
    assert run.delete(purge=True, force=True)
    assert store.ids() == []


def test_what_goes_on_by_now_stays():
    """A run that was queued when somebody looked, and has begun since, goes on."""
    store = MemoryStore()
    record = RunRecord(uid=new_uid(), name="digits", command="main", status=QUEUED)
    store.create(record)
    run = open_run(record.uid, store)
    assert run.state == QUEUED
    assert store.set_status(record.uid, QUEUED, COPYING)
    with pytest.raises(StoreError, match="run 1 goes on"):
        run.delete(purge=True)


def test_emptying_the_trash(store):
    """gc deletes what lies in the trash for long enough, and says what; a dry run removes nothing."""
    everything = runs(store=store, trash=True)
    assert gc(everything).runs == []
    dry = gc(everything, older=0, grace=0, dry_run=True)
    assert ([str(run.id) for run in dry.runs], dry.bytes > 0, len(everything)) == (["5"], True, 7)
    done = gc(everything, older=0, grace=0)
    assert ([(str(run.id), run.name) for run in done.runs], done.bytes, done.files) == (
        [("5", "digits")],
        None,
        dry.files,
    )
    assert len(everything) == 6


def test_a_selection_need_not_show_the_trash(store):
    """gc finds the trash of a selection that leaves it out, and what would be free is what no other run has."""
    whole = gc(runs(store=store, trash=True), older=0, grace=0, dry_run=True)
    shown = gc(runs(store=store), older=0, grace=0, dry_run=True)
    assert ([run.uid for run in shown.runs], shown.files, shown.bytes) == (
        [run.uid for run in whole.runs],
        whole.files,
        whole.bytes,
    )
    assert gc(runs("id = 5", store), older=0, grace=0, dry_run=True).bytes == whole.bytes
    assert gc(runs(store=store), older=0, grace=0).runs == whole.runs
    assert len(runs(store=store, trash=True)) == 6


def test_emptying_a_part_of_the_trash(store):
    """Of a selection, only what answers its question goes, in whatever steps it was asked."""
    open_run("baseline", store).trash()
    digits = runs(store=store).where("name = digits")
    assert [str(run.id) for run in gc(digits.limit(7).where("seed >= 0"), older=0, dry_run=True).runs] == ["5"]
    assert [str(run.id) for run in gc(digits, older=0).runs] == ["5"]
    assert [str(run.id) for run in runs("exists(trash)", store, trash=True)] == ["baseline"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [("id == 5.0", ["5"]), ("id in (5.0, 2)", ["2", "5"]), ("_id == 5.0", ["5"]), ("id == 5.5", [])],
)
def test_ids_are_numbers_of_any_kind(store, question, expected):
    """Every store finds a run by its number, be it typed as ``5`` or as ``5.0``."""
    assert [str(run.id) for run in runs(question, store, trash=True)] == expected
