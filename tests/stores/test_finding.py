from __future__ import annotations

from datetime import timedelta

import pytest

from expkit.errors import FormatError, RunNotFoundError
from expkit.record.model import COMPLETED, POINTS, RUNNING, Point, StreamKey
from expkit.record.query import Compare
from expkit.stores.finding import find, state_of, summarise
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_annotation, sample_lease, sample_points, sample_record


@pytest.fixture
def store():
    return MemoryStore()


def annotate(store, run, *said):
    for minutes, (action, value) in enumerate(said):
        store.annotate(run, sample_annotation(value, action, minutes))


def row_of(store):
    (row,) = store.find()
    return row


def test_tags_follow_each_other(store):
    """Tags are those of the run and those added later, once each, without those removed, in order of time."""
    run = store.create(sample_record(meta={"tags": ["a", "b"]}))
    annotate(store, run, ("tag", "b"), ("tag", "c"), ("untag", "a"), ("untag", "never"), ("tag", "a"))
    assert row_of(store)["tags"] == ["b", "c", "a"]


@pytest.mark.parametrize("meta", [{}, {"tags": None}, {"tags": "x"}])
def test_runs_without_tags(store, meta):
    """A run without tags has an empty list of them."""
    store.create(sample_record(meta=meta))
    assert row_of(store)["tags"] == []


def test_late_facts(store):
    """The last name counts, late results are gathered by name, notes say who and when; unknown facts are skipped."""
    run = store.create(sample_record())
    annotate(store, run, ("name", "one"), ("name", "two"), ("result", {"x": 1}), ("result", {"y": 2}), ("result", 3))
    annotate(store, run, ("note", "hm"), ("from the future", 1))
    row = row_of(store)
    assert (row["name"], row["late"]) == ("two", {"x": 1, "y": 2, "result": 3})
    assert row["notes"] == [{"text": "hm", "author": "somebody", "time": "2026-03-01T12:00:00.250000+00:00"}]


def test_figures_of_metrics(store):
    """Last, min, max and count go over all segments and ranks; NaN and texts have no order."""
    run = store.create(sample_record())
    nan = float("nan")
    for key, values in {
        StreamKey(POINTS, 0, 0): [5, 1],
        StreamKey(POINTS, 1, 0): [3.5, nan],
        StreamKey(POINTS, 1, 1): [7],
        StreamKey(POINTS, 0, 1): [0.5, "text"],
    }.items():
        store.append(run, key, 0, [Point("a.b", step, value, 1.0) for step, value in enumerate(values)])
    figures = summarise(store, run)["a.b"]
    assert (figures["min"], figures["max"], figures["count"]) == (0.5, 7, 7)
    assert figures["last"] != figures["last"]
    (row,) = store.find(columns=["metrics.a.b.max", "metrics.a.b.nothing", "metrics.none.max", "metrics"])
    assert list(row.values()) == [7, None, None, {"a.b": figures}]


def test_metrics_are_read_when_asked_for(store):
    """A question that needs no metrics reads no stream."""
    store.create(sample_record())
    store.read = None
    assert [row["name"] for row in store.find(Compare("name", "==", "sample"), ["name"])] == ["sample"]


def test_rows_come_one_by_one(store):
    """Without order a row is loaded when it is asked for."""
    for _ in range(3):
        store.create(sample_record(), lease=sample_lease())
    loaded = []
    load = store.load
    store.load = lambda run: loaded.append(run) or load(run)
    rows = store.find(limit=2)
    assert loaded == []
    next(rows)
    assert len(loaded) == 1


def test_order_of_mixed_values(store):
    """Numbers come before texts; None, NaN and missing values come last, in either direction."""
    values = [3, "b", None, 1.5, "a", {"!expkit": "float", "value": "nan"}, True, [2]]
    for number, value in enumerate(values):
        store.create(sample_record(result=value, seed=number))
    up = [values[row["seed"]] for row in store.find(columns=["seed"], order=["result"])]
    down = [values[row["seed"]] for row in store.find(columns=["seed"], order=["-result"])]
    assert up == [True, 1.5, 3, [2], "a", "b", None, values[5]]
    assert down == ["b", "a", [2], 3, 1.5, True, None, values[5]]


def test_ids_that_are_numbers_go_by_number(tmp_path):
    """In both directions, where ids are names of folders; other names come after all numbers."""
    store = FolderStore(tmp_path)
    for run_id in ("10", "base", "9", "2"):
        store.create(sample_record(), id=run_id)
    assert [row["id"] for row in store.find(columns=["id"], order=["id"])] == ["2", "9", "10", "base"]
    assert [row["id"] for row in store.find(columns=["id"], order=["-id"])] == ["base", "10", "9", "2"]


@pytest.mark.parametrize("asked", [{"columns": ["id", "stat"]}, {"order": ["-stat.x"]}, {"columns": ["stat[0]"]}])
def test_a_column_that_no_run_has(store, asked):
    """Is an error at once, which names the nearest ones."""
    with pytest.raises(ValueError, match="runs have no 'stat'; did you mean .*stat"):
        store.find(**asked)


def test_whatever_a_row_has_is_a_column(store):
    """By the names that rows without a choice of columns have."""
    store.create(sample_record())
    row = row_of(store)
    (chosen,) = store.find(columns=list(row))
    assert chosen == row


def test_dead_runs_are_found_at_once(store):
    """Who knows of processes sees a dead run before its lease is stale."""
    run = store.create(sample_record())
    store.renew(run, sample_lease())
    assert [row["state"] for row in find(store, alive=lambda lease: False)] == ["DIED"]
    assert [row["state"] for row in find(store)] == [RUNNING]


def test_runs_that_end_while_looking(store):
    """A run whose process ended between the look at its record and the look at its process is not DIED."""
    record = sample_record()
    store.create(record)
    store.renew(record.uid, sample_lease().but(interval=0.0, renewed=store.now() - timedelta(days=1)))
    old = store.load(record.uid)
    store.save(record.but(status=COMPLETED))
    assert state_of(store, old, lambda lease: False) == COMPLETED


def test_runs_deleted_while_looking(store):
    """A run that is deleted while others are read is left out."""
    keep, gone = sample_record(), sample_record()
    for record in (keep, gone):
        store.create(record)
    rows = store.find()
    assert next(rows)["uid"] == keep.uid
    store.delete(gone.uid)
    assert list(rows) == []
    with pytest.raises(RunNotFoundError):
        store.load(gone.uid)


def test_unreadable_runs_do_not_hide_the_others(store):
    """A record of a newer version is shown as unreadable, with the reason; the others are shown as ever."""
    new, old = sample_record(format=99), sample_record()
    for record in (new, old):
        store.create(record, lease=sample_lease())
    with pytest.raises(FormatError):
        store.load(new.uid)
    first, second = store.find(columns=["uid", "id", "state", "cause"])
    assert (first["uid"], first["id"], first["state"]) == (new.uid, 1, "UNREADABLE")
    assert "newer version" in first["cause"]
    assert second["state"] == RUNNING


def test_reading_in_parts(store, monkeypatch):
    """Long streams are summarised part by part."""
    monkeypatch.setattr("expkit.stores.finding._CHUNK", 7)
    run = store.create(sample_record())
    store.append(run, StreamKey(), 0, sample_points(50))
    assert summarise(store, run)["loss"] == {"count": 50, "last": 2.0**-49, "min": 2.0**-49, "max": 1.0}
