"""What a fresh process loads: start-up time is mostly the time to load modules."""

from __future__ import annotations

import json
import subprocess
import sys

OPTIONAL = {"git", "jsonpickle", "numpy", "pandas", "pymongo", "rich", "tinydb", "wrapt", "yaml"}
"""Libraries that only those runs pay for that use them."""

COSTLY = {
    "asyncio",
    "concurrent.futures",
    "dataclasses",
    "difflib",
    "importlib.metadata",
    "inspect",
    "lzma",
    "mimetypes",
    "multiprocessing",
    "platform",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
}
"""Modules of the standard library that take milliseconds, and that few runs need."""

RARE = {
    "expkit.cli.commands",
    "expkit.cli.failures",
    "expkit.config.files",
    "expkit.provenance.machine.gathering",
    "expkit.provenance.git.asking",
    "expkit.provenance.git.changes",
    "expkit.provenance.machine.gpu_watch",
    "expkit.provenance.machine.gpus",
    "expkit.provenance.machine.usage",
    "expkit.record.decoding",
    "expkit.run.recording.lanes",
    "expkit.run.recording.overdue",
    "expkit.run.recording.owed",
    "expkit.run.output.raw",
    "expkit.run.output.tee",
    "expkit.stores.folder.points",
    "expkit.stores.folder.sacred",
}
"""Our own modules for what the smallest experiment does not do."""

HELLO = """
import json
import sys

before = set(sys.modules)
from expkit import Experiment

ex = Experiment("hello")

@ex.config
def config():
    name = "world"
    message = f"Hello, {name}!"

@ex.main
def main(message):
    print(message)

ex.run_commandline(["hello.py"])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_defining_an_experiment_loads_next_to_nothing(tmp_path):
    """Neither optional libraries nor what only a run needs is loaded with Experiment and Ingredient."""
    source = "import sys, json\nb = set(sys.modules)\nfrom expkit import Experiment, Ingredient\nprint(json.dumps(sorted(set(sys.modules) - b)))"
    loaded = _loaded(tmp_path, "-c", source)
    assert "expkit.experiment" in loaded
    assert not loaded & (OPTIONAL | COSTLY | RARE | {"docopt", "logging", "pathlib", "psutil", "typing"})
    assert not any(
        name.startswith(("expkit.config", "expkit.observers", "expkit.provenance", "expkit.stores")) for name in loaded
    )


def test_a_run_loads_what_it_needs(tmp_path):
    """The smallest recorded run loads no optional library, and no module for what it does not do."""
    script = tmp_path / "hello.py"
    script.write_text(HELLO)
    loaded = _loaded(tmp_path, str(script))
    assert "expkit.stores.folder.store" in loaded
    assert (tmp_path / "runs/1/cout.txt").read_text() == "Hello, world!\n"
    elsewhere = set() if sys.platform == "linux" else {"platform", "psutil"}  # there is no /proc to ask
    assert not loaded & ((OPTIONAL | COSTLY | RARE | {"docopt", "psutil"}) - elsewhere)


def _loaded(cwd, *arguments):
    """Names of the modules that a script in a new process tells in its last line."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))
