"""The index itself: where it lies, that it may go at any time, and that many may use it at once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from expkit.record.expression import parse
from expkit.record.model import COMPLETED, RUNNING, Point, StreamKey
from expkit.settings import SETTINGS
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_annotation, sample_lease, sample_record

HOME = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    """A store of eight runs that have ended, and one that lives."""
    from expkit.stores.holder import this_process

    store = FolderStore(tmp_path / "runs")
    for number in range(8):
        run = store.create(sample_record(status=COMPLETED, config={"lr": number / 10}, result=number))
        store.append(run, StreamKey(), 0, [Point("acc", step, number * step, 1.0) for step in range(3)])
    store.create(sample_record(status=RUNNING, config={"lr": 0.5}), lease=this_process(10.0))
    return tmp_path / "runs"


def start(code, *arguments, **options):
    env = {**os.environ, "PYTHONPATH": os.fspath(HOME)}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], env=env, text=True, **options)


def ids(store, question=None, *order, **more):
    return [row["id"] for row in store.find(question and parse(question), ["id"], order, **more)]


def test_it_lies_outside_the_store(index, root):
    """Looking writes nothing into the store, and one file, for its user alone, into expkit's state folder."""
    before = sorted(path for path in root.rglob("*"))
    assert len(index.find(root)) == 9
    assert sorted(root.rglob("*")) == before
    assert len(index.files) == 1
    if os.name == "posix":
        assert index.folder.stat().st_mode & 0o077 == 0


def test_no_folder_of_an_ended_run_is_opened(index, root, monkeypatch):
    """Filtering, sorting and first pages of runs that have ended read no run."""
    index.settled(-1.0)
    store = FolderStore(root)
    columns = ["id", "config", "result", "metrics.acc.last", "state", "tags", "host"]
    list(store.find(None, columns, ["-metrics.acc.max"], 3))
    read = []
    monkeypatch.setattr("expkit.stores.folder.looking.read_run", lambda run: read.append(run.id))
    monkeypatch.setattr("expkit.stores.folder.store.read_run", lambda run: read.append(run.id))
    (row, *_) = store.find(parse("state = COMPLETED and config.lr < 0.6"), columns, ["-metrics.acc.max"], 3)
    assert (row["id"], row["metrics.acc.last"]) == ("6", 10)
    assert set(read) <= {"9"}


def test_a_state_is_judged_at_each_look(index, root):
    """A run that says RUNNING is RUNNING as long as its process lives, however often one has looked."""
    store = FolderStore(root)
    assert ids(store, "state = RUNNING") == ["9"]
    store.renew("9", sample_lease().but(renewed=None, interval=0.0))
    for _ in range(3):
        assert ids(store, "state = DIED") == ["9"]
        assert "since" in index.find(store, parse("state = DIED"), ["cause"])[0]["cause"]


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(index, root, damage):
    """Whatever is in its place: the answers are the same, nobody is told, and there is a good index again."""
    expected = index.find(root)
    (path,) = index.files
    for name in index.folder.iterdir():
        name.unlink()
    path.write_bytes(damage)
    assert index.find(root) == expected
    assert index.find(root) == expected
    assert not index.answers_without


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET head = '{half'",
        "UPDATE runs SET config = 'nothing'",
        "UPDATE wholes SET tree = x'00'",
        "DELETE FROM wholes",
        "DROP TABLE wholes",
        "DROP TABLE cells",
        "UPDATE facts SET value = 'no cursor'",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 77",
    ],
)
def test_an_index_that_makes_no_sense_is_made_anew(index, root, statement):
    """An index of another version, or one whose content is damaged, is made anew without a word."""
    index.settled(-1.0)
    index.find(root, None, None, ["config.lr"])
    connection = sqlite3.connect(index.files[0])
    with connection:
        connection.execute(statement)
    connection.close()
    index.find(root, parse("config.lr < 9"), None, ["config.lr"])
    index.answers_without = 0
    assert len(index.find(root, None, None, ["-result"])) == 9
    assert not index.answers_without


def test_damage_that_shows_late(index, root):
    """Where damage is met after rows were given, the others come from the runs themselves."""
    index.settled(-1.0)
    store = FolderStore(root)
    expected = list(index.without(store))
    list(store.find())
    connection = sqlite3.connect(index.files[0])
    with connection:
        connection.execute("UPDATE runs SET config = '{' WHERE name = '5'")
    connection.close()
    assert list(store.find()) == expected
    assert index.answers_without == 1


def test_mistakes_of_ours_destroy_nothing(index, root, monkeypatch, caplog):
    """Only what was kept and cannot be read makes an index anew, which the log says; a mistake in the search does not."""
    store = FolderStore(root)
    index.settled(-1.0)
    list(store.find())
    (path,) = index.files
    before = os.stat(path).st_ino

    def broken(*_):
        raise TypeError("a mistake")

    with monkeypatch.context() as patch, pytest.raises(TypeError, match="a mistake"):
        patch.setattr("expkit.stores.index.search._place", broken)
        list(store.find(order=["id"]))
        patch.setattr("expkit.stores.index.search.cells.condition", broken)
        list(store.find())
    assert os.stat(path).st_ino == before
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE runs SET head = '{'")
    connection.close()
    with caplog.at_level("INFO", "expkit"):
        assert len(list(store.find())) == 9
    assert "is made anew" in caplog.text


def test_it_may_be_deleted_at_any_time(index, root):
    """Deleted between two looks, or during one, the index is missed by nobody."""
    store = FolderStore(root)
    rows = store.find()
    expected = [next(rows)]
    shutil.rmtree(index.folder)
    expected += rows
    assert index.find(store) == expected


def test_indices_of_stores_that_are_gone(index, root, tmp_path):
    """An index that nobody used for a month goes when its store is gone, once another store gets one."""
    other = tmp_path / "other"
    shutil.copytree(root, other)
    for store in (root, other):
        index.find(store)
    for path in index.files:
        os.utime(path, (time.time() - 40 * 86400,) * 2)
    other.rename(tmp_path / "elsewhere")
    index.find(tmp_path / "elsewhere")
    assert len(index.files) == 2
    assert len(index.find(root)) == 9


def test_a_setting_turns_it_off(index, root):
    """With SETTINGS.INDEX.USE=False no index is made or asked."""
    SETTINGS.INDEX.USE = False
    try:
        assert len(index.find(root)) == 9
    finally:
        SETTINGS.INDEX.USE = True
    assert not index.files
    assert index.answers_without == 1


def test_it_lies_where_a_setting_says(index, root, tmp_path):
    """SETTINGS.INDEX.FOLDER is for home folders on a network."""
    SETTINGS.INDEX.FOLDER = tmp_path / "scratch" / "indices"
    try:
        index.find(root)
    finally:
        SETTINGS.INDEX.FOLDER = None
    assert not index.files
    assert list((tmp_path / "scratch" / "indices").glob("*.sqlite"))


def test_few_runs_need_none(tmp_path, root):
    """A store of a few runs is read as it is."""
    assert len(list(FolderStore(root).find())) == 9
    assert not (tmp_path / "state" / "index").exists()


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "lustre"])
def test_none_on_a_network(index, root, monkeypatch, kind):
    """Where locks cannot be trusted there is no index; the answers are the same."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("expkit.stores.disk.mounts._kind", lambda device: kind)
    assert len(index.find(root)) == 9
    assert (index.files, index.answers_without) == ([], 1)


def test_a_state_folder_that_cannot_be_written(index, root):
    """Where no index can be made everything works without it."""
    index.folder.parent.mkdir(exist_ok=True)
    index.folder.write_text("in the way")
    assert len(index.find(root)) == 9
    assert index.answers_without == 1


def test_without_sqlite(index, root, monkeypatch):
    """An interpreter that was built without SQLite finds runs as well."""
    for name in [name for name in sys.modules if name.startswith("expkit.stores.index.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("expkit.stores.index.search", raising=False)
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert len(list(FolderStore(root).find())) == 9


def test_columns_that_no_run_has(index, root):
    """What no run can have is refused as it is without an index, before anything is read."""
    with pytest.raises(ValueError, match="confg"):
        FolderStore(root).find(None, ["confg.lr"])
    assert not index.files


def test_later_facts(index, root):
    """Tags, names and late results count from the moment they are said, whoever says them."""
    index.settled(-1.0)
    store = FolderStore(root)
    assert ids(store, "best in tags") == []
    FolderStore(root).annotate("3", sample_annotation("best", "tag"))
    assert ids(store, "best in tags") == ["3"]
    assert index.find(store, parse("best in tags"))[0]["tags"] == ["first", "best"]


def test_points_that_come_late(index, root):
    """Points that are added to a run that has ended count in its figures."""
    index.settled(-1.0)
    store = FolderStore(root)
    assert ids(store, None, "-metrics.acc.max", limit=1) == ["8"]
    FolderStore(root).append("2", StreamKey(), 3, [Point("acc", 3, 99.0, 1.0)])
    assert ids(store, None, "-metrics.acc.max", limit=1) == ["2"]
    index.find(store, None, ["id", "metrics"])


def test_folders_that_come_and_go_by_hand(index, root):
    """Runs that were removed, copied in or replaced by hand are noticed at the next look."""
    index.settled(-1.0)
    store = FolderStore(root)
    assert ids(store) == list("123456789")
    shutil.rmtree(root / "4")
    shutil.copytree(root / "3", root / "from-elsewhere")
    text = (root / "3" / "run.json").read_text()
    (root / "from-elsewhere" / "run.json").write_text(re.sub('"uid": ".', '"uid": "f', text))
    assert set(ids(store)) == {*"12356789", "from-elsewhere"}
    (root / "5" / "run.json").write_text((root / "5" / "run.json").read_text().replace('"lr": 0.4', '"lr": 40'))
    assert ids(store, "config.lr = 40") == ["5"]
    index.find(store)


@pytest.mark.parametrize("later", [False, True])
def test_a_store_that_was_restored(index, root, later):
    """Once the store's files are older than what the index knows, all is read anew, be there new changes or not."""
    index.settled(-1.0)
    store = FolderStore(root)
    store.annotate("1", sample_annotation("known", "tag"))
    logs = {path: path.read_bytes() for path in (root / ".expkit").rglob("*.jsonl")}
    store.annotate("2", sample_annotation("lost", "tag"))
    assert ids(store, "lost in tags") == ["2"]
    for path in (root / ".expkit").rglob("*.jsonl"):
        path.write_bytes(logs[path]) if path in logs else path.unlink()
    if later:
        for number in range(5):
            FolderStore(root).annotate("3", sample_annotation(f"new {number}", "tag"))
    assert ids(FolderStore(root), "lost in tags") == []
    assert ids(FolderStore(root), '"new 0" in tags') == (["3"] if later else [])
    index.find(root)


def test_a_folder_that_becomes_a_run_later(index, root):
    """A folder that is being copied is no run until its record is there, however long that takes."""
    store = FolderStore(root)
    (root / "77").mkdir()
    old = time.time() - 100
    os.utime(root, (old, old))
    assert "77" not in ids(store)
    (root / "3" / "run.json").rename(root / "77" / "run.json")
    assert "77" in [row["id"] for row in store.find(None, ["id"])]


def test_new_runs_cost_what_they_are(index, root, monkeypatch):
    """Only new runs are read, and the folder is listed only if one came or went."""
    from expkit.stores.folder import looking

    index.settled(-1.0)
    store = FolderStore(root)
    list(store.find())
    read, listed = [], []
    read_run, listed_names = looking.read_run, looking.Looking._listed
    monkeypatch.setattr(looking, "read_run", lambda run: read.append(run.id) or read_run(run))
    monkeypatch.setattr(looking.Looking, "_listed", lambda self: listed.append(1) or listed_names(self))
    store.create(sample_record(status=COMPLETED))
    list(store.find())
    assert set(read) == {"9", "10"}
    os.utime(root, (time.time() - 100,) * 2)
    list(store.find())
    listed.clear()
    list(store.find())
    assert not listed


def test_progress_is_told(index, root, monkeypatch):
    """While many runs are read for the first time somebody may show how far it is."""
    monkeypatch.setattr("expkit.stores.folder.looking.BATCH", 3)
    store, told = FolderStore(root), []
    store.on_indexing = lambda done, total: told.append((done, total))
    list(store.find())
    assert told == [(3, 9), (6, 9), (9, 9)]
    told.clear()
    list(store.find())
    assert told == [] or told[-1][1] < 9


KILLED = """
import os, signal, sys
from expkit.settings import SETTINGS
SETTINGS.INDEX.FROM = 0
from expkit.stores.folder import looking
from expkit.stores.folder.store import FolderStore
looking.BATCH = 2
keep, kept = looking.Looking._keep, []
def dying(self, *arguments):
    kept.append(1)
    if len(kept) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return keep(self, *arguments)
looking.Looking._keep = dying
list(FolderStore(sys.argv[1]).find())
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("moment", [1, 4, 9])
def test_a_killed_updater_harms_nothing(index, root, moment):
    """Killed at any moment, an update leaves an index with which the answers are right."""
    process = start(KILLED, root, moment)
    assert process.wait(60) == -signal.SIGKILL
    assert len(index.find(root)) == 9
    assert not index.answers_without


LOOKING = """
import sys
from expkit.settings import SETTINGS
SETTINGS.INDEX.FROM = 0
from expkit.record.expression import parse
from expkit.stores.folder import looking
from expkit.stores.folder.store import FolderStore
from expkit.stores.index import search
from expkit.testing.samples import sample_record
looking.BATCH, search.MANY, looking.SETTLED = 2, 0, -1.0
store = FolderStore(sys.argv[1])
sys.stdin.readline()
for number in range(6):
    mine = store.create(sample_record(status="COMPLETED", config={"lr": number}))
    found = [row["id"] for row in store.find(parse(f"config.lr == {number}"), ["id"], ["-config.lr"])]
    assert mine in found, (mine, found)
    assert len(found) == len(set(found))
"""


def test_many_processes_update_it_at_once(index, root):
    """Several processes that make runs and look for them see their own at once, and nobody fails."""
    processes = [start(LOOKING, root, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    answers = [process.communicate("go\n", timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert len(index.find(root)) == 9 + 18


def test_runs_of_sacred(index, tmp_path):
    """A folder that Sacred writes is read as it grows, also the runs that it continues to write."""
    root = tmp_path / "sacred"
    shutil.copytree(Path(__file__).parents[1] / "folder" / "sacred", root)
    found = index.find(root)
    assert found
    for path in root.glob("*/run.json"):
        path.write_text(path.read_text().replace("COMPLETED", "FAILED"))
    assert index.find(root) != found or not any(row["state"] == COMPLETED for row in found)


def test_ids_that_no_database_can_hold(index, root):
    """A store with a folder whose name is no text is read without an index."""
    try:
        (root / "3").rename(root / os.fsdecode(b"\xff"))
    except OSError:  # file systems elsewhere have no such names
        return
    assert os.fsdecode(b"\xff") in {row["id"] for row in index.find(root)}
