"""metrics.json, as the predecessor's readers expect it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from expkit.record.events import Completed
from expkit.record.model import Point, StreamKey
from expkit.stores.folder import metrics

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)


def exported(log):
    return json.loads((log.folder / "metrics.json").read_text(), parse_constant=pytest.fail)


def test_the_predecessors_shape(log):
    """Each metric has its steps, values and naive UTC timestamps; tagged series have names of their own."""
    log.points.add("loss", 0.5, time=NOON.timestamp())
    log.points.add("loss", 0.25, step=10, tags={"phase": "test", "fold": "1"}, time=NOON.timestamp())
    log.points.add("loss", 0.125, time=1_700_000_000)
    log.close()
    assert exported(log) == {
        "loss": {
            "steps": [0, 1],
            "values": [0.5, 0.125],
            "timestamps": ["2026-03-01T12:00:00.250000", "2023-11-14T22:13:20"],
        },
        "loss{fold=1,phase=test}": {
            "steps": [10],
            "values": [0.25],
            "timestamps": ["2026-03-01T12:00:00.250000"],
        },
    }


def test_strict_json(log):
    """NaN and infinities are tagged, other values are kept."""
    for value in (float("nan"), float("inf"), 2**80, "text", True):
        log.points.add("x", value)
    log.close()
    tagged = [{"!expkit": "float", "value": "nan"}, {"!expkit": "float", "value": "inf"}]
    assert exported(log)["x"]["values"] == [*tagged, 2**80, "text", True]


def test_strange_times(log):
    """What no calendar has, as damage makes it or another tool wrote it, is no time; the point is kept."""
    for time in (float("nan"), float("-inf"), 1e300):
        log.points.add("x", 1, time=time)
    log.close()
    assert exported(log)["x"] == {"steps": [0, 1, 2], "values": [1, 1, 1], "timestamps": [None, None, None]}


def test_runs_without_metrics(log):
    """A run without metrics has an empty file, as the predecessor's runs have."""
    log.close()
    assert exported(log) == {}


def test_segments_are_joined_and_ranks_left_out(store, log):
    """Points of all segments come one after the other; those of other ranks are no part of the file."""
    log.points.add("loss", 1.0)
    log.close()
    other = store.open_log("1", rank=1)
    other.points.add("loss", 99.0)
    other.close()
    again = store.open_log("1", segment=1)
    again.points.add("loss", 0.5, step=7)
    again.close()
    assert exported(log)["loss"]["values"] == [1.0, 0.5]
    assert exported(log)["loss"]["steps"] == [0, 7]


def test_many_points_only_on_request(store, log, monkeypatch):
    """Above a limit the file is written on request only."""
    monkeypatch.setattr(metrics, "SMALL", 3)
    for value in range(4):
        log.points.add("x", value)
    log.write(Completed(time=NOON))
    log.close()
    assert not (log.folder / "metrics.json").exists()
    assert store.export_metrics("1") == log.folder / "metrics.json"
    assert exported(log)["x"]["values"] == [0, 1, 2, 3]


def test_replicas_have_it_too(store, new_record):
    """A run that is delivered from elsewhere gets the file when its record says that it is over."""
    record = new_record()
    store.create(record)
    store.append(record.uid, StreamKey(), 0, [Point("loss", 0, 0.5, NOON.timestamp())])
    store.save(record)
    assert not (store.root / "1" / "metrics.json").exists()
    store.save(record.but(stop_time=NOON))
    assert '"loss"' in (store.root / "1" / "metrics.json").read_text()


def test_a_full_disk_can_do_without_the_export(store, log, monkeypatch):
    """A disk too full for metrics.json gets the record, and nobody is troubled: the points are there."""
    monkeypatch.setattr(metrics, "export_small", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    log.write(Completed(time=NOON, result=1))
    log.close()
    assert store.load("1").status == "COMPLETED"


def test_the_record_is_finished_whatever_happens_to_the_export(store, log, monkeypatch):
    """Other troubles with metrics.json are told, once the record is finished."""
    monkeypatch.setattr(metrics, "export_small", lambda *_: (_ for _ in ()).throw(OSError(5, "broken")))
    log.write(Completed(time=NOON, result=1))
    with pytest.raises(OSError, match="broken"):
        log.close()
    assert store.load("1").status == "COMPLETED"
