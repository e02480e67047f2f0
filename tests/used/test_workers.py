"""Worker processes tell their run what they open."""

from __future__ import annotations

import os
import sys

import pytest

WORK = """
def work(name):
    import helper
    open(f"in_{name}.txt").read()
    open(f"out_{name}.txt", "w").write(name)
    return name

def die(name):
    open(f"in_{name}.txt").read()
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def prepared(used):
    (used.path / "helper.py").write_text("X = 1")
    for name in ("one", "two"):
        (used.path / f"in_{name}.txt").write_text(name)
    return used


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing(prepared, method):
    """Spawned, forked and fork server's workers report inputs, outputs and the modules that only they import."""
    if method != "spawn" and sys.platform in {"win32", "darwin"}:
        method = "spawn"
    run = prepared(
        f"""
        process = multiprocessing.get_context({method!r}).Process(target=work, args=("one",))
        process.start(); process.join()
        """,
        "import multiprocessing",
        WORK,
    )
    assert run.named("input") == ["in_one.txt"] and run.named("output") == ["out_one.txt"]
    assert run.refs["input", "in_one.txt"].layer == "worker" and run.refs["output", "out_one.txt"].sha256
    assert run.refs["source", "helper.py"].layer == "worker" and run.refs["source", "helper.py"].kept
    assert run.record["unseen"] == []


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_packages_that_only_workers_import(prepared, method):
    """Are among the dependencies, but for those that expkit itself imports."""
    if sys.platform in {"win32", "darwin"}:
        method = "spawn"
    run = prepared(
        f"""
        process = multiprocessing.get_context({method!r}).Process(target=work, args=("one",))
        process.start(); process.join()
        """,
        "import multiprocessing",
        WORK.replace("import helper", "import hypothesis, yaml"),
    )
    packages = [package.partition("==")[0] for package in run.record["experiment"]["dependencies"]]
    assert "hypothesis" in packages and not any("unknown" in package for package in packages)


def test_what_a_worker_made_is_no_input(prepared):
    """Not even where it was read before anything else: it was made after the start of the run."""
    run = prepared(
        """
        process = multiprocessing.get_context("spawn").Process(target=work, args=("one",))
        process.start(); process.join()
        open("out_one.txt").read()
        """,
        "import multiprocessing",
        WORK,
    )
    assert "out_one.txt" not in run.named("input") and run.named("output") == ["out_one.txt"]


def test_executors_and_killed_workers(prepared):
    """Pools report, and a worker that is killed loses nothing that it opened."""
    run = prepared(
        """
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(work, "one").result()
        process = context.Process(target=die, args=("two",)); process.start(); process.join()
        """,
        "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor",
        WORK,
    )
    assert run.named("input") == ["in_one.txt", "in_two.txt"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_reports_and_does_not_end_the_run(prepared):
    """os.fork() without multiprocessing."""
    run = prepared(
        """
        child = os.fork()
        if not child:
            work("one"); os._exit(0)
        os.waitpid(child, 0)
        """,
        "",
        WORK,
    )
    assert run.named("input") == ["in_one.txt"]


@pytest.mark.parametrize("captured", [True, False])
def test_loky(prepared, captured):
    """Workers of joblib report where they import expkit, as for captured functions; else the record says what it lacks."""
    run = prepared(
        'Parallel(n_jobs=2)(delayed(task)(name) for name in ("one", "two"))',
        "from joblib import Parallel, delayed",
        WORK + ("\n@ex.capture" if captured else "") + "\ndef task(name): return work(name)",
    )
    if captured:
        assert run.named("input") == ["in_one.txt", "in_two.txt"] and run.record["unseen"] == []
    else:
        assert run.record["unseen"] == ["loky workers that do not import expkit"]


HELPER = """
import subprocess, sys
from expkit import Experiment

if "start" in sys.argv: subprocess.run(["true"])
open("in_one.txt").read()
"""


@pytest.mark.parametrize("argument", ["", "start"])
def test_a_python_program_that_reports_is_seen(prepared, argument):
    """It imports expkit, and is not said to be unseen; of two programs the silent one still is, and its programs are."""
    (prepared.path / "reports.py").write_text(HELPER)
    run = prepared(f"subprocess.run([sys.executable, 'reports.py', {argument!r}], check=True)", "import subprocess")
    assert run.named("input") == ["in_one.txt"]
    assert run.record["unseen"] == (["subprocess true"] if argument else [])
    body = f"for words in (['reports.py', {argument!r}], ['-c', '']): subprocess.run([sys.executable, *words])"
    name = os.path.basename(sys.executable).lower().removesuffix(".exe")
    assert f"subprocess {name}" in prepared(body, "import subprocess").record["unseen"]


OWN_RUN = """
from expkit import Experiment

open("in_two.txt").read()
ex = Experiment("own", observers=["elsewhere"])

@ex.automain
def main():
    open("in_one.txt").read()
    open("out.txt", "w").write("of the inner run")
"""


def test_a_program_with_a_run_of_its_own_keeps_its_files(prepared):
    """The run that started it claims neither what that run reads and writes nor its record, only what comes before it."""
    (prepared.path / "own.py").write_text(OWN_RUN)
    run = prepared("subprocess.run([sys.executable, 'own.py'], check=True)", "import subprocess")
    assert run.named("input") == ["in_two.txt"]
    assert run.named("output") == []
    inner = prepared.last("elsewhere")
    assert (inner.named("input"), inner.named("output")) == (["in_one.txt"], ["out.txt"])


@pytest.mark.skipif(os.name != "posix", reason="what is gone is not known elsewhere")
def test_what_a_killed_run_was_told_is_removed_by_the_next(prepared):
    """But nothing that belongs to a process that lives, or to another machine."""
    prepared(
        """
        process = multiprocessing.get_context("spawn").Process(target=work, args=("one",))
        process.start(); process.join(); os.kill(os.getpid(), 9)
        """,
        "import multiprocessing",
        WORK,
        code=-9,
    )
    (left,) = (prepared.path / "state/workers").iterdir()
    machine, _, uid = left.name.split("-")
    living, elsewhere = left.parent / f"{machine}-{os.getpid()}-{uid}", left.parent / f"00000000-1-{uid}"
    for other in (living, elsewhere):
        other.mkdir()
    prepared("pass")
    assert {*left.parent.iterdir()} == {living, elsewhere}


def test_nothing_is_left_behind(prepared):
    """What workers told is removed after the run, and its address is no longer in the environment."""
    run = prepared(
        """
        process = multiprocessing.get_context("spawn").Process(target=work, args=("one",))
        process.start(); process.join()
        atexit.register(lambda: print("LEFT", os.environ.get("EXPKIT_WORKER_FILES")))
        """,
        "import atexit, multiprocessing",
        WORK,
    )
    assert "LEFT None" in run.output
    assert not list((prepared.path / "state/workers").iterdir())
