"""``expkit copy``, and which runs are copied."""

import os
import pty
import subprocess
import sys

import pytest

from expkit.record.query import Compare
from expkit.stores import copy
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore

from .conftest import HOME, fill, is_same


@pytest.fixture
def src(tmp_path):
    return fill(FolderStore(tmp_path / "src"))


def test_it_copies(tmp_path, src, expkit):
    """The program copies, counts, and says the second time that nothing was to do."""
    assert expkit("copy", "src", "tinydb:dst") == (0, "folder:src to tinydb:dst: 4 copied\n")
    assert expkit("copy", "src", "tinydb:dst") == (0, "folder:src to tinydb:dst: 4 unchanged\n")
    assert expkit("copy", "tinydb:dst", "again") == (0, "tinydb:dst to folder:again: 4 copied\n")
    is_same(src, FolderStore(tmp_path / "again"))


def test_other_ids(tmp_path, src, expkit):
    """A run that gets another id is named."""
    fill(FolderStore(tmp_path / "dst"))
    code, printed = expkit("copy", "src", "dst", "status=COMPLETED")
    assert (code, printed) == (0, "run 1 is run 4 there\nfolder:src to folder:dst: 1 copied\n")


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (["1"], ["1"]),
        (["1", "baseline"], ["1", "baseline"]),
        (["status=COMPLETED"], ["1"]),
        (["status!=COMPLETED", "start_time>2026-02"], ["3", "baseline"]),
        (["seed>=7", "state=FAILED"], ["baseline"]),
        (["id=1"], ["1"]),
        (["1", "baseline", "state=FAILED"], ["baseline"]),
        (["tags=best"], ["1"]),
        (["files.path=model.bin"], ["1"]),
        (["name~SAM*"], ["1", "2", "3", "baseline"]),
        (["config.lr<0.2"], ["2", "3", "baseline"]),
        (["config.lr>=0.2"], []),
    ],
)
def test_where(src, where, ids):
    """Runs are chosen by ids, any of which will do, and by conditions, all of which must hold."""
    dst = MemoryStore()
    assert copy(src, dst, where).problems == ()
    assert sorted(str(key.id) for key in dst.ids()) == ids


def test_where_in_python(src):
    """In Python queries, functions of the record, texts and numbers choose runs as well."""
    uid = src.ids()[0].uid
    wheres = (
        Compare("status", "==", "COMPLETED"),
        lambda record: record.status == "COMPLETED",
        uid,
        1,
        "status=COMPLETED",
    )
    for where in wheres:
        dst = MemoryStore()
        copy(src, dst, where)
        assert [key.uid for key in dst.ids()] == [uid]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Try: expkit copy --help"),
        (["src"], 2, "Try: expkit copy --help"),
        (["nowhere", "dst"], 2, "there is no store in"),
        (["src", "src"], 1, "cannot be copied into itself"),
        (["src", "nosuch://x"], 1, "nothing is known by 'nosuch:'"),
        (["src", "dst", "statsu=COMPLETED"], 2, "runs have no 'statsu'; did you mean status"),
        (["src", "dst", "7"], 1, "run 7: there is no such run"),
        (["src", "dst", "status=LOST"], 0, "there are no such runs"),
    ],
)
def test_mistakes(src, expkit, words, code, said):
    """What cannot work is said in a sentence, with exit code 2 where it was typed wrongly."""
    found, printed = expkit("copy", *words)
    assert said in printed
    assert (found, "Traceback" in printed) == (code, False)


def test_a_source_that_is_not_there(tmp_path, expkit):
    """What is said of a source that is not there, or is no store, advises nothing that the command does not take."""
    (tmp_path / "notes.txt").touch()
    assert expkit("copy", "nosuch", "tinydb:z") == (2, f"expkit: there is no store in {tmp_path / 'nosuch'}\n")
    assert expkit("copy", "notes.txt", "z") == (2, f"expkit: {tmp_path / 'notes.txt'} is a file, and no store\n")


def test_help(expkit):
    """The help says what WHERE can be."""
    code, printed = expkit("copy", "--help")
    assert (code, "config.lr < 0.1" in printed) == (0, True)


def test_progress_on_a_terminal(tmp_path, src):
    """On a terminal a line moves, on stderr; elsewhere there is none."""
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(HOME), "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "expkit", "copy", "src", "dst"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(master)
    assert process.communicate(timeout=60)[0] == b"folder:src to folder:dst: 4 copied\n"
    assert b"4/4" in shown


def test_progress_in_python(src):
    """Whoever wants to know is told how far it is."""
    seen = []
    copy(src, MemoryStore(), progress=seen.append)
    assert (seen[0].done, seen[0].total, seen[-1].done) == (0, 4, 4)
    assert seen[-1].moved > 256_000
    assert [state.moved for state in seen] == sorted(state.moved for state in seen)
