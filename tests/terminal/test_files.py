"""``expkit output``, ``files``, ``cat``, ``open``: what belongs to a run."""

import json
import os
import sys
from pathlib import Path

import pytest

from expkit.readers import open_run
from expkit.stores.sql.store import SqlStore

from .conftest import SOURCE, fill

OUTPUT = "начало\nstep 1\nstep \x1b[31m2\x1b[0m\n"


def test_output(store, expkit):
    """A pipe gets what was printed, as it was recorded."""
    assert expkit("output", "1") == (0, OUTPUT, "")
    assert expkit("output", "1", "--tail=1").out == "step \x1b[31m2\x1b[0m\n"
    assert expkit("output", "1", "--tail=0").out == expkit("output", "1", "--rank=1").out == ""
    assert json.loads(expkit("output", "1", "--json").out)["output"] == OUTPUT


def test_output_to_its_end(store, expkit):
    """Following a run that has ended prints all there is, and how it ended."""
    assert expkit("output", "3", "--follow") == (0, OUTPUT, "run 3: FAILED\n")
    assert [json.loads(line) for line in expkit("output", "3", "-f", "--json").out.splitlines()][-1] == {
        "state": "FAILED"
    }
    assert expkit("output", "3", "-f", "--tail=2").code == 2


def test_output_of_a_live_run(home, program):
    """``-f`` prints what comes, and ends with the run."""
    script = home / "train.py"
    script.write_text(
        "import os, time\nfrom expkit import Experiment\nex = Experiment('live')\n"
        "@ex.automain\ndef main():\n    print('first', flush=True)\n"
        "    while not os.path.exists('go'):\n        time.sleep(0.02)\n    print('second')\n"
    )
    import subprocess

    running = subprocess.Popen([sys.executable, "train.py"], cwd=home, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert running.stderr.readline().startswith(b"run 1")
        following = program("output", "last", "-f")
        assert following.stdout.readline() == "first\n"
        (home / "go").touch()
        assert following.stdout.readline() == "second\n"
        assert following.wait(60) == 0
        assert following.stderr.read() == "run 1: COMPLETED\n"
    finally:
        running.communicate(timeout=60)


def test_files(store, expkit, golden):
    """Files are listed with what is known of them."""
    golden("files.txt", expkit("files", "1").out)
    golden("files-evil.txt", expkit("files", "5").out)
    [artifact] = map(json.loads, expkit("files", "1", "--role=artifact", "--json").out.splitlines())
    assert (artifact["path"], artifact["role"]) == ("out/model.bin", "artifact")
    assert expkit("files", "1", "--role=patch") == (0, "", "run 1 has no such files\n")
    assert expkit("files", "1", "--role=sorce").err.startswith("expkit: there is no role 'sorce'; did you mean source")


def test_cat(store, expkit):
    """The bytes of any kept file, by its name or the last part of it."""
    assert expkit("cat", "1", "train.py") == (0, SOURCE, "")
    assert expkit("cat", "1", "out/model.bin").out == expkit("cat", "1", "model.bin").out == "model 0.1"
    tree = json.loads(expkit("cat", "1", "model.bin", "--json").out)
    assert (tree["text"], tree["role"]) == ("model 0.1", "artifact")


def test_cat_bytes(store, program):
    """Bytes that are no text come through unchanged."""
    data = bytes(range(256)) * 100
    Path("raw.bin").write_bytes(data)
    open_run("1").add_artifact("raw.bin")
    assert program("cat", "1", "raw.bin", text=False, encoding=None).communicate(timeout=60)[0] == data
    tree = json.loads(program("cat", "1", "raw.bin", "--json").communicate(timeout=60)[0])
    assert "base64" in tree


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cat", "1", "trian.py"], "run 1 has no file 'trian.py'; did you mean train.py?"),
        (["cat", "1", "x"], "run 1 has no file 'x'; expkit files 1 lists them"),
        (["cat", "1", "train.py", "--role=artifact"], "run 1 has no artifact 'train.py'"),
        (["cat", "1", "large.csv"], "of input 'large.csv' of run 1 only the hash was recorded, not the bytes"),
        (["open", "1", "x"], "run 1 has no file 'x'"),
    ],
)
def test_files_that_are_not_there(words, said, store, expkit):
    """It is a failure, and stdout stays empty."""
    done = expkit(*words)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"expkit: {said}")


@pytest.fixture
def desktop(home, monkeypatch):
    """A desktop, whose program writes down what it was asked to open."""
    program = home / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{home}/opened"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    return home / "opened"


@pytest.fixture
def no_desktop(monkeypatch):
    """Nobody has a screen."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the desktop's program has another name there")
def test_open(store, expkit, desktop):
    """The desktop is asked to open the folder, and the path is printed."""
    assert expkit("open", "1").out == f"{store.root / '1'}\n"
    assert desktop.read_text() == str(store.root / "1")
    desktop.unlink()
    assert expkit("open", "1", "--print").out == f"{store.root / '1'}\n"
    assert not desktop.exists()


def test_open_without_a_desktop(store, expkit, no_desktop):
    """Without a desktop there is the path alone; a file lies there under its own name."""
    assert json.loads(expkit("open", "2", "--json").out) == {"path": str(store.root / "2"), "opened": False}
    path = Path(expkit("open", "2", "train.py").out.strip())
    assert (path.name, path.read_text()) == ("train.py", SOURCE)


def test_open_a_run_in_a_database(home, expkit, no_desktop):
    """Of a run that has no folder, copies of the kept files are in one."""
    url = f"sqlite:///{home}/runs.db"
    store = SqlStore(url)
    fill(store)
    store.close()
    folder = Path(expkit("open", "1", f"--store={url}").out.strip())
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "artifact/out/model.bin", "source/train.py"
    ]  # fmt: skip
