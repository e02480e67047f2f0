"""Fixtures for all tests."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

from expkit import SETTINGS, Experiment

from .processes import Processes

hypothesis.settings.register_profile("untimed", deadline=None)  # how quick something is, benchmarks say
hypothesis.settings.load_profile("untimed")

# Where the tests were started in the background, SIGINT is ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # and so is this one under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def state_of_late_threads(tmp_path_factory):
    """What works on when its test is over writes here, and not where the user's own runs are noted."""
    os.environ["EXPKIT_STATE"] = os.fspath(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    """Spools and default stores of a test are its own."""
    monkeypatch.setenv("EXPKIT_STATE", os.fspath(tmp_path / "state"))
    monkeypatch.delenv("EXPKIT_STORE", raising=False)


@pytest.fixture(autouse=True)
def own_sources(monkeypatch):
    """Runs in the process of the tests do not have all test modules as their sources; ``imported`` says that one has."""
    monkeypatch.setattr(SETTINGS, "DISCOVER_SOURCES", "none")


@pytest.fixture
def imported(own_sources, monkeypatch):
    """Runs in the process of the test have what is imported as their sources, as everywhere else."""
    monkeypatch.setattr(SETTINGS, "DISCOVER_SOURCES", "imported")


@pytest.fixture(scope="session")
def faults():
    """Whether the whole matrix of faults is wanted, instead of a sample of it (``.ci/run --faults``)."""
    return os.environ.get("EXPKIT_FAULTS") == "1"


@pytest.fixture
def experiment():
    """An experiment that nobody observes, with one entry and a main function that returns it."""
    made = Experiment("sample", interactive=True, observers=[])
    made.add_config(a=1)
    made.main(_main)
    return made


def _main(a):
    return a


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Run a script in a folder of its own; returns the finished process."""
    monkeypatch.chdir(tmp_path)

    def run(source, *arguments, **options):
        path = tmp_path / "script.py"
        path.write_text(source)
        options = {"capture_output": True, "text": True, "timeout": 60, **options}
        return subprocess.run([sys.executable, path.name, *arguments], cwd=tmp_path, **options)

    run.path = Path(tmp_path)
    return run


@pytest.fixture
def process(tmp_path):
    """Starts programs in processes of their own, in the folder of the test; what waits is scaled down there."""
    processes = Processes(tmp_path)
    yield processes
    processes.end()
