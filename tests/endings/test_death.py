"""Why a run died: what readers find out from the kernel, the control group, exit codes and the memory before."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest

from expkit import start_run
from expkit.record.model import Point, StreamKey
from expkit.record.query import MISSING
from expkit.record.wire import record_to_json
from expkit.run.life import crash
from expkit.stores import death, holder, kernel
from expkit.stores.last_words import parse
from expkit.stores.finding import duration_of, find
from expkit.stores.folder.store import FolderStore
from expkit.stores.last_words import header
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import NOON, sample_lease, sample_record

NOTES = [
    "6,2001,5000000,-;usb 1-1: new device",
    "4,2002,6000000,-;python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n SUBSYSTEM=x",
    "3,2003,6100000,-;Memory cgroup out of memory: Killed process 4711 (python) total-vm:9000kB, anon-rss:2048000kB, "
    "file-rss:4kB, shmem-rss:0kB, UID:0 pgtables:5kB oom_score_adj:0",
    "3,2004,9000000,-;Out of memory: Killed process 4712 (python) total-vm:1kB, anon-rss:1kB",
]


@pytest.fixture
def kernel_log(monkeypatch):
    """A kernel's log to read: like the real one, a read gives one record, and the last one an error."""
    records = []

    def read(fd, size):
        record = records.pop(0) if records else BlockingIOError()
        if isinstance(record, OSError):
            raise record
        return record.encode()

    monkeypatch.setattr(kernel.os, "open", lambda path, flags: -1)
    monkeypatch.setattr(kernel.os, "close", lambda fd: None)
    monkeypatch.setattr(kernel.os, "read", read)
    return records


@pytest.mark.parametrize(
    ("pid", "since", "found"), [(4711, 3.0, True), (4712, 3.0, True), (4711, 7.0, False), (47, 0.0, False)]
)
def test_the_kernels_note(kernel_log, pid, since, found):
    """The note names the process by id; notes from before its start are about another one of that id."""
    kernel_log[:] = [BrokenPipeError(), *NOTES]
    assert (kernel.oom_note(pid, since) is not None) is found


def test_memory_that_a_killed_process_had(kernel_log):
    """The note says how much memory the process had."""
    kernel_log[:] = NOTES
    assert kernel.resident(kernel.oom_note(4711, 0)) == 2048000 * 1024
    assert kernel.resident("Killed process 1") is None


def test_no_kernel_log(monkeypatch):
    """Where the log may not be read, or is none, there are no notes."""
    assert kernel._log("/nowhere/kmsg") == []
    assert kernel._log(os.devnull) == []
    assert kernel._log(__file__) == []


@pytest.mark.parametrize(
    ("groups", "name", "text"),
    [
        ("0::/job/step\n", "job/step/memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\n"),
        ("9:name=systemd:/\n4:cpu,memory:/job\n0::/\n", "memory/job/memory.oom_control", "under_oom 0\noom_kill 2\n"),
    ],
)
def test_counter_of_the_control_group(tmp_path, monkeypatch, groups, name, text):
    """Both kinds of control groups count the processes that ran out of memory."""
    (tmp_path / "cgroup").write_text(groups)
    path = tmp_path / "fs" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    monkeypatch.setattr(kernel, "GROUPS", str(tmp_path / "fs"))
    assert kernel.oom_counter(str(tmp_path / "cgroup")) == (str(path), 2)
    path.write_text("no counts\n")
    assert kernel.oom_counter(str(tmp_path / "cgroup")) is None
    assert kernel.oom_counter("/nowhere") is None


# -- sentences -----------------------------------------------------------------------------------------


@pytest.fixture
def died(tmp_path):
    """A store with a run whose process, one of this machine's, is gone; and how to give it last words."""
    store = FolderStore(tmp_path)
    store.create(sample_record(), lease=holder.this_process(10).but(pid=2**22 - 1, process_start=1.0))

    def words(data):
        (tmp_path / "1" / "last-words-0-0.raw").write_bytes(data)

    return store, words


def cause(store):
    """What readers are told."""
    ((row),) = find(store, columns=["state", "cause"])
    assert row["state"] == "DIED"
    return row["cause"]


def test_killed_by_the_kernel(died, monkeypatch):
    """A note in the kernel's log that names the process says it all."""
    monkeypatch.setattr(kernel, "FIRST_NAMESPACE", holder.this_process(1).pid_namespace)
    monkeypatch.setattr(kernel, "oom_note", lambda pid, since: f"Killed process {pid} (python) anon-rss:3000000kB")
    assert cause(died[0]) == "was killed by the kernel: out of memory (it had 3.07 GB)"


def test_the_control_group_ran_out_of_memory(died, tmp_path, monkeypatch):
    """Without a note that can be read, the counter at the start and now tell it, with a grain of doubt."""
    monkeypatch.setattr(kernel, "oom_note", lambda pid, since: None)
    counter = tmp_path / "memory.events"
    counter.write_text("oom_kill 3\n")
    died[1](header((str(counter), 3)))
    assert "control group" not in cause(died[0])
    counter.write_text("oom_kill 4\n")
    assert "its control group ran out of memory since the run began" in cause(died[0])


def test_memory_before_the_end(died):
    """Where nothing else is known, the memory curve before the end is a hint."""
    store, _ = died
    points = [
        Point("system/memory", 0, 1e9, 0.0),
        Point("loss", 0, 0.5, 0.0),
        Point("system/memory", 1, 15.2e9, 1.0),
        Point("system/memory_percent", 1, 97.3, 1.0),
    ]
    store.append("1", StreamKey(), 0, points)
    assert cause(store).endswith("; before, its memory went from 1 GB to 15.2 GB, 97 % of what it could have")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "gave no sign"),
        (b"\xff\x00nonsense", "gave no sign"),
        (b'{"oom_kills": "x"}\n', "gave no sign"),
        (b"\n" + bytes([signal.SIGCHLD if hasattr(signal, "SIGCHLD") else 17, 28]), "gave no sign"),
        (b"\n" + bytes([signal.SIGTERM, signal.SIGINT, signal.SIGTERM]), "got SIGTERM and SIGINT at "),
        (b"\nFatal Python error: Aborted\n\n", "crashed: Aborted"),
        (b"\n\x0fFatal Python error: Bus error\n\nCurrent thread 0x1 (most recent call first):\n"
         b'  File "/usr/lib/python3.11/ctypes/__init__.py", line 5 in x\n  File "/home/me/train.py", line 7 in step\n',
         "UTC, then crashed: Bus error in train.py, line 7, in step"),
    ],
)  # fmt: skip
def test_last_words(died, data, found):
    """Whatever the file holds, readers get a sentence."""
    store, words = died
    words(data)
    assert found in cause(store)


def test_machines_that_started_again(tmp_path):
    """Another boot of the same machine since is said."""
    store = FolderStore(tmp_path)
    store.create(sample_record(), lease=holder.this_process(0.0).but(boot="before"))
    time.sleep(0.01)
    assert cause(store).endswith(": its machine was started again")


def test_stores_without_last_words():
    """Any store can say since when there was no sign."""
    store = MemoryStore()
    store.create(sample_record(), lease=sample_lease(interval=0.0))
    time.sleep(0.001)
    assert cause(store).endswith("; it crashed, was killed, or its machine lost power or the network")
    silent = death.cause_of_death(MemoryStore.__new__(_Silent), sample_record())
    assert silent == "gave no sign of life since 2026-03-01 12:00:10 UTC, and its lease is gone"


@pytest.mark.parametrize("heartbeat", [False, True])
def test_a_run_that_died_before_its_first_sign(heartbeat):
    """A lease that a run began with is no sign after its start; how long it took is unknown then."""
    store, now = MemoryStore(), datetime.now(timezone.utc)
    store.create(
        sample_record(start_time=now, heartbeat=now if heartbeat else None), id="1", lease=sample_lease(interval=60.0)
    )
    record = store.load("1")
    said = death.cause_of_death(store, record)
    assert said.startswith(
        f"gave no sign of life {'since' if heartbeat else 'after its start at'} {now:%Y-%m-%d %H:%M}"
    )
    assert (duration_of({**record_to_json(record), "state": "DIED"}, store.now) is MISSING) is not heartbeat


class _Silent(MemoryStore):
    """Knows of no lease and no points."""

    def lease(self, run):
        return None

    def streams(self, run):
        return {}

    def read(self, run, stream, offset=0, limit=None):
        return []


def test_exit_codes_of_processes_that_nobody_collected(tmp_path):
    """A dead child of somebody who has not looked yet still tells how it ended."""
    for code, said in (
        ("os._exit(7)", "left with exit code 7 and without an end"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
    ):
        with subprocess.Popen([sys.executable, "-c", f"import os; input(); {code}"], stdin=subprocess.PIPE) as child:
            lease = holder.this_process(10).but(pid=child.pid, process_start=holder._start_of(child.pid))
            store = FolderStore(tmp_path / code[:8])
            store.create(sample_record(), lease=lease)
            child.stdin.write(b"\n")
            child.stdin.close()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            assert said in cause(store)


def test_an_inner_run_dies_of_what_the_outer_one_got(tmp_path, monkeypatch):
    """A process has one file of last words; the run inside another one is explained by that."""
    store = FolderStore(tmp_path)
    gone = holder.this_process(10).but(pid=2**22 - 1, process_start=1.0)
    outer = sample_record(start_time=NOON)
    store.create(outer, lease=gone)
    store.create(sample_record(parent=outer.uid, start_time=NOON + timedelta(seconds=1)), lease=gone)
    (tmp_path / "1" / "last-words-0-0.raw").write_bytes(header(None) + bytes([signal.SIGTERM]))
    causes = [row["cause"] for row in find(store, columns=["cause"])]
    assert causes[0] == causes[1]
    assert causes[0].startswith("got SIGTERM")


def test_a_disk_without_room_for_last_words(tmp_path, monkeypatch):
    """Where the file cannot be made the run goes on without it."""
    from expkit.run.life import crash

    def refuse(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(crash.os, "write", refuse)
    words = crash.LastWords(str(tmp_path / "words"))
    assert words.close() is True
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    with start_run("fine", observers=["runs"]) as run:
        pass
    assert run.status == "COMPLETED"


@pytest.mark.skipif(os.name != "posix", reason="only there")
def test_what_the_memory_counter_said_is_never_forgotten(tmp_path, monkeypatch):
    """Signals that come all the time are forgotten, what was counted at the start is not."""
    monkeypatch.setattr(crash, "oom_counter", lambda: ("/counter", 3))
    path = tmp_path / "last"
    words = crash.LastWords(str(path))
    try:
        with path.open("ab") as file:
            file.write(bytes([15]) * 100_000)
        words.trim()
        said = parse(path.read_bytes(), None)
        assert (said.counter, said.signals) == (("/counter", 3), ())
    finally:
        words.remove()


def test_odd_lines_about_control_groups_say_nothing(tmp_path, monkeypatch):
    """A line of a form that nobody knows is passed over; the others count."""
    counter = tmp_path / "fs/mine/memory.events"
    counter.parent.mkdir(parents=True)
    counter.write_text("oom_kill 2\n")
    (tmp_path / "cgroup").write_text("odd\n\n4:memory\n0::/mine\n")
    monkeypatch.setattr(kernel, "GROUPS", str(tmp_path / "fs"))
    assert kernel.oom_counter(str(tmp_path / "cgroup")) == (str(counter), 2)
