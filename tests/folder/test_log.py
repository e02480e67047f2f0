"""The local log: what one process writes about a run, and what readers see of it meanwhile."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import threading
import time
from datetime import datetime, timezone

import pytest

from expkit.errors import StoreNameError
from expkit.record.codec import decode
from expkit.record.events import Beat, Completed, Failed, FileAdded, Interrupted, Learned, Queued, Started
from expkit.record.model import OUTPUT, POINTS, FileRef, StreamKey
from expkit.stores.folder.store import FolderStore

ARTIFACT = {"role": "artifact", "root": "run"}


def now():
    return datetime.now(timezone.utc)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def run_of(log):
    return json.loads((log.folder / "run.json").read_text())


def test_readers_fold_what_the_process_wrote(store, log):
    """After every event a reader gets the very record that the writing process has, flushed or not."""
    record = log.record
    events = [
        Started(time=now(), record=record),
        Learned(time=now(), host={"cpu": "x"}, gaps=("no git",)),
        FileAdded(time=now(), file=FileRef(path="a", sha256="ab" * 32, **ARTIFACT)),
        Beat(time=now(), info={"epoch": 1, 2: (3,)}, result=float("nan")),
        Interrupted(time=now(), status="TIMEOUT", cause="too slow"),
        Failed(time=now(), fail_trace=("boom",), cause="boom"),
        Completed(time=now(), result={"acc": 0.5}),
    ]
    for number, event in enumerate(events):
        assert log.write(event) == log.record == store.load(record.uid) == FolderStore(store.root).load(record.uid)
        if number % 2:
            log.flush()
            assert store.load(record.uid) == log.record
    log.close()
    assert FolderStore(store.root).load(record.uid) == log.record
    assert (log.record.id, log.record.status) == ("1", "COMPLETED")


def test_queued_run_starts_later(store, new_record):
    """A run that was queued by one process is started by another one under its id."""
    record = new_record(status="QUEUED", start_time=None)
    store.create(record)
    log = store.open_log(record.uid)
    log.write(Queued(time=now(), record=record))
    log.close()
    other = FolderStore(store.root)
    assert other.set_status(record.uid, "QUEUED", "RUNNING")
    log = other.open_log(record.uid)
    log.write(Started(time=now(), record=record))
    log.write(Beat(time=now(), info={"a": 1}))
    log.write(Completed(time=now(), result=1))
    log.close()
    found = store.load("1")
    assert (found.status, found.info, found.result, found.queue_time is None) == ("COMPLETED", {"a": 1}, 1, False)


def test_a_finished_run_has_few_files(store, log):
    """One segment of one rank leaves at most ten files, a further segment or rank at most two more."""

    def fill(log):
        log.output.write_bytes(b"hello\n")
        log.points.add("loss", 0.5)
        log.write(Beat(time=now(), info={"a": 1}))
        log.write(Completed(time=now(), result=1))
        log.close()

    def count():
        return sum(path.is_file() for path in log.folder.rglob("*"))

    store.set_status("1", "RUNNING", "QUEUED")
    fill(log)
    first = count()
    assert first <= 10
    fill(store.open_log("1", segment=1))
    second = count()
    assert second <= first + 2
    rank = store.open_log("1", segment=1, rank=3)
    rank.output.write_bytes(b"x")
    rank.points.add("loss", 1)
    rank.close()
    assert count() <= second + 2
    assert store.streams("1") == {
        StreamKey(OUTPUT, 0, 0): 6,
        StreamKey(OUTPUT, 1, 0): 6,
        StreamKey(OUTPUT, 1, 3): 1,
        StreamKey(POINTS, 0, 0): 1,
        StreamKey(POINTS, 1, 0): 1,
        StreamKey(POINTS, 1, 3): 1,
    }


def test_resuming_leaves_finished_segments_alone(store, log):
    """A resumed run adds files and replaces the record and what is derived from it, nothing else; the log says so."""
    log.output.write_bytes(b"first\n")
    log.points.add("loss", 0.5)
    log.write(Beat(time=now(), info={"a": 1}))  # and then the process dies
    log.flush()
    log.write(Learned(time=now(), gaps=("late",)))
    before = bytes_of(log.folder)
    other = FolderStore(store.root)
    resumed = other.open_log("1", segment=1)
    assert resumed.record.gaps == ("late",)
    resumed.write(Started(time=now(), record=resumed.record))
    resumed.points.add("loss", 0.25)
    resumed.write(Completed(time=now()))
    resumed.close()
    after = bytes_of(log.folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"run.json", "info.json", "metrics.json"}
    assert (store.load("1").segment, store.load("1").gaps) == (1, ("late",))
    assert "resumed" in [change.what for change in store.changes()[0]]
    assert json.loads((log.folder / "metrics.json").read_text())["loss"]["values"] == [0.5, 0.25]


def test_other_ranks_add_files_and_facts(store, new_record):
    """What other ranks tell of files and facts is part of the record; their beginning and end are not."""
    record = new_record(ranks=2)
    store.create(record)
    log, other = store.open_log(record.uid), FolderStore(store.root).open_log(record.uid, rank=1)
    ref = other.keep(b"weights", FileRef(path="shard-1", **ARTIFACT))
    other.write(FileAdded(time=now(), file=ref))
    other.write(Failed(time=now(), fail_trace=("boom",)))
    other.close()
    log.write(Completed(time=now(), result=1))
    log.close()
    found = store.load("1")
    assert (found.status, [file.path for file in found.files]) == ("COMPLETED", ["shard-1"])


def test_torn_lines_are_no_obstacle(store, log):
    """An event whose line was cut off by death is gone, those before it and after it are not."""
    log.write(Beat(time=now(), info={"a": 1}))
    path = log.folder / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'[2,{"event":"Beat","inf')
    assert store.load("1").info == {"a": 1}
    again = FolderStore(store.root).open_log("1")
    again.write(Beat(time=now(), info={"a": 2}))
    assert store.load("1").info == {"a": 2}


def test_full_disk_in_the_middle_of_a_line(store, log, monkeypatch):
    """A line that could be written only in part does not spoil the next one."""
    log.write(Beat(time=now(), info={"a": 1}))
    real = os.write

    def full(fd, data):
        monkeypatch.setattr(os, "write", broken)
        return real(fd, bytes(data[:10]))

    def broken(fd, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.write(Beat(time=now(), info={"a": 2}))
    monkeypatch.setattr(os, "write", real)
    assert store.load("1").info == {"a": 1}
    log.write(Learned(time=now(), gaps=("disk was full",)))
    assert store.load("1").gaps == ("disk was full",)
    log.flush()
    assert store.load("1").info == {"a": 2}


def test_long_logs_are_begun_anew(store, log):
    """Events that the record holds by now do not pile up; readers miss nothing meanwhile."""
    big = {"text": "x" * 300_000}
    for number in range(12):
        log.write(Beat(time=now(), info={**big, "number": number}))
        assert store.load("1").info["number"] == number
        log.flush()
        assert store.load("1").info["number"] == number
    assert os.path.getsize(log.folder / "run.json") < 400_000
    assert sum(path.stat().st_size for path in log.folder.glob("events*")) < 1_500_000


def test_readers_never_go_back(store, log):
    """Someone who reads again and again while a run is written sees whole records, and never an older one."""
    stop = threading.Event()
    seen, errors = [], []

    def read():
        reader = FolderStore(store.root)
        while not stop.is_set():
            try:
                seen.append(reader.load("1").info.get("n", 0))
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(400):
        log.write(Beat(time=now(), info={"n": number, "pad": "x" * 20_000}))
        if number % 3 == 0:
            log.flush()
    log.close()
    stop.set()
    thread.join()
    assert not errors
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_events_of_many_threads(store, log):
    """Threads that add files while another one flushes lose none."""

    def add(thread):
        for number in range(20):
            ref = FileRef(path=f"{thread}-{number}", sha256="ab" * 32, kept=False, **ARTIFACT)
            log.write(FileAdded(time=now(), file=ref))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        log.flush()
    for thread in threads:
        thread.join()
    assert len(store.load("1").files) == 160
    log.close()
    assert len(FolderStore(store.root).load("1").files) == 160


def test_signal_handlers_may_log(store, log):
    """A signal handler that writes events and flushes in the middle of either neither hangs nor loses one."""
    numbers, handled = itertools.count(1), []

    def handle(*_):
        number = next(numbers)  # in one step, for a handler may be interrupted by the next signal
        handled.append(number)
        log.write(Learned(time=now(), gaps=(f"signal {number}",)))
        log.flush()

    old = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.004, 0.004)
    try:
        written, end = 0, time.monotonic() + 1.0
        while time.monotonic() < end and len(handled) < 200:
            written += 1
            log.write(Learned(time=now(), gaps=(f"main {written}",)))
            if written % 5 == 0:
                log.flush()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    log.flush()  # the last ones may wait for it
    assert len(store.load("1").gaps) == written + len(handled)
    log.close()
    assert len(FolderStore(store.root).load("1").gaps) == written + len(handled)
    assert handled


KILLED = """
import sys
from datetime import datetime, timezone
from expkit.record.events import Beat, Completed, FileAdded
from expkit.record.model import FileRef, RunRecord
from expkit.record.uid import new_uid
from expkit.stores.folder.store import FolderStore

def now():
    return datetime.now(timezone.utc)

store = FolderStore(sys.argv[1])
while True:
    record = RunRecord(uid=new_uid(), name="x", command="main", status="RUNNING", start_time=now())
    print("new", store.create(record), flush=True)
    log = store.open_log(record.uid)
    for number in range(30):
        log.points.add("loss", number)
        with open(log.output, "ab") as file:
            file.write(b"line\\n")
        ref = log.keep(b"%d" % number, FileRef(path=f"sub/{number}", role="artifact", root="run"))
        log.write(FileAdded(time=now(), file=ref))
        log.write(Beat(time=now(), info={"n": number}))
        print("done", record.uid, number, flush=True)
        if number % 4 == 0:
            log.flush()
    log.write(Completed(time=now(), result=number))
    log.close()
    print("end", record.uid, flush=True)
"""


def test_killed_at_any_moment(store, root, start):
    """After kill -9 every run loads, and nothing is missing that was acknowledged."""
    dice = random.Random(0)
    done, ended, created = {}, set(), set()
    for _ in range(12):
        process = start(KILLED, root)
        time.sleep(0.3 + dice.random() * 0.3)
        process.kill()
        for line in process.communicate()[0].splitlines():
            match line.split():
                case ["new", name]:
                    created.add(name)
                case ["done", uid, number]:
                    done[uid] = int(number)
                case ["end", uid]:
                    ended.add(uid)
    assert created <= {key.id for key in store.ids()}
    for key in store.ids():
        record = store.load(key.id)
        number = done.get(key.uid, -1)
        assert record.info.get("n", -1) >= number
        assert {f"sub/{n}" for n in range(number + 1)} <= {ref.path for ref in record.files}
        assert all(store.blob_path(ref.sha256).read_bytes() == ref.path[4:].encode() for ref in record.files)
        ends = store.streams(key.id)
        assert ends.get(StreamKey(POINTS), 0) > number
        assert ends.get(StreamKey(OUTPUT), 0) >= 5 * (number + 1)
        assert [point.value for point in store.read(key.id, StreamKey(POINTS))] == list(
            range(ends.get(StreamKey(POINTS), 0))
        )
        assert record.status == ("COMPLETED" if key.uid in ended else record.status)
    assert len(done) >= 6
    names = [path.name for path in root.iterdir() if path.name[0] not in "._"]
    assert len(names) - len(store.ids()) <= 12


def test_artifacts_lie_in_the_run(store, log):
    """Artifacts are shown under their names, in sub-folders too, and the last one of a name wins."""
    for data in (b"old", b"new"):
        ref = log.keep(data, FileRef(path="plots/loss.txt", **ARTIFACT))
        log.write(FileAdded(time=now(), file=ref))
    assert (log.folder / "plots" / "loss.txt").read_bytes() == b"new"
    assert store.blob_path(ref.sha256).read_bytes() == b"new"
    assert run_of(log)["artifacts"] == []
    log.flush()
    assert run_of(log)["artifacts"][-1] == "plots/loss.txt"


def test_names_that_collide(store, log):
    """An artifact that would be a file and a folder at once is refused, with its name."""
    log.keep(b"x", FileRef(path="a", **ARTIFACT))
    log.keep(b"x", FileRef(path="b/c", **ARTIFACT))
    for name in ("a/b", "b"):
        with pytest.raises(StoreNameError, match=name):
            log.keep(b"y", FileRef(path=name, **ARTIFACT))


def test_known_bytes_are_not_read_again(store, log, tmp_path):
    """A file whose hashes are known and whose bytes are here is not opened."""
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    ref = log.keep(source, FileRef(path="pkg/a.py", role="source"))
    source.unlink()
    assert log.keep(source, ref) == ref
    assert (store.root / "_sources" / f"a_{ref.md5}.py").read_text() == "x = 1\n"


def test_files_of_the_user_stay_as_they_are(store, log):
    """What the user wrote into the run's own folder is kept, and may still be changed afterwards."""
    path = log.files / "checkpoint.bin"
    path.write_bytes(b"one")
    ref = log.keep(path, FileRef(path="files/checkpoint.bin", **ARTIFACT))
    path.write_bytes(b"two")
    assert path.read_bytes() == b"two"
    assert store.blob_path(ref.sha256).read_bytes() == b"one"


def test_large_arrays_lie_beside_the_record(store, log):
    """A large array among the values is kept as bytes of its own, whichever event brings it."""
    import numpy

    log.write(Beat(time=now(), info={"weights": numpy.arange(5000.0)}))
    log.write(Completed(time=now(), result=numpy.ones(3000)))
    log.close()
    found = store.load("1")
    assert len(run_of(log)["info"]["weights"]) < 10
    assert store.sweep(grace=-10) == 0

    def get(digest):
        return store.blob_path(digest).read_bytes()

    assert decode(found.info["weights"], get).sum() == numpy.arange(5000.0).sum()
    assert decode(found.result, get).shape == (3000,)


def test_saving_beside_a_live_log(store, log):
    """Files that somebody else adds to the record of a run in progress stay in it."""
    log.write(Beat(time=now(), info={"a": 1}))
    extra = FileRef(path="extra", sha256="ab" * 32, kept=False, **ARTIFACT)
    store.save(log.record.but(files=(extra,), info={"lost": True}))
    store.save(log.record)
    log.write(Completed(time=now(), result=1))
    log.close()
    found = store.load("1")
    assert (found.files, found.info, found.status) == ((extra,), {"a": 1}, "COMPLETED")


def test_the_record_is_what_sacred_readers_expect(store, log, tmp_path):
    """run.json, config.json and info.json have the predecessor's shape."""
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    for ref in (
        log.keep(source, FileRef(path="a.py", role="source")),
        log.keep(b"1,2\n", FileRef(path="data.csv", role="resource", root="elsewhere")),
        log.keep(b"png", FileRef(path="a.png", **ARTIFACT)),
    ):
        log.write(FileAdded(time=now(), file=ref))
    log.write(Beat(time=now(), info={"epoch": 1}))
    log.write(Failed(time=now(), fail_trace=("Traceback\n", "boom\n")))
    log.close()
    run = run_of(log)
    ((name, stored),) = run["experiment"]["sources"]
    ((data, resource),) = run["resources"]
    assert (name, data, run["artifacts"], run["status"]) == ("a.py", "data.csv", ["a.png"], "FAILED")
    assert (store.root / stored).read_text() == "x = 1\n"
    assert (store.root / resource).read_bytes() == b"1,2\n"
    assert stored.startswith("_sources/a_")
    assert resource.startswith("_resources/data_")
    assert run["fail_trace"] == ["Traceback\n", "boom\n"]
    assert json.loads((log.folder / "config.json").read_text()) == {"lr": 0.1}
    assert json.loads((log.folder / "info.json").read_text()) == {"epoch": 1}
