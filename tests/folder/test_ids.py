"""Ids: claimed by many processes at once, each by one."""

from __future__ import annotations

import os

import pytest

from expkit.errors import RunNotFoundError
from expkit.record.model import StreamKey
from expkit.stores.disk import files
from expkit.stores.folder.store import FolderStore

CLAIM = """
import sys, time
from expkit.record.model import RunRecord
from expkit.record.uid import new_uid
from expkit.stores.folder.store import FolderStore
store = FolderStore(sys.argv[1])
record = RunRecord(uid=sys.argv[3] if sys.argv[3:] else new_uid(), name="x", command="main", status="RUNNING")
while time.time() < float(sys.argv[2]):
    time.sleep(0.001)
print(store.create(record), record.uid)
"""

QUEUE = """
import sys, time
from expkit.stores.folder.store import FolderStore
store = FolderStore(sys.argv[1])
while time.time() < float(sys.argv[2]):
    time.sleep(0.001)
print(store.set_status("1", "QUEUED", "RUNNING"))
"""


def at_once(start, code, count, *arguments, seconds=2.5):
    import time

    moment = time.time() + seconds
    processes = [start(code, arguments[0], moment, *arguments[1:]) for _ in range(count)]
    return [process.communicate()[0].split() for process in processes]


def test_many_processes_at_once(store, root, start):
    """64 processes that start at once get 64 ids, from 1 on, and leave 64 whole records."""
    answers = at_once(start, CLAIM, 64, root, seconds=6)
    assert sorted(int(name) for name, _ in answers) == list(range(1, 65))
    assert {key.uid: key.id for key in store.ids()} == {uid: name for name, uid in answers}
    assert all(store.load(uid).id == name for name, uid in answers)
    assert len(store.changes()[0]) == 64


def test_one_run_created_by_many(store, root, start, new_record):
    """Processes that deliver the same run at once create it once."""
    uid = new_record().uid
    answers = at_once(start, CLAIM, 8, root, uid)
    assert len({name for name, _ in answers}) == len(store.ids()) == 1


def test_one_starter_of_a_queued_run(store, root, start, new_record):
    """Of the processes that start a queued run at once exactly one may."""
    store.create(new_record(status="QUEUED"))
    assert sorted(at_once(start, QUEUE, 8, root)) == [["False"]] * 7 + [["True"]]
    assert store.load("1").status == "RUNNING"


def test_ids_go_on(store, root, new_record):
    """The next id is one more than the greatest number there is, whoever made it, and never one of a deleted run."""
    assert store.create(new_record(), id="41") == "41"
    assert FolderStore(root).create(new_record(), id="7") == "7"
    assert store.create(new_record(), id="zoo") == "zoo"
    (root / "42").mkdir()
    assert store.create(new_record()) == "43"
    store.delete("43")
    assert FolderStore(root).create(new_record()) == "44"


def test_far_ahead(store, root, new_record):
    """Where another program made hundreds of runs meanwhile, the next free id is found without trying them all."""
    store.create(new_record())
    for number in range(2, 400):
        (root / str(number)).mkdir()
    tried = []
    real = os.mkdir

    def count(*arguments):
        tried.append(arguments)
        return real(*arguments)

    os.mkdir = count
    try:
        assert store.create(new_record()) == "400"
    finally:
        os.mkdir = real
    assert len(tried) < 100


def test_huge_ids(store, new_record):
    """A huge number as id is somebody's own: counting goes on as before."""
    assert store.create(new_record(), id="9" * 30) == "9" * 30
    assert store.create(new_record()) == "1"


@pytest.mark.parametrize("hint", [b"", b"nonsense", b"-3", b"00000000000000000001\n"])
def test_bad_hints(store, root, new_record, hint):
    """What is noted of the last id is a hint only."""
    for _ in range(3):
        store.create(new_record())
    (root / ".expkit" / "last-id").write_bytes(hint)
    assert FolderStore(root).create(new_record()) == "4"


def test_half_made_runs(store, root, new_record):
    """Folders without a record are no runs; a run whose maker died is made when it is created again."""
    record = new_record()
    store.create(record)
    (root / "1" / "run.json").unlink()
    (root / "2").mkdir()
    (root / "3").mkdir()
    (root / "3" / "run.json").write_text("[]")
    other = FolderStore(root)
    assert other.ids() == []
    with pytest.raises(RunNotFoundError):
        other.load(record.uid)
    assert other.create(record) == "1"
    assert [key.id for key in other.ids()] == ["1"]


def test_folders_removed_by_hand(store, root, new_record):
    """A run whose folder somebody removed may be created again, also where another run has its id by now."""
    first, second = new_record(), new_record()
    assert store.create(first) == "1"
    (root / "1").rename(root.with_name("gone"))
    with pytest.raises(RunNotFoundError):
        store.load(first.uid)
    assert FolderStore(root).create(second, id="1", bind=True) == "1"
    assert FolderStore(root).create(first) == "2"
    assert {key.uid: key.id for key in store.ids()} == {second.uid: "1", first.uid: "2"}


def test_folders_moved_in_by_hand(store, root, tmp_path, new_record):
    """A run's folder that was moved into a store is found by its uid, and streams come with it."""
    record = new_record()
    store.create(record)
    log = store.open_log(record.uid)
    log.points.add("loss", 1.5)
    log.close()
    other = FolderStore(tmp_path / "others")
    other.create(new_record())
    (root / "1").rename(tmp_path / "others" / "from-ada")
    assert other.load(record.uid).id == "from-ada"
    assert [point.value for point in other.read(record.uid, StreamKey())] == [1.5]


def test_who_died_while_noting(store, root, new_record):
    """A note of a uid that its maker could not finish does not keep the run out."""
    record = new_record()
    store.create(new_record())
    (root / ".expkit" / "uids" / record.uid).touch()
    assert store.create(record) == "2"
    assert FolderStore(root).load(record.uid).id == "2"


def test_who_died_while_claiming_a_status(store, root, new_record):
    """A change of status that its maker could not finish changes nothing, and hinders nobody."""
    store.create(new_record(status="QUEUED"))
    (root / "1" / "status-1.json").touch()
    assert store.load("1").status == "QUEUED"
    assert store.set_status("1", "QUEUED", "RUNNING")
    assert store.load("1").status == "RUNNING"


def test_somebody_was_quicker(store, root, new_record, monkeypatch):
    """Who finds the next change of status taken looks again before it answers."""
    store.create(new_record(status="QUEUED"))
    real = files.write_new

    def slow(path, data):
        monkeypatch.setattr(files, "write_new", real)
        assert FolderStore(root).set_status("1", "QUEUED", "RUNNING")
        real(path, data)

    monkeypatch.setattr(files, "write_new", slow)
    assert not store.set_status("1", "QUEUED", "RUNNING")
