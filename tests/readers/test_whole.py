"""How many bytes runs have, and whether they are whole, asked from Python."""

import gc
import weakref

import pytest

from expkit.readers import runs
from expkit.readers.sizes import measured
from expkit.readers.verifying import Verifier
from expkit.stores import open_store

from .conftest import add


@pytest.fixture
def damaged(tmp_path):
    """Three runs in a folder: the second one cannot be read, the third one is in the trash."""
    store = open_store(tmp_path / "runs")
    for seed in range(3):
        add(store, 0.1, seed)
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    runs(store=store)["3"].trash()
    return runs(store=store, trash=True)


def test_measured(damaged):
    """Runs are measured the biggest first; one that cannot be read is told of and left out."""
    troubles = []
    found = measured(damaged, lambda run, error: troubles.append((run.id, str(error))))
    assert [(run.size.id, run.trashed) for run in found] == [("3", True), ("1", False)]
    assert [id for id, _ in troubles] == ["2"]
    assert found[0].size.total >= found[1].size.total


def test_empty_records(tmp_path, damaged):
    """A record without a byte, as a power cut leaves it, is a fault, and not a run less."""
    (tmp_path / "runs" / "2" / "run.json").write_bytes(b"")
    found = [fault.fault for fault in Verifier(damaged.store).check_all(runs(store=tmp_path / "runs", trash=True))]
    assert [(fault.what, fault.part) for fault in found if fault.why.endswith("2/run.json: it is empty")] == [
        ("unreadable", "record")
    ]


def test_measured_runs_are_forgotten(damaged):
    """A list of runs keeps nothing of what was read to measure them, so that lists may be long."""
    some = list(damaged)
    records = [weakref.ref(run.record) for run in some if run.id != "2"]
    assert len(measured(some, lambda *_: None)) == len(records)
    gc.collect()
    assert [record() for record in records] == [None, None]


def test_check_all(damaged):
    """All runs are looked at, and each fault says whose it is; a run that cannot be read is called by its uid."""
    done, verifier = [], Verifier(damaged.store)
    keys = damaged.all_keys()
    found = list(verifier.check_all(map(damaged.named, keys), lambda: done.append(1)))
    broken = next(key.uid for key in keys if key.id == "2")
    assert {fault.id for fault in found if fault.fault.part == "record"} == {f"~{broken}"}
    assert (len(done), verifier.runs) == (3, 3)
