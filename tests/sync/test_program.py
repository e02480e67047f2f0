"""The program `expkit`: help, version, mistakes."""

import subprocess
import sys
import threading

import pytest

import expkit
from expkit import SETTINGS
from expkit.console.main import COMMANDS, main
from expkit.run.recording.owed import Note, target_of
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_record


def test_help(capsys):
    """Help names every command; every command has help of its own."""
    assert main([]) == main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in shown
        assert main([name, "--help"]) == 0
        assert f"expkit {name} " in capsys.readouterr().out


def test_version(capsys):
    """The version is that of the package."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"expkit {expkit.__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["synk"], f"there is no command 'synk'; did you mean sync?; commands: {', '.join(COMMANDS)}"),
        (["sync", "--lst"], "expkit sync has no option --lst; did you mean --list or --to?\nTry: expkit sync --help"),
        (["sync", "more"], "this cannot be understood: expkit sync more\nUsage: expkit sync [--list]"),
        (["sync", "--to", "nothing:x"], "nothing is known by 'nothing:'"),
    ],
)
def test_mistakes(words, said, capsys):
    """A mistake has exit code 2 and says what to type."""
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"expkit: {said}")


def test_as_a_module(tmp_path):
    """``python -m expkit`` is the same program, and loads no more than it needs."""
    done = subprocess.run([sys.executable, "-m", "expkit", "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"expkit {expkit.__version__}\n")
    code = "import sys, expkit.console.main as m; m.main(['--version']); sys.exit('docopt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True).returncode == 0


def test_a_hanging_store(tmp_path, monkeypatch, capsys):
    """Sync waits for a store only while it makes progress; the others are delivered to meanwhile."""
    release = threading.Event()

    class Hanging(FolderStore):
        def create(self, *arguments, **named):
            assert release.wait(30)

    source, fine = FolderStore(tmp_path / "source"), FolderStore(tmp_path / "fine")
    stuck = Hanging(tmp_path / "stuck")
    stores = {target_of(store): store for store in (fine, stuck)}
    record = sample_record(files=())
    source.create(record)
    for target in stores:
        Note(uid=record.uid, name="sample", log=str(source.root), target=target).write().release()
    monkeypatch.setattr("expkit.console.sync.open_store", stores.get)
    monkeypatch.setattr(SETTINGS.LANES, "END_LIMIT", 0.5)
    assert main(["sync"]) == 1
    out = capsys.readouterr().out
    assert "is delivered to folder:" in out and "is still owed to folder:" in out and "it does not answer" in out
    assert fine.load(record.uid).but(id="") == source.load(record.uid).but(id="")
    release.set()
