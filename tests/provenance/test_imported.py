from __future__ import annotations

import hashlib
import importlib
import linecache
import os
import sys
import time
from pathlib import Path

import pytest

from expkit._support.places import state_dir
from expkit._support.signature import Signature
from expkit.provenance.code import executed
from expkit.provenance.code import imported
from expkit.provenance.code.imported import content, recall_contents, remember_contents
from expkit.provenance.code.modules import is_library
from expkit.provenance.code.sources import Sources

OLD = "def f():\n    return 1\n"
NEW = "def f():\n    return 2\n"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder on the path; the modules that a test imports from it are forgotten after it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    linecache.clearcache()


def load(lab: Path, name: str, text: str) -> str:
    """Import a new module made of this text; return its path."""
    path = lab / f"{name}.py"
    path.write_text(text)
    importlib.invalidate_caches()
    importlib.import_module(name)
    return str(path)


def edit(path: str, text: str) -> None:
    """Another content, and another time of change however coarse the clock is."""
    Path(path).write_text(text)
    later = os.stat(path).st_mtime_ns + 2_000_000_000
    os.utime(path, ns=(later, later))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_module_that_the_program_wrote_itself_is_unchanged(lab):
    """A file younger than the process is as it was imported if its functions are those of the module."""
    found = content(load(lab, "written", OLD), "written")
    assert (found.sha256, found.changed, found.data) == (sha256(OLD), False, None)


@pytest.mark.parametrize("text", [OLD, f"class A:\n    def g(self):\n        return 0\n{OLD}", "import functools\n@functools.cache\n" + OLD + OLD])  # fmt: skip
def test_a_module_that_was_edited_since_is_flagged(lab, text):
    """New bytes are never recorded as if they had been run."""
    path = load(lab, "edited", text)
    edit(path, text.replace("1", "2"))
    assert content(path, "edited").changed


def test_what_a_look_at_the_source_left_in_memory_is_recorded(lab):
    """Where a traceback has read the file before it was edited, the imported bytes can be had."""
    path = load(lab, "seen", OLD)
    linecache.getlines(path)
    edit(path, NEW)
    found = content(path, "seen")
    assert (found.sha256, found.changed, found.data) == (sha256(OLD), False, OLD.encode())


def test_what_was_seen_once_stays_known(lab):
    """A later run of the same process records what was imported, not what was written since."""
    path = load(lab, "known", OLD)
    first = content(path, "known")
    edit(path, NEW)
    assert content(path, "known") == first


def test_a_module_that_was_loaded_again_is_looked_at_again(lab):
    """After a reload the new bytes are the imported ones."""
    path = load(lab, "again", OLD)
    content(path, "again")
    edit(path, NEW)
    importlib.reload(sys.modules["again"])
    found = content(path, "again")
    assert (found.sha256, found.changed) == (sha256(NEW), False)


@pytest.mark.parametrize(("text", "changed"), [("X = 1\n", False), ("X = 22\n", True)])
def test_modules_without_functions_are_judged_by_their_bytecode(lab, monkeypatch, text, changed):
    """Bytecode names time and size of the source that it comes from."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = load(lab, "constants", "X = 1\n")
    if changed:
        edit(path, text)
    assert content(path, "constants").changed is changed


def test_modules_without_functions_and_bytecode_are_doubtful(lab):
    """Where nothing tells whether a young file is what was imported, the record says so."""
    assert content(load(lab, "bare", "X = 1\n"), "bare").changed


def test_files_older_than_the_process_are_not_questioned(lab):
    """What was last changed before the process began is as it was imported."""
    path = load(lab, "older", "X = 1\n")
    os.utime(path, (0, 0))
    assert not content(path, "older").changed


def test_a_source_that_no_longer_compiles_is_flagged(lab):
    """A file in the middle of an edit is not what was imported."""
    path = load(lab, "torn", OLD)
    edit(path, "def f(:")
    assert content(path, "torn").changed


def test_what_was_executed_is_compared_by_its_signature(lab):
    """Where an audit hook saw the execution, the file is unchanged exactly if its signature is."""
    path = lab / "stage.py"
    path.write_text(OLD)
    then = Signature.of(os.stat(path))
    assert not content(str(path), executed=then).changed
    edit(str(path), NEW)
    assert content(str(path), executed=then).changed


def test_files_that_are_executed_without_an_import_are_sources(lab):
    """Scripts run by other means are found by the code that is executed; texts and libraries are not."""
    finder = Sources("imported", lab)
    finder.look()
    script, library = lab / "stage.py", lab / "site-packages" / "lib.py"
    library.parent.mkdir()
    for file in (script, library):
        file.write_text("x = 1")
        executed.note(compile("x = 1", str(file), "exec"))
    executed.note(compile("x = 1", "<string>", "exec"))
    executed.note(compile("x = 1", "not there.py", "exec"))
    assert finder.has_news()
    assert [source.name for source in finder.look()] == ["stage.py"]
    assert not finder.has_news()
    assert finder.look() == []


def test_an_import_beside_a_removal_is_news(lab, monkeypatch):
    """However many modules there are: one that came is seen, though another one has gone."""
    monkeypatch.setattr("expkit.provenance.code.sources.noted", {})  # nobody listens
    load(lab, "goes", OLD)
    finder = Sources("imported", lab)
    finder.look()
    del sys.modules["goes"]
    load(lab, "comes", OLD)
    assert finder.has_news()
    assert [source.name for source in finder.look()] == ["comes.py"]
    assert not finder.has_news()


def test_both_versions_of_a_reloaded_module_are_sources(lab):
    """A module that was edited and loaded again during a run was executed in two versions."""
    path = load(lab, "twice", OLD)
    finder = Sources("imported", lab)
    (first,) = (source for source in finder.look() if source.module == "twice")
    edit(path, NEW)
    executed.note(compile(NEW, path, "exec"))
    (second,) = finder.look()
    assert (first.sha256, second.sha256) == (sha256(OLD), sha256(NEW))
    assert first.name == second.name == "twice.py"


def test_what_is_gone_is_named(lab):
    """A module whose file was removed since cannot be kept, and is not passed over in silence."""
    os.remove(load(lab, "gone", OLD))
    finder = Sources("imported", lab)
    assert "gone.py" not in [source.name for source in finder.look()]
    assert finder.problems == ["source gone.py is gone since it was imported"]


@pytest.mark.parametrize("memory", ["{ no json", "[]", '{"PATH": 1}', '{"PATH": [[1, 2, 3], "a", "b"]}', None])
def test_digests_of_many_sources_are_remembered(tmp_path, monkeypatch, memory):
    """A file that has not changed since an earlier run is not read again; what is remembered of others is ignored."""
    file = tmp_path / "a.py"
    file.write_text("X = 1\n")
    os.utime(file, (1, 1))
    while not Signature.of(os.stat(file)).is_sure(time.time_ns()):  # the time of the change cannot be set
        time.sleep(0.005)
    truth = content(str(file))
    remember_contents("lab", [str(file), str(tmp_path / "gone.py")])
    (remembered,) = (state_dir() / "environments").iterdir()
    if memory is not None:
        remembered.write_text(memory.replace("PATH", str(file)))
    else:
        monkeypatch.setattr(imported, "_read", lambda *_: pytest.fail("read again"))
    imported._content.cache_clear()
    recall_contents("lab")
    assert content(str(file)) == truth


def test_files_that_have_just_changed_are_not_remembered(tmp_path, monkeypatch):
    """A change within one step of a file system's clock would go unnoticed."""
    (tmp_path / "a.py").touch()
    monkeypatch.setattr(time, "time_ns", lambda: os.stat(tmp_path / "a.py").st_ctime_ns)
    remember_contents("lab", [str(tmp_path / "a.py")])
    assert not (state_dir() / "environments").exists()


def test_a_program_inside_a_virtual_environment(tmp_path, monkeypatch):
    """An environment around the whole program makes no libraries of its files, any other one does."""
    for environment in ("mine", "other"):
        (tmp_path / environment / "project").mkdir(parents=True)
        (tmp_path / environment / "pyvenv.cfg").touch()
    monkeypatch.setattr(
        sys.modules["__main__"], "__file__", str(tmp_path / "mine" / "project" / "train.py"), raising=False
    )
    assert not is_library(str(tmp_path / "mine" / "project" / "model.py"))
    assert is_library(str(tmp_path / "mine" / "project" / "site-packages" / "model.py"))
    assert is_library(str(tmp_path / "other" / "project" / "model.py"))
