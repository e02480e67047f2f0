"""What a store missed is delivered later, once, whatever happened in between; with real processes."""

import json
import random
import signal
import time

import pytest

from expkit.record.model import OUTPUT, StreamKey
from expkit.stores.folder.store import FolderStore
from expkit.stores.sql.store import SqlStore

from .conftest import seen

BUSY = """
import os, sys
from pathlib import Path
from expkit import Experiment

ex = Experiment("busy", interactive=True, observers=["folder:runs", "FAR"])

@ex.config
def config():
    count = 200
    forever = False

@ex.main
def main(_run, count, forever):
    number = 0
    while forever or number < count:
        number += 1
        print("line", number)
        _run.log_scalar("loss", 1 / number, number)
        if number % 20 == 0:
            Path("part.txt").write_text(f"part {number}")
            _run.add_artifact("part.txt", f"part-{number % 100}.txt")
            _run.info["number"] = number
            _run.flush()
        if number == 40 and Path("strike").exists():
            Path("FAR.down"[4:]).touch()
        if number == 60:
            Path("under-way").touch()
    return number

if __name__ == "__main__":
    ex.run_commandline()
"""


def test_down_until_after_the_end(world):
    """A store that goes away during the run: the end is bounded and says what to type; `expkit sync` delivers, once."""
    (world.folder / "strike").touch()
    start = time.monotonic()
    code, out, err = world.run(BUSY)
    assert (code, out.count("line")) == (0, 200), err
    assert time.monotonic() - start < 20
    assert err.count("the run goes on") == 1
    assert "has not taken everything" in err and "`expkit sync` delivers it" in err
    assert str(world.folder / "runs" / "1") in err
    assert len(world.notes()) == 1

    code, out = world.sync()
    assert code == 1
    assert "still owed" in out and "ConnectionError: nobody answers" in out and str(world.folder / "runs" / "1") in out
    world.mend()
    assert world.sync("--list")[0] == 1
    code, out = world.sync()
    assert (code, out.splitlines()[-1]) == (0, "nothing is owed")
    (record,) = world.same()
    assert record.status == "COMPLETED"
    assert not world.notes() and not (world.state / "owed").exists()
    assert world.sync() == (0, "nothing is owed\n")


def test_killed(world):
    """A process that is killed leaves its note; what it had acknowledged is delivered, and the run is seen to be dead."""
    process = world.start(BUSY, "with", "forever=True")
    world.wait((world.folder / "under-way").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert len(world.notes()) == 1
    code, out = world.sync()
    assert code == 0, out
    (record,) = world.same()
    assert record.status == "RUNNING"
    assert next(iter(FolderStore(world.far).find(columns=["state"])))["state"] == "DIED"


def test_killed_with_a_spool(world):
    """Without any folder store it is the spool that holds what a killed process had said."""
    process = world.start(BUSY.replace('"folder:runs", ', ""), "with", "forever=True")
    world.wait((world.folder / "under-way").exists)
    world.trouble("down")
    time.sleep(0.1)
    process.kill()
    out, _ = process.communicate(timeout=30)
    world.mend()
    (spool,) = (world.state / "spool").iterdir()
    source = FolderStore(spool)
    (key,) = source.ids()
    expected = seen(source, key.uid)
    assert world.sync()[0] == 0
    assert seen(FolderStore(world.far), key.uid) == expected
    assert len(expected[1][StreamKey()]) >= out.count("line ") - 1 >= 60 - 1
    assert expected[1][StreamKey(OUTPUT)].count(b"line ") >= out.count("line ") - 1
    assert not spool.exists()


def test_a_running_run_is_left_alone(world):
    """What a living process delivers by itself is neither delivered nor counted as owed by others."""
    process = world.start(BUSY, "with", "forever=True")
    try:
        world.wait((world.folder / "under-way").exists)
        code, out = world.sync()
        assert code == 0
        assert f"is still running, and delivered to {world.url} by process {process.pid}" in out
        assert len(world.notes()) == 1
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_the_next_run_delivers(world):
    """A later run with the same observer delivers what an earlier one owes, in the background; others do not."""
    (world.folder / "strike").touch()
    world.run(BUSY)
    (world.folder / "strike").unlink()
    world.mend()
    (owed,) = world.notes()
    code, _, err = world.run(LATER.replace("OBSERVERS", "'folder:runs'"))
    assert (code, world.notes()) == (0, [owed])
    code, _, err = world.run(LATER.replace("OBSERVERS", "'folder:runs', 'FAR'"))
    assert code == 0, err
    assert not world.notes()
    world.wait(lambda: len(FolderStore(world.far).ids()) == 2)
    far = FolderStore(world.far)
    assert [far.load(key.uid).status for key in far.ids()] == ["COMPLETED", "COMPLETED"]


LATER = """
import time
from pathlib import Path
from expkit import Experiment

ex = Experiment("later", interactive=True, observers=[OBSERVERS])

@ex.main
def main(_run):
    from expkit._support.places import state_dir
    seen = time.monotonic() + (20 if len(_run.observers) > 1 else 0.5)
    while len(list((state_dir() / "owed").iterdir())) > 1 and time.monotonic() < seen:
        time.sleep(0.01)

ex.run()
"""


def test_two_syncs_at_once(world):
    """However many deliver at the same time, the record is there once, whole."""
    world.trouble("down")
    world.run(OFFLINE)
    world.mend()
    syncs = [world.start_sync() for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in syncs]
    assert sum("is delivered to" in text and "as run 1" in text for text in said) == 1, said
    assert world.sync()[0] == 0
    far = FolderStore(world.far)
    (key,) = far.ids()
    assert [point.value for point in far.read(key.uid, StreamKey())] == list(range(5000))


OFFLINE = """
from expkit import Experiment, StoreObserver, open_store

ex = Experiment("offline", interactive=True, observers=["FAR?offline=journal"])

@ex.main
def main(_run):
    for number in range(5000):
        _run.log_scalar("x", number)
    print("id", _run._id)
    return 7

ex.run()
"""


@pytest.mark.parametrize("kind", ["down", "hang"])
def test_offline(world, kind):
    """With ``offline=journal`` a run starts while its store is away or hangs; the store gives it an id of its own later."""
    world.trouble(kind)
    code, out, err = world.run(OFFLINE)
    assert (code, out.startswith("id offline-")) == (0, True), err
    assert "`expkit sync` delivers it" in err
    assert len(list((world.state / "spool").iterdir())) == 1
    world.mend()
    code, out = world.sync()
    assert code == 0 and "as run 1" in out
    far = FolderStore(world.far)
    record = far.load("1")
    assert (record.status, record.result, record.name) == ("COMPLETED", 7, "offline")
    assert far.streams("1")[StreamKey()] == 5000
    assert far.read("1", StreamKey(OUTPUT)).startswith(b"id offline-")
    assert list((world.state / "spool").iterdir()) == []


SQL = """
from expkit import Experiment
from expkit.observers import SqlObserver

ex = Experiment("offline", interactive=True, observers=[SqlObserver("URL", offline="journal")])

@ex.main
def main(_run):
    return 7

ex.run()
"""


def test_a_database_with_a_driver(world):
    """What is owed to an SQL database whose URL names the driver is delivered by that URL."""
    place = world.folder / "later"
    place.write_text("no folder yet")
    url = f"sqlite+pysqlite:///{place}/runs.db"
    code, _, err = world.run(SQL.replace("URL", url))
    assert code == 0 and "`expkit sync` delivers it" in err
    place.unlink()
    code, out = world.sync()
    assert code == 0 and "as run 1" in out
    assert SqlStore(url).load(1).result == 7


def test_no_start_without_the_store(world):
    """Without ``offline=journal`` a store that is away is one clear error before main, which says what to type."""
    world.trouble("down")
    code, out, err = world.run(OFFLINE.replace("?offline=journal", ""))
    assert (code, out) == (1, "")
    last = err.splitlines()[-1]
    assert f"StoreObserver('{world.url}') cannot take in the run: nobody answers" in last
    assert "StoreObserver(..., offline='journal')" in last and "?offline=journal" in last


@pytest.mark.parametrize("way", ["command line", "environment"])
def test_passwords_are_not_written_down(world, way):
    """A URL with a password is noted without it; `expkit sync` says so, and takes it from either place."""
    world.trouble("down")
    secret = f"far:me:hunter2@{world.far}"
    world.environment["PLACE"] = f"{secret}?offline=journal"
    world.run(OFFLINE.replace('"FAR?offline=journal"', '__import__("os").environ["PLACE"]'))
    world.mend()
    texts = [path.read_bytes() for path in world.state.rglob("*") if path.is_file()]
    assert texts and not any(b"hunter2" in text for text in texts)
    code, out = world.sync()
    assert code == 1
    assert f"EXPKIT_SYNC_TO='far:me:***@{world.far}' expkit sync" in out
    if way == "environment":
        world.environment["EXPKIT_SYNC_TO"] = secret
    code, out = world.sync() if way == "environment" else world.sync("--to", secret)
    assert code == 0 and "as run 1" in out and "hunter2" not in out


def test_damaged_notes(world):
    """Files among the notes that are no notes are named, and harm nobody."""
    folder = world.state / "owed"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text(json.dumps({"format": 1, "uid": "../../x", "name": "", "log": "", "target": "x:"}))
    (folder / "c.json").write_text("[]")
    code, out = world.sync()
    assert (code, out.count("says nothing of what is owed"), out.endswith("nothing is owed\n")) == (1, 3, True)


def test_hanging_in_a_beat(world):
    """A store that hangs for ever costs the program nothing, and its end and exit are bounded."""
    start = time.monotonic()
    code, out, err = world.run(HANGING)
    assert code == 0, err
    assert float(out) < 8
    assert time.monotonic() - start - float(out) < 8
    assert "has not taken everything" in err


HANGING = """
import time, sys
from pathlib import Path
from expkit import Experiment

ex = Experiment("hanging", interactive=True, observers=["folder:runs", "FAR"])

@ex.main
def main(_run):
    Path("FAR.hang"[4:]).touch()
    _run.flush()
    start = time.monotonic()
    for number in range(20_000):
        _run.log_scalar("x", number)
        print(number, file=sys.stderr)
    for number in range(50):
        _run.add_artifact(__file__, f"{number}.py")
        _run.flush()
    return time.monotonic() - start

print(ex.run().result)
"""


def test_impatience(world):
    """Ctrl-C while the end waits for a store ends the waiting, and the run is what it was."""
    source = HANGING.replace("from pathlib", "from expkit import SETTINGS\nfrom pathlib")
    source = (
        source.replace("ex =", "SETTINGS.LANES.END_PATIENCE = 50\nex =")
        .replace("20_000", "20")
        .replace("range(50)", "[]")
    )
    process = world.start(source.replace("return time", "Path('under-way').touch(); return time"))
    world.wait((world.folder / "under-way").exists)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, len(out.splitlines())) == (0, 1), err
    assert "has not taken everything" in err
    assert FolderStore(world.folder / "runs").load("1").status == "COMPLETED"


def test_random_trouble(world, faults):
    """A store whose calls fail at random, before or after they took effect, and programs killed at random moments: after
    syncing, everything is there once, field by field."""
    chance = random.Random(20)
    for _ in range(12 if faults else 3):
        world.trouble("flaky", chance.choice([0.05, 0.3, 0.6]))
        (world.folder / "under-way").unlink(missing_ok=True)
        process = world.start(BUSY.replace('"FAR"', '"FAR?offline=journal"'), "with", "forever=True")
        world.wait((world.folder / "under-way").exists)
        time.sleep(chance.random() * 0.5)
        process.kill()
        process.communicate(timeout=30)
    for _ in range(3 if faults else 1):
        sync = world.start_sync()
        time.sleep(chance.random())
        sync.kill()
        sync.communicate(timeout=30)
    world.trouble("flaky", 0.02)
    for _ in range(50):
        if world.sync()[0] == 0:
            break
    else:
        world.mend()
        assert world.sync()[0] == 0
    world.mend()
    world.same()


def test_a_folder_on_a_share(world):
    """Also a folder may be away at the start: the run is spooled, and moves there later under the next free id."""
    share = world.folder / "share"
    share.touch()
    source = OFFLINE.replace("FAR", f"folder:{share}/runs")
    code, out, err = world.run(source)
    assert (code, out.startswith("id offline-")) == (0, True), err
    code, out, err = world.run(source.replace("?offline=journal", ""))
    assert code == 1 and "cannot take in the run" in err.splitlines()[-1]
    assert "FileStorageObserver(..., offline='journal'), or 'folder:PATH?offline=journal'" in err.splitlines()[-1]
    share.unlink()
    assert world.sync()[0] == 0
    record = FolderStore(share / "runs").load("1")
    assert (record.status, record.result) == ("COMPLETED", 7)


def test_forgotten_spools(world):
    """A spool of a killed run that only a custom observer was told of is owed to nobody; ``--list`` shows where it lies."""
    source = BUSY.replace('["folder:runs", "FAR"]', "[Deaf()]").replace("ex =", "class Deaf(RunObserver): ...\n\nex =")
    process = world.start("from expkit import RunObserver\n" + source, "with", "forever=True")
    world.wait((world.folder / "under-way").exists)
    assert world.sync("--list") == (0, "nothing is owed\n")
    process.kill()
    process.communicate(timeout=30)
    (spool,) = (world.state / "spool").iterdir()
    code, out = world.sync("--list")
    assert code == 0 and f"{spool} holds a run that no store waits for" in out
    assert world.sync() == (0, "nothing is owed\n")


def test_a_store_that_nobody_can_open(world):
    """What is owed to a store of a script's own waits for the next run; sync says why it cannot help."""
    (world.folder / "strike").touch()
    world.run(BUSY)
    world.mend()
    (world.folder / "package" / "far-1.dist-info" / "entry_points.txt").unlink()
    code, out = world.sync()
    assert code == 1
    assert "nothing is known by 'far:'" in out and "A run with this observer delivers it, too" in out
