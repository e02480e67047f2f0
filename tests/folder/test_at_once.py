"""Several who append to one stream at once, where the file system knows locks and where it does not."""

import fcntl

import pytest

from expkit.errors import StoreError
from expkit.stores.disk.locking import alone
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, at_once

HOLDING = """
import fcntl, sys, time
from expkit.stores.disk.locking import alone

def refused(*_):
    raise OSError(37, "No locks available")

fcntl.flock = refused
with alone(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def no_locks(monkeypatch):
    """A file system that knows no locks, as some over networks."""

    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)


@pytest.mark.usefixtures("no_locks")
def test_a_file_system_without_locks(store):
    """Where nothing can be locked, what several append to one stream at once is there once, and nothing is left behind."""
    run, points = store.create(sample_record(files=())), sample_points(300)
    stores = [store, type(store)(store.root)]

    def write(number):
        end = 0
        while end < len(points):
            end = stores[number].append(run, LOSS, end, points[end : end + 10 + 3 * number])

    at_once(write, 2)
    assert [each.read(run, LOSS) for each in stores] == [points] * 2
    assert not list((store.root / ".expkit" / "locks").glob("*.held"))


@pytest.mark.usefixtures("no_locks")
def test_a_killed_holder_without_locks(tmp_path, start):
    """There, too, who waits too long is told which file it is about, and what a killed process holds is free at once."""
    path = str(tmp_path / "lock")
    holder = start(HOLDING, path)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreError, match=r"lock\.held for 0\.05 s"), alone(path, patience=0.05):
        pass
    holder.kill()
    holder.wait()
    with alone(path, patience=30):
        pass
    assert not (tmp_path / "lock.held").exists()
