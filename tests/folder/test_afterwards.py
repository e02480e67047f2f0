"""Changes, sweeping, and looking without touching."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from expkit.errors import FormatError, RunNotFoundError, StoreError
from expkit.record.events import Beat, Completed, FileAdded
from expkit.record.model import OUTPUT, Annotation, FileRef, StreamKey
from expkit.stores.disk import changes, unused
from expkit.stores.disk.blobs import Blobs
from expkit.stores.folder.store import FolderStore

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)

APPEND = """
import sys
from expkit.stores.disk.changes import ChangeLog
log = ChangeLog(sys.argv[1])
for number in range(200):
    log.add(f"{sys.argv[2]}-{number}", "saved")
"""


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add(log, data, path, role="artifact"):
    ref = log.keep(data, FileRef(path=path, role=role, root="run"))
    log.write(FileAdded(time=NOON, file=ref))
    return ref


# -- changes ---------------------------------------------------------------------------------------------


def test_many_writers_of_one_log(tmp_path, start):
    """Processes of one machine share a log, and no entry of any is lost, torn or mixed up."""
    processes = [start(APPEND, tmp_path / "log", name) for name in range(6)]
    for process in processes:
        process.wait()
    found, _ = changes.ChangeLog(str(tmp_path / "log")).since("")
    assert sorted(change.uid for change in found) == sorted(f"{n}-{m}" for n in range(6) for m in range(200))
    assert len(list((tmp_path / "log").iterdir())) == 1


def test_other_machines_have_logs_of_their_own(store, new_record, monkeypatch):
    """A second machine writes into a second log; readers of either get both, in order of time."""
    store.create(new_record())
    _, cursor = store.changes()
    changes._writer.cache_clear()
    monkeypatch.setattr(changes, "_BOOT", "/nowhere")
    try:
        store.create(new_record())
    finally:
        changes._writer.cache_clear()
    assert len(list((store.root / ".expkit" / "changes").iterdir())) == 2
    assert [change.uid for change in store.changes()[0]] == [key.uid for key in store.ids()]
    assert len(store.changes(cursor)[0]) == 1


def test_torn_and_foreign_lines(store, new_record):
    """A line cut off by death is left out, and the next one is whole; what is no entry is no change."""
    store.create(new_record())
    (path,) = (store.root / ".expkit" / "changes").iterdir()
    path.write_bytes(path.read_bytes() + b'{"x": 1}\n["a", "b"]\n["not a time", "saved", "x"]\n["2026-03-01T12')
    assert len(store.changes()[0]) == 1
    store.create(new_record())
    assert len(store.changes()[0]) == 2


@pytest.mark.parametrize("cursor", ["[]", "7", '{"a": []}', "null"])
def test_foreign_cursors(store, cursor):
    """What is no cursor of this store is an error, whatever JSON it is."""
    with pytest.raises(StoreError, match="cursor"):
        store.changes(cursor)


def test_a_run_in_progress_tells_of_changes(store, log):
    """Beats alone are no changes; what they report is."""
    _, cursor = store.changes()
    for number in range(3):
        log.write(Beat(time=NOON.replace(second=number)))
        log.flush()
    assert store.changes(cursor)[0] == []
    log.write(Beat(time=NOON, info={"a": 1}))
    log.flush()
    log.write(Completed(time=NOON))
    log.close()
    assert [change.what for change in store.changes(cursor)[0]] == ["saved", "saved"]


# -- sweeping --------------------------------------------------------------------------------------------


def test_what_a_deleted_run_leaves(store, root, new_record):
    """Blobs, views, annotations and the folder of a deleted run go; what others use stays."""
    for _ in range(2):
        store.create(new_record())
    one, two = store.open_log("1"), store.open_log("2")
    for log in (one, two):
        add(log, b"both", "both.py", "source")
    gone = [add(one, b"mine", "a/mine.txt"), add(one, b"code", "mine.py", "source")]
    one.close()
    two.close()
    store.annotate("1", Annotation(action="note", value="x", author="ada", time=NOON))
    store.put_blob(b"nobody's")
    (root / "_sources" / "README").write_text("not ours")
    kept = files_below(root / "2")
    store.delete("1")
    assert store.has_blob(gone[0].sha256)
    assert store.sweep(grace=3600) == 0
    assert store.sweep(grace=-10) >= 8
    assert files_below(root / "2") == kept
    assert sorted(path.name for path in (root / "_sources").iterdir())[0] == "README"
    assert len(list((root / "_sources").iterdir())) == 2
    assert [store.has_blob(ref.sha256) for ref in gone] == [False, False]
    assert [path for path in (root / ".expkit" / "trash").iterdir()] == []
    assert [path for path in (root / ".expkit" / "annotations").iterdir()] == []
    assert store.sweep(grace=-10) == 0


def test_events_count_as_names(store, log):
    """Bytes that only the log of a run in progress names are not swept."""
    ref = add(log, b"new", "a.txt")
    assert FolderStore(store.root).sweep(grace=-10) == 0
    assert store.has_blob(ref.sha256)


def test_used_again_is_young_again(store):
    """Bytes that somebody is about to name again are spared by the grace period."""
    blob = store.put_blob(b"x")
    path = store.blob_path(blob.sha256)
    os.utime(path, (1, 1))
    assert store.has_blob(blob.sha256)
    assert store.sweep(grace=3600) == 0
    os.utime(path, (1, 1))
    assert store.sweep(grace=3600) == 1


def test_unreadable_runs_stop_the_sweep(store, root, new_record):
    """Nobody knows what an unreadable record names, so nothing goes."""
    store.create(new_record())
    store.put_blob(b"x")
    (root / "1" / "run.json").write_text('{"format": 99}')
    with pytest.raises(FormatError, match="run.json"):
        store.sweep(grace=-10)
    assert len(list((root / ".expkit" / "blobs").rglob("*"))) == 2


def test_shared_folders_are_not_swept(tmp_path, new_record):
    """A folder of sources outside the store may serve other stores, so nothing in it is removed."""
    store = FolderStore(tmp_path / "runs", source_dir=tmp_path / "code")
    store.create(new_record())
    log = store.open_log("1")
    add(log, b"x", "a.py", "source")
    log.close()
    store.delete("1")
    store.sweep(grace=-10)
    assert len(list((tmp_path / "code").iterdir())) == 1


def test_two_sweeps_at_once(store, monkeypatch):
    """What another sweep has removed meanwhile is no error and does not count."""
    store.put_blob(b"x")
    monkeypatch.setattr(Blobs, "all", lambda _: ["/nowhere/ab/cd"])
    assert store.sweep(grace=-10) == 0
    monkeypatch.setattr(unused, "_older", lambda paths, _: paths)
    assert store.sweep(grace=-10) == 0


def test_links_in_deleted_runs(store, root, tmp_path, new_record):
    """Links that a run's folder has are removed as links; what they lead to stays."""
    store.create(new_record())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("x")
    (root / "1" / "files").mkdir()
    (root / "1" / "files" / "data").symlink_to(tmp_path / "data")
    store.delete("1")
    store.sweep(grace=-10)
    assert list((root / ".expkit" / "trash").iterdir()) == []
    assert (tmp_path / "data" / "x").read_text() == "x"


def test_deleted_runs_may_come_back(store, new_record):
    """A deleted run that is delivered again gets a new id."""
    record = new_record()
    store.create(record)
    store.delete(record.uid)
    with pytest.raises(RunNotFoundError):
        store.load(record.uid)
    assert store.create(record) == "2"


# -- looking ---------------------------------------------------------------------------------------------


def look(store):
    """Everything that can be asked."""
    answers = [store.ids(), store.changes(), list(store.find()), store.url, store.capabilities]
    for key in store.ids():
        answers += [store.load(key.uid), store.streams(key.id), store.lease(key.id), store.annotations(key.id)]
        answers += [store.read(key.id, stream) for stream in store.streams(key.id)]
        answers += [store.has_blob(ref.sha256) for ref in store.load(key.id).files]
    return answers


def test_looking_creates_nothing(root):
    """A folder that is not there stays so: opening and asking make nothing."""
    store = FolderStore(root)
    assert store.ids() == []
    assert look(store)[:3] == [[], ([], "{}"), []]
    store.now()
    store.sweep()
    store.close()
    assert not root.exists()


WATCH = """
import os, sys
from expkit.stores.folder.store import FolderStore
from expkit.record.model import StreamKey

def look(store):
    run, = store.ids()
    record = store.load(run.uid)
    assert store.has_blob(record.files[0].sha256) and store.now()
    assert len(list(store.find())) == len(store.changes()[0]) == len(store.read(run.id, StreamKey())) == 1

look(FolderStore(sys.argv[1]))  # loads what is loaded late, while everything can be read
if os.getuid() == 0:
    os.setgroups([])
    os.setuid(65534)
assert not os.access(sys.argv[1], os.W_OK)
look(FolderStore(sys.argv[1]))
print("ok")
"""


def test_read_only_folders(start, new_record):
    """A store may be read by somebody who can write nothing there, a run in progress included."""
    folder = Path(tempfile.mkdtemp())
    try:
        store = FolderStore(folder / "runs")
        store.create(new_record())
        log = store.open_log("1")
        log.points.add("loss", 1.0)
        add(log, b"x", "a.txt")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = files_below(folder)
        assert start(WATCH, folder / "runs").communicate()[0] == "ok\n"
        assert files_below(folder) == before
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_looking_changes_nothing(store, log, root):
    """Asking everything of a store leaves every file as it was, byte for byte."""
    log.points.add("loss", 1.0)
    log.output.write_bytes(b"x")
    add(log, b"x", "a.txt")
    before = files_below(root)
    assert len(look(FolderStore(root))) == 12
    assert files_below(root) == before


def test_streams_of_many_runs(store, new_record):
    """Reading on in more runs than are remembered gives every item once."""
    uids = [new_record().uid for _ in range(70)]
    for uid in uids:
        store.create(new_record(uid=uid))
        store.append(uid, StreamKey(OUTPUT), 0, b"text")
        log = store.open_log(uid)
        log.points.add("loss", 1.0)
        log.close()
    assert [len(store.read(uid, StreamKey())) for uid in uids] == [1] * 70
    assert [store.read(uid, StreamKey(), 1) for uid in uids] == [[]] * 70
    assert [store.read(uid, StreamKey(OUTPUT), 2, 1) for uid in uids] == [b"x"] * 70


def test_newer_formats_are_named(store, root, new_record):
    """A record of a format that only later versions read is an error that says so, and which file it is."""
    store.create(new_record())
    path = root / "1" / "run.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(FormatError, match=r"1/run.json: .*newer version"):
        store.load("1")


def test_leases_by_other_objects(store, log, root):
    """A lease that was removed or replaced meanwhile is written anew."""
    from expkit.record.model import Lease

    lease = Lease(host="h", boot="b", pid_namespace="n", pid=1, process_start=1.0, interval=10)
    store.renew("1", lease)
    (root / "1" / "lease.json").unlink()
    store.renew("1", lease)
    assert store.lease("1").host == "h"
    store.renew("1", lease.but(pid=2))
    assert FolderStore(root).lease("1").pid == 2
