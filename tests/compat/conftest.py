"""Old names that are forgotten after each test, and scripts in folders of their own."""

import importlib
import os
import subprocess
import sys

import pytest

import expkit.compat.sacred
from expkit import SETTINGS
from expkit.run.inputs import RunInputs

from .. import console

SETTINGS.CONFIG.NEW_KEYS = "refuse"  # what the import sets would hold for all other tests of this process


@pytest.fixture
def sacred(monkeypatch):
    """The module ``sacred`` as ours, for one test."""
    from expkit.cli import options
    from expkit.provenance.machine import host

    before = dict(sys.modules)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(RunInputs, "stands_for", None)
    monkeypatch.setitem(SETTINGS.CONFIG._values, "NEW_KEYS", SETTINGS.CONFIG.NEW_KEYS)
    for name in [name for name in before if _is_old(name)]:
        del sys.modules[name]
    importlib.import_module("expkit.compat.sacred")
    yield importlib.import_module("sacred")
    for name in [name for name in sys.modules if _is_old(name)]:
        del sys.modules[name]
    options.OPTIONS_OF_ALL.clear()
    host.GATHERERS_OF_ALL.clear()
    sys.modules.update({name: module for name, module in before.items() if _is_old(name)})


def _is_old(name):
    return name.split(".")[0] == "sacred" or name.startswith("expkit.compat.sacred")


@pytest.fixture
def python(tmp_path):
    """Run Python in the test's folder, with words behind it; returns the finished process."""

    def run(*words, path=(), **options):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), str(console.ROOT)])}
        environment.pop("PYTHONWARNINGS", None)
        options = {"capture_output": True, "text": True, "timeout": 120, "cwd": tmp_path, **options}
        return subprocess.run([sys.executable, *map(str, words)], env=environment, **options)

    return run


@pytest.fixture
def sacred_run(python):
    """Run a script through the runner."""
    return lambda *words, **options: python("-m", "expkit.compat.sacred", *words, **options)


@pytest.fixture
def write(tmp_path):
    """Write files into the test's folder: path to text."""

    def files(texts):
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return files
