"""Databases that were damaged: an error that names the file, and never a run less than before."""

from __future__ import annotations

import pytest

from expkit.errors import FormatError, RunNotFoundError
from expkit.record.model import COMPLETED
from expkit.stores.tinydb.store import TinyDbStore
from expkit.testing.samples import sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS

TORN = {
    "half": lambda data: data[: len(data) // 2],
    "last byte": lambda data: data[:-3],
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "a list": lambda data: b"[]",
    "tables that are none": lambda data: b'{"runs": [1]}',
    "a number for a run": lambda data: b'{"runs": {"1": 5}}',
    "a name for a number": lambda data: b'{"runs": {"one": {}}}',
    "no text": lambda data: data.replace(b'"runs"', b'"r\xffns"'),
    "no notes": lambda data: data.replace(b'"writes": 3', b'"writes": []'),
    "two lines in one": lambda data: data.replace(b',\n"2"', b', "2"').replace(b'"name": "sample"', b'"name": sample'),
    "a line that is none": lambda data: data.replace(b'\n"2": {', b'\n"2: {'),
    "too deep": lambda data: b'{"runs": {"1": ' + b'{"a":' * 100_000,
}


@pytest.fixture
def two(store):
    """A database with two runs."""
    for _ in range(2):
        store.create(sample_record(), lease=sample_lease())
    return store


@pytest.mark.parametrize("how", TORN)
def test_nothing_is_lost_in_silence(two, how):
    """Reading and writing say which file is damaged, and leave it as it is."""
    path = two.root / "metadata.json"
    whole = path.read_bytes()
    torn = TORN[how](whole)
    assert torn != whole
    path.write_bytes(torn)
    uses = [
        two.ids,
        lambda: two.load(1),
        lambda: two.create(sample_record()),
        lambda: two.save(sample_record()),
        lambda: list(two.find()),
        lambda: two.delete(1),
        lambda: two.append(1, LOSS, 0, sample_points(1)),
    ]
    for use in uses:
        with pytest.raises(FormatError, match=r"metadata\.json") as caught:
            use()
        assert len(str(caught.value)) < 1000
    assert path.read_bytes() == torn
    path.write_bytes(whole)
    assert [key.id for key in two.ids()] == [1, 2]
    assert two.create(sample_record()) == 3


def test_a_database_that_is_gone(two):
    """Where only the file of tables is missing, nobody begins a new one over the runs that it knew."""
    (two.root / "metadata.json").unlink()
    with pytest.raises(FormatError, match="2 runs"):
        two.create(sample_record())


def test_one_damaged_run(two):
    """A line that is damaged costs its own run only; it stays in the file, and the others go on."""
    path = two.root / "metadata.json"
    path.write_bytes(path.read_bytes().replace(b'"name": "sample"', b'"name": sample', 1))
    with pytest.raises(FormatError, match=r"metadata\.json.*run 1"):
        two.load(1)
    assert [row["state"] for row in two.find(columns=["state"])] == ["UNREADABLE", "RUNNING"]
    assert two.create(sample_record()) == 3
    assert b'"name": sample' in path.read_bytes()
    two.save(two.load(2).but(status=COMPLETED))
    assert two.load(2).status == COMPLETED


def test_a_store_that_is_too_new(two):
    """A store that a newer version of expkit began is refused."""
    (two.root / ".expkit-tinydb" / "format.json").write_text('{"format": 99, "needs": "7.0"}')
    with pytest.raises(FormatError, match=r"expkit 7\.0"):
        TinyDbStore(two.root).ids()


@pytest.mark.parametrize("left", [100, 0])
def test_damage_beside(two, left):
    """A newest record that is damaged is named; the run is not shown as it was long ago."""
    record = two.load(1)
    two.save(record.but(info={"epoch": 7}))
    (newest,) = (two.root / ".expkit-tinydb" / "runs" / record.uid).glob("run.json")
    newest.write_bytes(newest.read_bytes()[:left])
    with pytest.raises(FormatError, match=r"run\.json"):
        two.load(1)
    two.save(record.but(info={"epoch": 8}))
    assert two.load(1).info == {"epoch": 8}


def test_files_of_one_run_that_are_gone(two):
    """A run whose files were removed by hand is still there, and can be written on."""
    record = two.load(1)
    for path in (two.root / ".expkit-tinydb" / "runs" / record.uid).iterdir():
        path.unlink()
    (two.root / ".expkit-tinydb" / "runs" / record.uid).rmdir()
    assert (two.load(1), two.streams(1), two.lease(1)) == (record, {}, None)
    two.save(record.but(status=COMPLETED))
    assert two.load(1).status == COMPLETED
    with pytest.raises(RunNotFoundError):
        two.load(3)
