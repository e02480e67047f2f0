"""Metrics of stored runs."""

import math
import sys

import numpy as np
import pytest

from expkit.errors import MissingExtraError
from expkit.readers import runs
from expkit.record.model import Point, StreamKey
from expkit.stores import open_store
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_record

from ..copying.conftest import SERVERS
from .conftest import PLACES


@pytest.fixture
def logged(fresh, kind):
    """Gives the metrics of a new run with these points by stream, of each kind of store."""
    store = fresh(kind)

    def log(streams):
        uid = sample_record().uid
        store.create(sample_record(uid=uid, files=()))
        for key, points in streams.items():
            store.append(uid, key, 0, points)
        return runs(store=store)[uid].metrics

    return log


def points(name, values, start=0, time=0.0):
    return [Point(name, start + place, value, time + place) for place, value in enumerate(values)]


def test_arrays(everything):
    """Steps, values and times are arrays of numbers, and last, least and greatest value are plain numbers."""
    metrics = everything[0].metrics
    assert (list(metrics), len(metrics), "loss" in metrics) == (["loss"], 1, True)
    loss = metrics["loss"]
    assert (loss.steps.dtype, loss.values.dtype, loss.times.dtype) == (np.int64, np.float64, np.float64)
    assert loss.steps.tolist() == list(range(10))
    assert loss.values.tolist() == [0.1 / (step + 1) for step in range(10)]
    assert loss.times.tolist() == [1e9 + step for step in range(10)]
    assert (loss.last, loss.min, loss.max, len(loss)) == (0.01, 0.01, 0.1, 10)
    assert type(loss.last) is float
    with pytest.raises(ValueError, match="read-only"):
        loss.values[0] = 1


def test_the_order_of_metrics(logged):
    """Metrics stand in the order of their first points, in every kind of store, odd values or not."""
    mixed = [
        *points("zeta", [1.0, 2.0]),
        *points("loss", [math.nan, 1.0]),
        *points("acc", [0.5]),
        *points("zeta", [3.0], 2),
    ]
    assert list(logged({StreamKey(): mixed})) == ["zeta", "loss", "acc"]


def test_values_at_steps(everything):
    """The value at a step; a step that is not there is told with its neighbours."""
    loss = everything[0].metrics["loss"]
    assert loss.at(4) == 0.02
    with pytest.raises(KeyError, match="loss has no value at step 77; the nearest are 8 and 9"):
        loss.at(77)


def test_unknown_metrics(everything):
    """A misspelt metric is told with near ones."""
    with pytest.raises(KeyError, match="no metric 'los'; did you mean loss"):
        everything[0].metrics["los"]
    with pytest.raises(KeyError, match="it has none"):
        everything[-1].metrics["loss"]


def test_many_metrics_in_one_stream(logged):
    """Points of several metrics that were logged in turn are told apart, whatever their kinds of numbers."""
    mixed = [point for step in range(100) for point in (*points("a", [step], step), *points("b", [step / 2], step))]
    metrics = logged({StreamKey(): [*mixed, *points("c", [1, 2.5])]})
    assert metrics["a"].values.dtype == np.int64
    assert metrics["b"].values.tolist() == [step / 2 for step in range(100)]
    assert metrics["c"].values.tolist() == [1.0, 2.5]


def test_odd_values(logged):
    """NaN and infinities are kept; values and steps that are no numbers make columns of objects."""
    metrics = logged(
        {
            StreamKey(): [
                *points("a", [math.nan, 2.0, -math.inf]),
                *points("b", ["text", 2, 2**70]),
                Point("c", 2**70, True, 1.0),
                Point("d", "step", None, 1.0),
                Point("e", 1.5, [1, 2], 1.0),
            ]
        }
    )
    assert (metrics["a"].min, metrics["a"].max, metrics["a"].last) == (-math.inf, 2.0, -math.inf)
    assert (metrics["b"].values.tolist(), metrics["b"].min, metrics["b"].max) == (["text", 2, 2**70], 2, 2**70)
    assert (metrics["c"].steps.tolist(), metrics["c"].last) == ([2**70], True)
    assert (metrics["d"].at("step"), metrics["d"].min) == (None, None)
    assert (metrics["e"].steps.tolist(), metrics["e"].last) == ([1.5], [1, 2])


def test_segments_and_ranks(logged):
    """Segments follow each other; what processes logged side by side is in order of time; the first process has the last word."""
    loss = logged(
        {
            StreamKey(): points("loss", [9.0, 8.0], 0, time=10),
            StreamKey(rank=1): points("loss", [9.5, 8.5], 0, time=10.5),
            StreamKey(segment=1): points("loss", [8.0, 7.0], 1, time=20),
            StreamKey(segment=1, rank=1): points("loss", [6.0], 3, time=30),
        }
    )["loss"]
    assert loss.values.tolist() == [9.0, 9.5, 8.0, 8.5, 8.0, 7.0, 6.0]
    assert (loss.segments.tolist(), loss.ranks.tolist()) == ([0, 0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 0, 1])
    assert (loss.last, loss.min, loss.at(1)) == (7.0, 6.0, 8.0)
    assert list(loss.to_pandas().columns) == ["step", "value", "time", "segment", "rank"]


def test_frames(everything):
    """A frame has a row for each point, with times."""
    frame = everything[0].metrics["loss"].to_pandas()
    assert (list(frame.columns), len(frame)) == (["step", "value", "time"], 10)
    assert str(frame["time"][0]) == "2001-09-09 01:46:40+00:00"


def test_without_numpy(some, monkeypatch):
    """Last, least and greatest value need no NumPy; arrays do, and say so."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    loss = some[0].metrics["loss"]
    assert (loss.last, loss.min, loss.max, len(loss)) == (0.01, 0.01, 0.1, 10)
    with pytest.raises(MissingExtraError, match=r"pip install 'expkit\[numpy\]'"):
        loss.values  # noqa: B018


def test_tags_of_points_lie_in_one_metric():
    """Points with different tags belong to the metric that they name, in order of time."""
    store = MemoryStore()
    store.create(sample_record(files=()))
    store.append(1, StreamKey(), 0, [Point("a", step, step, float(step), (("k", str(step % 2)),)) for step in range(4)])
    assert runs(store=store)[0].metrics["a"].values.tolist() == [0, 1, 2, 3]


def test_looks(some):
    """A metric says its figures."""
    assert repr(some[0].metrics["loss"]) == "<Metric loss: 10 points, last 0.01, min 0.01, max 0.1>"
    assert repr(some[0].metrics) == "<Metrics loss>"


@pytest.mark.parametrize("kind", [*PLACES, "postgresql", "mariadb"])
def test_columns_are_what_points_are(kind, tmp_path, tmp_path_factory):
    """However a store gives its points, all at once or one by one, they are the same."""
    store = open_store({**PLACES, **SERVERS}[kind](tmp_path, tmp_path_factory))
    odd = [1, 0.5, -0.0, math.nan, math.inf, 2**70, "text", None, True, [1], {"a": 1}]
    logged = [Point(f"m{place % 3}", step, value, 1e9 + place) for step, value in enumerate(odd) for place in range(3)]
    plain = [Point("plain", step, step / 3, 1e9 + step) for step in range(1000)]
    run = store.create(sample_record(files=()))
    store.append(run, StreamKey(), 0, [*logged, *plain])
    metrics = runs(store=store)[0].metrics
    for name, metric in metrics.items():
        wanted = [point for point in store.read(run, StreamKey()) if point.name == name]
        assert repr(metric.values.tolist()) == repr([point.value for point in wanted])
        assert metric.steps.tolist() == [point.step for point in wanted]
        assert metric.times.tolist() == [point.time for point in wanted]
    assert len(metrics) == 4
    store.close()


def test_points_that_came_in_parts(kind, fresh):
    """What was delivered batch by batch, as copying and late delivery do, is one metric."""
    store = fresh(kind)
    run = store.create(sample_record(files=()))
    for start in (0, 10, 20):
        store.append(run, StreamKey(), 2 * start, [*points("a", range(start, start + 10)), *points("b", [start] * 10)])
    metrics = runs(store=store)[0].metrics
    assert metrics["a"].values.tolist() == list(range(30))
    assert metrics["b"].values.tolist() == [0] * 10 + [10] * 10 + [20] * 10
    assert [len(metric) for metric in metrics.values()] == [30, 30]


def test_outlines(logged):
    """A plot of very many points has their ends and all extremes; what is not finite is left out."""
    values = [math.nan, *(float(step % 997) for step in range(20_000)), -5.0, "text", math.inf]
    loss = logged({StreamKey(): points("loss", values)})["loss"]
    drawn = loss.outline(100)
    assert len(drawn) <= 102
    assert (drawn[0], drawn[-1]) == ((1, 0.0), (20_001, -5.0))
    assert max(value for _, value in drawn) == 996
    assert drawn == sorted(drawn)
    assert len(loss.outline(100_000)) == 20_001
    assert logged({StreamKey(): points("loss", [1, 2**2000])})["loss"].outline(10) == [(0, 1)]
    assert logged({StreamKey(): points("done", [False, True])})["done"].outline(10) == [(0, 0), (1, 1)]
