from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.stores.folder.store import FolderStore

BEGIN = """
import os, signal, time
from pathlib import Path
from expkit import Experiment
ex = Experiment("lab", save_git_info=False)
"""

MANY = 30
"""More sources than are kept before main."""


def many() -> dict[str, str]:
    return {f"part{number:02}": f"def f():\n    return {number}\n" for number in range(MANY)}


@pytest.fixture
def recorded(script):
    """Run a script, and return the record of its run and the store."""

    def run(source: str, *arguments: str, **more: str):
        for name, text in more.items():
            (script.path / f"{name}.py").write_text(text)
        done = script(BEGIN + source, *arguments)
        store = FolderStore(script.path / "runs")
        return store.load("1"), store, done

    return run


def sources(record):
    return {ref.path: ref for ref in record.files_of("source")}


def text_of(store, ref):
    with store.open_blob(ref.sha256) as blob:
        return blob.read().decode()


def test_what_main_imports_is_a_source(recorded):
    """Imports inside functions, and what those import, are in the record when the run has ended, with their bytes."""
    main = "@ex.automain\ndef main():\n    import late\n"
    record, store, _ = recorded(main, late="import second\n", second="X = 1\n", unused="")
    assert list(sources(record)) == ["script.py", "late.py", "second.py"]
    assert text_of(store, sources(record)["second.py"]) == "X = 1\n"
    assert sources(record)["late.py"].kept


def test_what_was_imported_survives_a_kill(recorded):
    """A beat notes what was imported since the last one."""
    main = """
@ex.automain
def main(_run):
    import late
    end = time.monotonic() + 20
    while "late.py" not in str([ref.path for ref in _run.record.files]) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    record, store, done = recorded(main, "--beat-interval=0.05", late="X = 1\n")
    assert done.returncode < 0
    assert text_of(store, sources(record)["late.py"]) == "X = 1\n"


def test_the_bytes_of_many_sources_are_all_kept(recorded):
    """What is kept while the program runs is there at its end, and the record says so."""
    imports = "".join(f"import {name}\n" for name in many())
    record, store, _ = recorded(imports + "@ex.automain\ndef main():\n    pass\n", **many())
    assert len(sources(record)) == MANY + 1
    assert all(ref.kept and text_of(store, ref) for ref in sources(record).values())
    shown = json.loads((Path(store.root) / "1" / "run.json").read_text())["experiment"]["sources"]
    assert len(shown) == MANY + 1


def test_bytes_that_were_overtaken_are_not_kept(recorded):
    """A source that is edited before its bytes were kept stays in the record with its hash, and the gap is named."""
    imports = "".join(f"import {name}\n" for name in many())
    main = f"@ex.automain\ndef main():\n    Path('part{MANY - 1}.py').write_text('X = 1')\n"
    record, store, _ = recorded(imports + main, **many())
    ref = sources(record)[f"part{MANY - 1}.py"]
    assert not ref.kept
    assert not store.has_blob(ref.sha256)
    assert f"source {ref.path} has changed since it was imported, and its bytes are not kept" in record.gaps


def test_an_edit_after_the_start_changes_nothing(recorded):
    """The record and the store have what was imported, whatever is in the file at the end."""
    main = "import model\n@ex.automain\ndef main():\n    Path('model.py').write_text('X = 2')\n"
    record, store, _ = recorded(main, model="X = 1\n")
    assert text_of(store, sources(record)["model.py"]) == "X = 1\n"


def test_files_that_are_executed_are_sources(recorded):
    """`runpy` and `exec` of compiled files leave no module behind, and are seen all the same; they are no inputs."""
    main = """
@ex.automain
def main():
    import runpy
    runpy.run_path("stage.py")
    exec(compile(Path("step.py").read_text(), "step.py", "exec"), {})
"""
    record, _, _ = recorded(main, stage="X = 1\n", step="Y = 1\n")
    assert list(sources(record)) == ["script.py", "stage.py", "step.py"]
    assert record.files_of("input") == ()


@pytest.mark.parametrize("seconds", [0, 0.3])
@pytest.mark.parametrize("parts", [{}, many()], ids=["few", "many"])
def test_what_expkit_reads_itself_is_no_input(recorded, tmp_path, parts, seconds):
    """Untracked files, sources and metadata that our own threads read do not become inputs, nor do open files."""
    (tmp_path / "notes.txt").write_text("untracked\n")
    for command in (
        ["init", "-q"],
        ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    imports = "".join(f"import {name}\n" for name in parts)
    main = f"@ex.automain\ndef main():\n    time.sleep({seconds})\n    os.fdopen(os.dup(0)).close()\n"
    record, _, _ = recorded(imports + "ex.save_git_info = True\n" + main, **parts)
    assert record.files_of("untracked")
    assert [ref.path for ref in record.files_of("input")] == []
    assert not any("inputs and outputs" in gap for gap in record.gaps)


def test_packages_of_main_are_dependencies(recorded):
    """A library that is imported inside main is among the run's packages at its end."""
    record, _, _ = recorded("@ex.automain\ndef main():\n    import docopt, yaml\n")
    assert any(name.startswith("PyYAML==") for name in record.experiment["dependencies"])


def test_queued_runs_keep_all_sources(recorded):
    """A run that is only written down has the bytes of all its sources."""
    imports = "".join(f"import {name}\n" for name in many())
    record, store, _ = recorded(imports + "@ex.automain\ndef main():\n    pass\n", "--queue", **many())
    assert record.status == "QUEUED"
    assert all(ref.kept and text_of(store, ref) for ref in sources(record).values())


def test_native_sources_beside_a_compiled_module(recorded, tmp_path):
    """A compiled module is a source, and so is what it was compiled from, where that lies beside it."""
    import _bisect

    built = Path(_bisect.__file__ or sys.executable)
    (tmp_path / f"_bisect{''.join(built.suffixes)}").write_bytes(built.read_bytes())
    for name in ("_bisect.pyx", "_bisect.pxd", "_bisect_other.pyx"):
        (tmp_path / name).write_text("# source\n")
    begin = "import sys\nsys.modules.pop('_bisect', None)\nsys.path.insert(0, os.getcwd())\nimport _bisect\n"
    record, _, _ = recorded(begin + "@ex.automain\ndef main():\n    assert _bisect.__file__.startswith(os.getcwd())\n")
    assert {Path(name).suffix for name in sources(record)} >= {".pyx", ".pxd", built.suffixes[-1]}
    assert "_bisect_other.pyx" not in sources(record)


def test_modules_that_wait_to_be_used_are_not_loaded_and_odd_ones_hide_nothing(recorded):
    """What loads itself when it is first used has not been loaded by a run; an entry that refuses to be looked at is one."""
    main = """
import importlib.util, sys
def lazy(name):
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
class Closed:
    def __getattribute__(self, name): raise OSError("closed")
cv2, waiting = lazy("cv2"), lazy("waiting")
sys.modules["closed"], sys.modules[7] = Closed(), Closed()
@ex.main
def main():
    import late
    open("made.txt", "w").close()
ex.run()
print(type(cv2).__name__, type(waiting).__name__)
"""
    record, _, done = recorded(main, late="X = 1\n", cv2="print('loaded')\n", waiting="print('loaded')\n")
    assert done.stdout == "_LazyModule _LazyModule\n", done.stderr
    assert record.gaps == ()
    assert "late.py" in sources(record) and [ref.path for ref in record.files_of("output")] == ["made.txt"]
