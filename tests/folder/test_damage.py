"""What happens to one run's files is that run's misfortune, not the store's."""

from __future__ import annotations

import json
import os
import struct
from datetime import datetime, timedelta, timezone

import pytest

from expkit.errors import FormatError
from expkit.record.model import OUTPUT, FileRef, Lease, StreamKey
from expkit.readers import open_run, runs
from expkit.readers.verifying import Verifier
from expkit.stores.holder import this_process
from expkit.testing.samples import sample_points
from expkit.testing.store_tests import LOSS

DEEP = "[" * 100_000 + "]" * 100_000
LEASE = Lease(host="h", boot="b", pid_namespace="n", pid=1, process_start=1.0, interval=10)


@pytest.fixture
def broken(store, new_record):
    """The uid of the run ``1``, which a test breaks, beside the run ``2``."""
    record = new_record(files=(FileRef(path="a.py", role="source", sha256="0" * 64),))
    store.create(record)
    store.create(new_record(name="sound"))
    return record.uid


def _change(root, **changes):
    path = root / "1" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _make_folder(path):
    path.unlink(missing_ok=True)
    path.mkdir()


DAMAGES = {
    "events without a number": ("events.jsonl", lambda root: (root / "1/events.jsonl").write_text("[]\n")),
    "events without an event": ("events.jsonl", lambda root: (root / "1/events.jsonl").write_text("[1]\n")),
    "events of another form": ("events.jsonl", lambda root: (root / "1/events.jsonl").write_text('[1, ["x"]]\n')),
    "deep events": ("events.jsonl", lambda root: (root / "1/events.jsonl").write_text(DEEP + "\n")),
    "a folder of events": ("events.jsonl", lambda root: _make_folder(root / "1/events.jsonl")),
    "a deep record": ("run.json", lambda root: (root / "1/run.json").write_text(DEEP)),
    "an empty record": ("run.json: it is empty", lambda root: (root / "1/run.json").write_bytes(b"")),
    "a record of zeros": ("run.json", lambda root: (root / "1/run.json").write_bytes(bytes(100))),
    "a record in no encoding": ("run.json", lambda root: (root / "1/run.json").write_bytes(b'{"\xff": 1}')),
    "a folder for a record": ("run.json", lambda root: _make_folder(root / "1/run.json")),
    "events folded by a word": ("run.json", lambda root: _change(root, events_folded="x")),
    "events folded by a list": ("run.json", lambda root: _change(root, events_folded=[])),
    "status changes without end": ("run.json", lambda root: _change(root, status_changes=float("inf"))),
    "a path that is a list": ("run.json", lambda root: _change(root, files=[{"path": [], "role": "source"}])),
    "a hash that is a dict": (
        "run.json",
        lambda root: _change(root, files=[{"path": "a", "role": "source", "sha256": {}}]),
    ),
    "a time before all times": ("run.json", lambda root: _change(root, start_time="0001-01-01T00:00:00+23:00")),
    "a status that is a list": (
        "status-1.json",
        lambda root: (root / "1/status-1.json").write_text('["RUNNING", []]\n'),
    ),
    "half a change of status": ("status-1.json", lambda root: (root / "1/status-1.json").write_text("[1]\n")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_one_bad_run_spoils_no_other(store, root, broken, reopened, name):
    """A damaged run is listed, its load names the damaged file, and the sweep keeps all; the other runs are as ever."""
    store.put_blob(b"nobody names this")
    file, damage = DAMAGES[name]
    damage(root)
    for seen in (store, reopened()):
        with pytest.raises(FormatError, match=rf"1.{file}"):
            seen.load("1")
        with pytest.raises(FormatError, match=rf"1.{file}"):
            seen.load(broken)
        assert {key.id: key.uid for key in seen.ids()}["1"] == broken
        states = {row["id"]: row for row in seen.find()}
        assert (states["1"]["state"], states["2"]["name"]) == ("UNREADABLE", "sound")
        assert file in states["1"]["cause"]
        with pytest.raises(FormatError, match=file):
            seen.sweep(grace=-10)
    assert len([path for path in (root / ".expkit" / "blobs").rglob("*") if path.is_file()]) == 1


def test_damaged_points(store, root, broken, reopened):
    """Points that cannot be read are a fault of theirs, which names their file; the run and the others are as ever."""
    store.append("1", LOSS, 0, sample_points(3))
    (path,) = (root / "1").glob("*.points")
    path.write_bytes(path.read_bytes()[:-32] + struct.pack("<I24xI", 7 << 4 | 1, 7 << 4 | 1))
    seen = reopened()
    for read in (seen.read, seen.columns):
        with pytest.raises(FormatError, match=rf"{path.name}: it is damaged"):
            read("1", LOSS)
    faults = [fault for fault in Verifier(seen).check_all(runs(store=seen)) if "points" in fault.fault.part]
    assert [(fault.uid, fault.fault.what) for fault in faults] == [(broken, "unreadable")]
    assert {row["name"] for row in seen.find(columns=["name", "metrics.loss.last"])} == {"test", "sound"}
    with pytest.raises(FormatError, match=path.name):
        _ = open_run("1", seen).metrics["loss"].values


@pytest.fixture
def reopened(root):
    """Opens the store anew, so that nothing of it is remembered."""
    from expkit.stores.folder.store import FolderStore

    return lambda: FolderStore(root)


def test_unreadable_runs_of_unknown_uid(root, broken, reopened):
    """A run that nobody can read and whose uid nobody noted is not listed, but whoever asks for it learns why."""
    (root / ".expkit" / "uids" / broken).unlink()
    (root / "1" / "run.json").write_text("{")
    store = reopened()
    assert [key.id for key in store.ids()] == ["2"]
    with pytest.raises(FormatError, match=r"1.run.json"):
        store.load("1")


def test_unreadable_runs_can_be_deleted(store, root, broken, reopened):
    """Damage is no reason to keep a run for ever."""
    (root / "1" / "run.json").write_text("{")
    reopened().delete("1")
    assert [key.id for key in reopened().ids()] == ["2"]
    assert reopened().sweep(grace=-10) > 0


LEASES = [bytes(80), b'{"\xff": 1}', DEEP.encode(), b"[]", b"{}", b"7"]
FIELDS = {"pid": "x", "host": [], "interval": "often", "process_start": None}


@pytest.mark.parametrize("data", LEASES, ids=["zeros", "encoding", "deep", "list", "empty", "number"])
def test_broken_leases_are_nobodys(store, root, broken, data):
    """A lease that cannot be read says only when somebody wrote it last: the run is not RUNNING for ever."""
    path = root / "1" / "lease.json"
    path.write_bytes(data)
    assert store.lease("1").host == ""
    assert next(iter(store.find()))["state"] == "RUNNING"
    os.utime(path, (0, 0))
    row = next(iter(store.find()))
    assert row["state"] == "DIED"
    assert row["cause"].startswith("gave no sign of life since 1970-01-01 00:00:00 UTC")


def test_a_run_whose_lease_is_gone_dies(store, root, new_record):
    """Without a lease what a run told last is its last sign of life."""
    now = datetime.now(timezone.utc)
    for told in (now - timedelta(hours=1), now):
        store.create(new_record(start_time=told), lease=LEASE)
    for number in (1, 2):
        (root / f"{number}/lease.json").unlink()
    died, lives = store.find(columns=["state", "cause"])
    assert (died["state"], lives["state"]) == ("DIED", "RUNNING")
    assert died["cause"].endswith(" UTC, and its lease is gone")


@pytest.mark.skipif(os.name == "nt", reason="there a file's time of change is that of its making")
def test_a_lease_from_times_to_come_is_no_sign(store, root, new_record):
    """A time that somebody has set beyond the present does not keep a run alive."""
    store.create(new_record(), lease=LEASE)
    os.utime(root / "1/lease.json", (4e9, 4e9))
    assert store.lease("1").renewed <= store.now()


@pytest.mark.parametrize("field", [*FIELDS, "endless"])
def test_leases_of_wrong_types_are_nobodys(store, root, broken, field):
    """A lease whose fields are not what they must be tells of nobody."""
    store.renew("1", LEASE)
    path = root / "1" / "lease.json"
    changes = {"interval": float("inf")} if field == "endless" else {field: FIELDS[field]}
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    assert store.lease("1").host == ""
    assert len(list(store.find())) == 2


def test_a_folder_is_no_lease(store, root, broken):
    """A folder in the place of a lease is none."""
    _make_folder(root / "1" / "lease.json")
    assert store.lease("1") is None


@pytest.mark.parametrize("line", ["[1]", "{}", '{"action": [], "value": 1, "author": "a", "time": null}', DEEP])
def test_broken_annotations_are_of_one_run(store, root, broken, line):
    """Annotations that cannot be read are named, and hide no other run."""
    folder = root / ".expkit" / "annotations" / broken
    folder.mkdir(parents=True)
    (folder / "x.jsonl").write_text(line + "\n")
    with pytest.raises(FormatError, match=broken):
        store.annotations("1")
    assert [row["state"] for row in store.find()] == ["UNREADABLE", "RUNNING"]


PARTS = {
    "a pid beyond all pids": lambda root: (root / "1/lease.json").write_text(
        json.dumps({**json.loads((root / "2/lease.json").read_text()), "pid": 10**30})
    ),
    "deep last words": lambda root: (root / "1/last-words-0-0.raw").write_text(DEEP + "\n"),
    "a folder of output": lambda root: _make_folder(root / "1/cout.txt"),
    "a folder of raw output": lambda root: _make_folder(root / "1/cout.txt.raw"),
    "a folder of points": lambda root: _make_folder(root / "1/metrics-0-0.points"),
    "points of another form": lambda root: (root / "1/metrics-0-0.points").write_bytes(b"x" * 99),
    "a folder of last words": lambda root: _make_folder(root / "1/last-words-0-0.raw"),
    "a note of zeros": lambda root: _with_note(root / "1", bytes(99)),
    "half a note": lambda root: _with_note(root / "1", b'{"offset": 1, "len'),
    "a note of another form": lambda root: _with_note(root / "1", b'{"offset": 1.5, "length": 0, "screen": [1]}'),
    "a note of much": lambda root: _with_note(root / "1", b'{"offset": 1, "length": 1e99, "screen": null}'),
}
if hasattr(os, "mkfifo"):
    PARTS |= {
        f"a pipe for {name}": lambda root, name=name: _make_pipe(root / name)
        for name in ("1/lease.json", "1/cout.txt", "1/cout.txt.raw", "1/metrics-0-0.points", "1/last-words-0-0.raw")
        + (".expkit/changes/x.jsonl", ".expkit/uids/x")
    }


def _with_note(folder, note):
    (folder / "cout.txt").write_text("one\n")
    (folder / "cout.txt.raw").write_text("one\ntwo\n")
    (folder / "cout.txt.note.raw").write_bytes(note)


def _make_pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("name", PARTS)
def test_one_bad_part_spoils_no_other(root, new_record, reopened, name):
    """A run that lacks a part, or has something else in its place, is listed without it; the other runs are as ever."""
    store = reopened()
    for _ in range(2):
        store.create(new_record(), lease=this_process(10).but(process_start=1.0))
    PARTS[name](root)
    store = reopened()
    rows = list(store.find(columns=["id", "state", "cause", "metrics.loss.last", "last_sign"]))
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[1]["state"] == "DIED"
    assert len(list(store.find())) == 2
    assert len(store.changes()[0]) == 2
    streams = {} if "form" in name and "points" in name else store.streams("1")
    whole = {key: store.read("1", key) for key in streams}
    if "note" in name:
        assert whole == {StreamKey(OUTPUT): b"one\ntwo\n"}
