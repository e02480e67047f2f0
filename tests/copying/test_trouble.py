"""What is broken off goes on; what is damaged is named; nothing half-copied looks whole."""

import os
import signal
import subprocess
import sys

import pytest

from expkit.errors import StoreError
from expkit.record.model import COMPLETED, COPYING, OUTPUT, RUNNING, StreamKey
from expkit.stores import copy, open_store
from expkit.stores.copying.run import COPIED, FAILED, UNCHANGED, UPDATED
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import NOON, sample_lease, sample_points, sample_record

from .conftest import HOME, MODEL, file, fill, is_same, seen

KILLED = """
import os, sys
from expkit.stores import copy, open_store

WRITES = ("create", "save", "append", "put_blob", "annotate", "renew")


class Deadly:
    def __init__(self, store, lives):
        self._store, self._lives = store, lives

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if name not in WRITES:
            return found

        def call(*arguments, **named):
            self._lives -= 1
            if not self._lives:
                os.kill(os.getpid(), 9)
            return found(*arguments, **named)

        return call


report = copy(sys.argv[1], Deadly(open_store(sys.argv[2]), int(sys.argv[3])))
assert not report.problems
"""


@pytest.mark.parametrize(("target", "lives"), [("folder", 4), ("tinydb", 5), ("sqlite", 8)])
def test_killed_again_and_again(tmp_path, url, target, lives):
    """Copying that is killed after every few writes ends in the same store, and what it leaves never looks whole when it is not."""
    src = fill(FolderStore(tmp_path / "src"))
    to, killed, partial = url(target), 0, 0
    while True:
        command = [sys.executable, "-c", KILLED, str(src.root), to, str(lives)]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(HOME)}, capture_output=True, text=True)
        dst = open_store(to)
        states = {row["uid"]: row["state"] for row in dst.find(columns=["uid", "state"])}
        for uid, state in states.items():
            assert state == COPYING or seen(dst, uid) == seen(src, uid)
        dst.close()
        if done.returncode != -signal.SIGKILL:
            break
        killed, partial = killed + 1, partial + (COPYING in states.values())
    assert done.returncode == 0, done.stderr
    assert (killed > 1, partial > 0) == (True, True)
    is_same(src, open_store(to))


def damage(store, sha256, data):
    path = store.blob_path(sha256)
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [(MODEL[:-1] + b"?", "are not those that were recorded"), (b"", "are not those"), (None, "are gone")],
)
@pytest.mark.parametrize("target", ["memory", "folder", "mongodb"])
def test_damaged_files(tmp_path, url, target, data, said):
    """Bytes that are not what was recorded are not copied: the copy names them as a gap, until the source is whole again."""
    src, dst = fill(FolderStore(tmp_path / "src")), open_store(url(target))
    uid = src.ids()[0].uid
    (artifact,) = src.load(uid).files_of("artifact")
    if data is None:
        src.blob_path(artifact.sha256).unlink()
    else:
        damage(src, artifact.sha256, data)
    report = copy(src, dst)
    assert report.problems == (f"run {src.ids()[0].id}: {dst.load(uid).gaps[-1]}",)
    assert dst.load(uid).gaps[-1].startswith("artifact 'model.bin' was not copied: its bytes")
    assert said in dst.load(uid).gaps[-1]
    assert [ref.kept for ref in dst.load(uid).files] == [True, False, False]
    assert not dst.has_blob(artifact.sha256)
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED] * 4
    if data is not None:
        damage(src, artifact.sha256, MODEL)
    else:
        src.put_blob(MODEL)
    assert [run.what for run in copy(src, dst).runs] == [UPDATED] + [UNCHANGED] * 3
    is_same(src, dst)
    dst.close()


def test_bytes_of_values(tmp_path):
    """Arrays of values and of later facts whose bytes are gone are named, too."""
    src, dst = fill(MemoryStore()), MemoryStore()
    src._blobs.clear()
    uid = src.ids()[0].uid
    problems = copy(src, dst).problems
    assert len(problems) == 3
    assert "an array was not copied: its bytes (sha256" in dst.load(uid).gaps[-1]


def test_unreadable_runs(tmp_path, expkit):
    """A run whose record is damaged is named, and the others are copied; the exit code is 1."""
    src = fill(FolderStore(tmp_path / "src"))
    (src.root / "baseline" / "run.json").write_text("{")
    code, printed = expkit("copy", "src", "dst")
    assert code == 1
    assert printed.count("\n") == 2
    assert printed.startswith(f"run baseline: {src.root}/baseline/run.json: ")
    assert printed.endswith("folder:src to folder:dst: 3 copied, 1 failed\n")
    assert len(FolderStore(tmp_path / "dst").ids()) == 3


class Away(MemoryStore):
    """A store that goes away after some writes."""

    def __init__(self, writes):
        super().__init__()
        self.writes = writes

    def save(self, record):
        if not self.writes:
            raise StoreError("it does not answer")
        self.writes -= 1
        super().save(record)


def test_a_store_that_goes_away():
    """A store that is away is not asked for every run; when it answers again, copying goes on."""
    src, dst = MemoryStore(), Away(2)
    for _ in range(10):
        src.create(sample_record(files=(), status=COMPLETED, stop_time=NOON))
    report = copy(src, dst)
    assert (report.count(COPIED), report.count(FAILED)) == (2, 8)
    assert [problem.split(": ")[1] for problem in report.problems][:3] == ["it does not answer"] * 3
    assert "not tried" in report.problems[3]
    assert {row["state"] for row in dst.find(columns=["state"])} == {COPYING, COMPLETED}
    dst.writes = 100
    assert copy(src, dst).count(COPIED) == 8
    is_same(src, dst)


def test_sources_that_go_away():
    """Where a source cannot be reached in the middle of a file, that is no gap of the file: the run is copied later."""

    class Gone(MemoryStore):
        is_away = True

        def open_blob(self, sha256):
            return Broken() if self.is_away else super().open_blob(sha256)

        def has_blob(self, sha256):
            if self.is_away:
                raise StoreError("it does not answer")
            return super().has_blob(sha256)

    src, dst = Gone(), MemoryStore()
    src.create(sample_record(files=(file(src, "a", "artifact", b"a"),), status=COMPLETED, stop_time=NOON))
    report = copy(src, dst)
    assert report.problems == ("run 1: it does not answer",)
    assert dst.ids() == []
    src.is_away = False
    assert copy(src, dst).problems == ()
    is_same(src, dst)


class Broken:
    """A file whose connection breaks."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, size=-1):
        raise StoreError("it does not answer")


def test_a_copy_that_knows_more():
    """An older state of a run never replaces a newer one, wherever it comes from."""
    src, dst = MemoryStore(), MemoryStore()
    record = sample_record(files=())
    src.create(record)
    copy(src, dst)
    dst.append(record.uid, StreamKey(), 0, sample_points(3))
    dst.save(record.but(status=COMPLETED, stop_time=NOON, result=1))
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED]
    assert dst.load(record.uid).result == 1
    assert [run.what for run in copy(dst, src).runs] == [UPDATED]
    is_same(src, dst)


def test_a_run_that_was_resumed():
    """A copy that was whole is not shown as whole while more of the run is added."""
    src, dst = MemoryStore(), Away(100)
    record = sample_record(files=(), status=COMPLETED, stop_time=NOON)
    src.create(record)
    copy(src, dst)
    src.append(record.uid, StreamKey(OUTPUT, 1), 0, b"again")
    src.save(record.but(segment=1))
    dst.writes = 1
    assert copy(src, dst).count(FAILED) == 1
    assert dst.load(record.uid).status == COPYING
    dst.writes = 1
    assert copy(src, dst).problems == ()
    is_same(src, dst)


def test_streams_that_went_on_differently():
    """Where the source does not go on from what was copied, nothing is added to that, and the line says what to do."""
    src, dst = MemoryStore(), MemoryStore()
    record = sample_record(files=())
    for store, text in ((src, b"epoch 10\n"), (dst, b"epoch 1")):
        store.create(record)
        store.append(record.uid, StreamKey(OUTPUT), 0, text)
    dst.append(record.uid, StreamKey(OUTPUT), 7, b"1")
    (problem,) = copy(src, dst).problems
    assert "output went on differently" in problem
    assert "delete run 1 in memory:" in problem
    assert dst.read(record.uid, StreamKey(OUTPUT)) == b"epoch 11"


def test_why_a_run_died(tmp_path):
    """What the source can say about a run's death is kept in the copy, which could not find it out."""
    src, dst = FolderStore(tmp_path / "src"), MemoryStore()
    record = sample_record(files=())
    src.create(record)
    src.renew(record.uid, sample_lease(1.0).but(renewed=NOON))
    (there,) = src.find(columns=["state", "cause"])
    assert there["state"] == "DIED"
    copy(src, dst)
    assert list(dst.find(columns=["state", "cause"])) == [there]
    assert dst.load(record.uid).status == RUNNING
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED]


def test_one_store(tmp_path):
    """A store is not copied into itself."""
    store = fill(FolderStore(tmp_path / "runs"))
    os.symlink(tmp_path / "runs", tmp_path / "link")
    for other in (store, FolderStore(tmp_path / "runs"), FolderStore(tmp_path / "link")):
        with pytest.raises(StoreError, match="into itself"):
            copy(store, other)
