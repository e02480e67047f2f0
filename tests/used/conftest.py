"""A run in a process of its own, and what its record says of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from types import SimpleNamespace

import pytest

HEAD = """
import os, sys
from expkit import Experiment
{imports}

ex = Experiment("used")

{functions}

@ex.main
def main(_run):
{body}

if __name__ == "__main__":
    ex.run_commandline()
"""


class Used(SimpleNamespace):
    """What one run used.

    Attributes:
        files: all (role, path) but sources, sorted.
        refs: the references by (role, path).
        record: the record's JSON.
        output: what the process printed.
    """

    def named(self, role):
        """Paths of a role, sorted."""
        return sorted(path for kind, path in self.refs if kind == role)


@pytest.fixture
def used(tmp_path, monkeypatch):
    """Run a body in ``main`` of a fresh script in a folder of its own; returns :class:`Used`."""
    monkeypatch.chdir(tmp_path)

    def run(body, imports="", functions="", arguments=(), code=0, env=None, measured=True):
        (tmp_path / "used.py").write_text(
            HEAD.format(
                imports=dedent(imports),
                functions=dedent(functions),
                body=indent(dedent(body).strip() or "pass", "    "),
            )
        )
        environment = {**os.environ, **(env or {})}
        if not measured:
            environment = {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}
        done = subprocess.run(
            [sys.executable, "used.py", *arguments], capture_output=True, text=True, timeout=60, env=environment
        )
        assert done.returncode == code, done.stdout + done.stderr
        return read(tmp_path, done)

    run.path = tmp_path
    run.last = lambda store="runs": read(tmp_path, store=store)
    return run


def read(folder, done=None, store="runs"):
    """What the last run in a folder's store says."""
    records = sorted(Path(folder, store).glob("[0-9]*/run.json"), key=lambda path: int(path.parent.name))
    record = json.loads(records[-1].read_text())
    refs = {
        (ref["role"], ref["path"]): SimpleNamespace(
            **{"layer": "user", "sha256": "", "size": 0, "changed": False, "kept": True, "root": "project", **ref}
        )
        for ref in record["files"]
    }
    return Used(record=record, refs=refs, output=done and done.stdout + done.stderr)
