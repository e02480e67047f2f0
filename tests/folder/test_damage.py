"""What happens to one run's files is that run's misfortune, not the store's."""

from __future__ import annotations

import json

import pytest

from expkit.errors import FormatError
from expkit.record.model import FileRef, Lease

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
def test_broken_leases_are_none(store, root, broken, data):
    """A lease that cannot be read says nothing about life and death."""
    (root / "1" / "lease.json").write_bytes(data)
    assert store.lease("1") is None
    assert [row["state"] for row in store.find()] == ["RUNNING", "RUNNING"]


@pytest.mark.parametrize("field", [*FIELDS, "endless"])
def test_leases_of_wrong_types_are_none(store, root, broken, field):
    """A lease whose fields are not what they must be is no lease."""
    store.renew("1", LEASE)
    path = root / "1" / "lease.json"
    changes = {"interval": float("inf")} if field == "endless" else {field: FIELDS[field]}
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    assert store.lease("1") is None
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
