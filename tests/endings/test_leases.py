"""Who is alive: judged by processes where they can be seen, by renewals elsewhere, by the store's clock."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from expkit import StoreObserver
from expkit.stores import holder
from expkit.stores.finding import find
from expkit.stores.disk import leases
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_lease, sample_record

SLEEPS = """
from expkit import Experiment
from expkit.settings import SETTINGS
import sys, time
SETTINGS.LEASE_INTERVAL = 0.1
ex = Experiment("sleeps")
@ex.main
def main():
    time.sleep(60)
ex.run_commandline(["script.py", *sys.argv[1:]])
"""


def eventually(find, seconds=30):
    """What ``find`` returns as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


def row_of(store, *columns, **options):
    """One row of the only run."""
    (row,) = find(store, columns=columns, **options)
    return row


def elsewhere(lease):
    """What a reader on another machine knows of processes here."""
    return None


@pytest.fixture
def sleeping(tmp_path):
    """A process whose run goes on, with a lease of 0.1 s and without heartbeats, and its store."""
    (tmp_path / "script.py").write_text(SLEEPS)
    process = subprocess.Popen(
        [sys.executable, "script.py", "--beat-interval", "0"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = FolderStore(tmp_path / "runs")
    eventually(lambda: list(find(store, columns=["state"])))
    yield process, store
    process.kill()
    process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="POSIX only")
def test_a_suspended_run_dies_elsewhere_and_comes_back(sleeping):
    """A process that is stopped runs for readers here, is DIED elsewhere after two intervals, and RUNNING once it goes on;
    without heartbeats, too.
    """
    process, store = sleeping
    assert row_of(store, "state", alive=elsewhere) == {"state": "RUNNING"}
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: row_of(store, "state", alive=elsewhere)["state"] == "DIED")
    assert row_of(store, "last_sign")["last_sign"] > 0.2
    assert row_of(store, "state", "cause") == {"state": "RUNNING", "cause": ""}
    process.send_signal(signal.SIGCONT)
    eventually(lambda: row_of(store, "state", alive=elsewhere)["state"] == "RUNNING")


def test_a_killed_run_dies_at_once_here(sleeping):
    """Readers on the same machine need not wait for a lease, be its interval an hour."""
    process, store = sleeping
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert row_of(store, "state", "cause") == {"state": "DIED", "cause": "was killed by SIGKILL"}


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_run_comes_with_its_lease(tmp_path, experiment, kind):
    """A store hears who runs a run together with the run; of a queued one nobody does, until it starts."""
    store = FolderStore(tmp_path / "runs") if kind == "folder" else MemoryStore()
    seen, create = [], store.create

    def looking(*given, **named):
        run = create(*given, **named)
        seen.append(store.lease(run))
        return run

    store.create = looking
    experiment.observers.append(StoreObserver(store))
    experiment.run()
    queued = experiment.run(options={"--queue": True})
    assert [lease and lease.pid for lease in seen] == [os.getpid(), None]
    experiment.run(options={"--id": str(queued._id)})
    assert store.lease(queued.uid).pid == os.getpid()


def test_every_store_gets_signs_of_life_without_beats(experiment, monkeypatch, tmp_path):
    """Stores that observe from a distance are renewed as well, at the lease's interval, heartbeats or not."""
    monkeypatch.setattr("expkit.settings.SETTINGS.LEASE_INTERVAL", 0.02)
    stores = [FolderStore(tmp_path / "runs"), MemoryStore()]
    experiment.observers = [StoreObserver(store) for store in stores]

    @experiment.main
    def main(_run):
        first = [store.lease(_run.uid).renewed for store in stores]
        eventually(lambda: all(store.lease(_run.uid).renewed > old for store, old in zip(stores, first, strict=True)))

    assert experiment.run(options={"--beat-interval": 0}).status == "COMPLETED"


DIES_AT_ONCE = """
import os
from expkit import Experiment
from expkit.stores.folder import records
write = records.Writer.write

def last(self, *given):
    write(self, *given)
    os._exit(9)

records.Writer.write = last
ex = Experiment("dies")
ex.main(lambda: None)
ex.run()
"""


def test_a_process_that_dies_while_it_makes_its_run(tmp_path):
    """Killed right after the record became visible, a run is DIED, not RUNNING for ever."""
    (tmp_path / "script.py").write_text(DIES_AT_ONCE)
    assert subprocess.run([sys.executable, "script.py"], cwd=tmp_path, timeout=60, check=False).returncode == 9
    assert row_of(FolderStore(tmp_path / "runs"), "status", "state") == {"status": "RUNNING", "state": "DIED"}


# -- by the store's clock ------------------------------------------------------------------------------


def test_the_readers_clock_does_not_count(tmp_path, monkeypatch):
    """A reader whose clock is a year ahead judges by that of the file system."""
    store = FolderStore(tmp_path)
    store.create(sample_record(), lease=sample_lease(interval=60))

    class Ahead(leases.datetime):
        @classmethod
        def now(cls, zone=None):
            return super().now(zone) + timedelta(days=365)

    monkeypatch.setattr(leases, "datetime", Ahead)
    assert row_of(store, "state") == {"state": "RUNNING"}
    assert row_of(store, "last_sign")["last_sign"] < 30


@pytest.fixture
def untouchable(tmp_path, monkeypatch):
    """A store that this process may only read, one run in it whose last sign is three days old; and a clock to turn."""
    writing = FolderStore(tmp_path)
    lease = sample_lease(interval=10)
    writing.create(sample_record(), lease=lease)
    path = tmp_path / "1" / "lease.json"
    os.utime(path, times=(time.time() - 3 * 86400,) * 2)
    touch = os.utime

    def refuse(path, *given, **named):
        raise PermissionError(path)

    clock = [1000.0]
    monkeypatch.setattr(leases, "time", type("time", (), {"monotonic": lambda: clock[0]}))

    def forbid():
        monkeypatch.setattr(leases.os, "utime", refuse)

    def renew(ago):
        touch(path, times=(time.time() - ago,) * 2)

    forbid()
    return FolderStore(tmp_path), clock, renew


def test_a_single_look_says_running_and_how_old_the_last_sign_is(untouchable):
    """Where the store's clock cannot be read, one look proves nothing; people see the age."""
    store, _, _ = untouchable
    row = row_of(store, "state", "last_sign")
    assert row["state"] == "RUNNING"
    assert abs(row["last_sign"] - 3 * 86400) < 60


def test_a_lease_that_does_not_advance_is_stale(untouchable):
    """Watched for two intervals by a clock that nobody sets, a lease that stays as it is makes the run DIED."""
    store, clock, _ = untouchable
    row_of(store, "state")
    clock[0] += 19
    assert row_of(FolderStore(store.root), "state") == {"state": "RUNNING"}
    clock[0] += 2
    assert row_of(FolderStore(store.root), "state") == {"state": "DIED"}


def test_a_lease_that_advances_is_alive(untouchable):
    """It advances, be it by a clock that is days behind ours, so the run is RUNNING; also again, after having DIED."""
    store, clock, renew = untouchable
    for number in range(4):
        assert row_of(store, "state") == {"state": "RUNNING"}
        clock[0] += 15
        renew(2 * 86400 - number)
    row_of(store, "state")
    clock[0] += 25
    assert row_of(store, "state") == {"state": "DIED"}
    renew(86400)
    assert row_of(store, "state") == {"state": "RUNNING"}


# -- which process -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces and hidepid are Linux's")
@pytest.mark.parametrize("field", ["host", "boot", "pid_namespace"])
def test_containers_that_share_a_boot_cannot_see_each_other(field):
    """Equal host names, boots and pids in another pid namespace are another process, of which nothing is known here."""
    lease = holder.this_process(1)
    assert holder.alive(lease.but(**{field: "another"})) is None


@pytest.mark.skipif(sys.platform != "linux", reason="hidepid is Linux's")
def test_processes_that_the_system_hides_are_unknown(monkeypatch):
    """Where /proc does not show the processes of others, they are not taken for dead."""
    lease = holder.this_process(1)
    monkeypatch.setattr(holder, "_stat", lambda pid: [])

    def kill(pid, number):
        raise PermissionError if pid == lease.pid else ProcessLookupError

    monkeypatch.setattr(holder.os, "kill", kill)
    assert holder.alive(lease) is None
    assert holder.alive(lease.but(pid=lease.pid + 1)) is False


def test_a_process_without_a_start_time_is_unknown():
    """Where the system tells no start times, pids prove nothing."""
    assert holder.alive(holder.this_process(1).but(process_start=0.0)) is None


def test_what_one_reader_saw_is_not_stored(tmp_path):
    """A lease that was read from a store which cannot be touched is written like any other."""
    store = FolderStore(tmp_path)
    store.create(sample_record(), lease=sample_lease().but(unmoved=5.0))
    assert store.lease("1").unmoved is None
    assert "unmoved" not in (tmp_path / "1" / "lease.json").read_text()
