"""What a fresh process loads: start-up time is mostly the time to load modules."""

from __future__ import annotations

import json
import subprocess
import sys

OPTIONAL = {"git", "jsonpickle", "numpy", "pandas", "pymongo", "rich", "sqlalchemy", "tinydb", "wrapt", "yaml"}
"""Libraries that only those runs pay for that use them."""

COSTLY = {
    "asyncio",
    "concurrent.futures",
    "copy",
    "dataclasses",
    "difflib",
    "hashlib",
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
    "zlib",
}
"""Modules of the standard library that take milliseconds, and that few runs need."""

RARE = {
    "expkit.cli.commands",
    "expkit.cli.failures",
    "expkit.cli.values",
    "expkit.config.files",
    "expkit.provenance.machine.gathering",
    "expkit.provenance.git.asking",
    "expkit.provenance.git.changes",
    "expkit.provenance.machine.gpu_watch",
    "expkit.provenance.machine.gpus",
    "expkit.provenance.files.hashes",
    "expkit.provenance.files.places",
    "expkit.provenance.files.programs",
    "expkit.provenance.machine.usage",
    "expkit.record.arrays",
    "expkit.record.decoding",
    "expkit.run.recording.lanes",
    "expkit.run.recording.overdue",
    "expkit.run.recording.owed",
    "expkit.run.output.filtering",
    "expkit.run.output.raw",
    "expkit.run.output.tee",
    "expkit.run.used.files",
    "expkit.run.used.ledger",
    "expkit.stores.base",
    "expkit.stores.disk.points",
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
print(json.dumps(sorted(set(sys.modules) - before)), flush=True)
"""


def test_defining_an_experiment_loads_next_to_nothing(tmp_path):
    """Neither optional libraries nor what only a run needs is loaded with Experiment and Ingredient."""
    source = "import sys, json\nb = set(sys.modules)\nfrom expkit import Experiment, Ingredient\nprint(json.dumps(sorted(set(sys.modules) - b)))"
    loaded = _loaded(tmp_path, "-c", source)
    assert "expkit.experiment" in loaded
    assert not loaded & (OPTIONAL | COSTLY | RARE | {"docopt", "importlib", "logging", "pathlib", "psutil", "typing"})
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


def test_output_into_a_file_is_no_input_of_the_run(tmp_path):
    """Who only prints uses no files, wherever that goes: what looks into files is not even loaded."""
    (tmp_path / "hello.py").write_text(HELLO)
    with open(tmp_path / "printed", "wb") as printed:
        subprocess.run([sys.executable, "hello.py"], cwd=tmp_path, stdout=printed, stderr=subprocess.PIPE, check=True)
    loaded = set(json.loads((tmp_path / "printed").read_text().splitlines()[-1]))
    assert "expkit.run.output.tees" in loaded
    assert not loaded & RARE
    assert not {"input", "output"} & {
        file["role"] for file in json.loads((tmp_path / "runs/1/run.json").read_text())["files"]
    }


def _loaded(cwd, *arguments):
    """Names of the modules that a script in a new process tells in its last line."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))
