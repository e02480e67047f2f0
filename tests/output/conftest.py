from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
START = """
import os, sys, subprocess, threading, time
from pathlib import Path
from expkit.run.output.capture import capture, read_text
path, mode = Path(sys.argv[1]), sys.argv[2]
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cout.txt"


@pytest.fixture
def script(tmp_path, path):
    """Starts a program in a process of its own; it has ``path`` and ``mode``: ``script(text, mode)``."""
    count = iter(range(100))

    def start(text, mode="fd", **options):
        program = tmp_path / f"program{next(count)}.py"
        program.write_text(START + text)
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        env["EXPKIT_FAULTS"] = os.environ.get("EXPKIT_FAULTS", "")
        if "RLIMIT_FSIZE" in text:  # would hit the files of a coverage measurement, too
            env = {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}
        env["PYTHONPATH"] = str(HOME)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True, **options}
        return subprocess.Popen([sys.executable, str(program), str(path), mode], env=env, **options)

    return start


@pytest.fixture
def run(script):
    """Runs such a program to its end and returns what it printed."""

    def start(text, mode="fd", **options):
        process = script(text, mode, **options)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        return (out or b"").decode(errors="replace")

    return start
