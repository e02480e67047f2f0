from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path):
    """Starts a Python program in a process of its own: ``script(text, *arguments)``."""

    def start(text, *arguments, **options):
        path = tmp_path / "program.py"
        path.write_text(text)
        # measuring coverage takes a lock that signal handlers cannot stand
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        env["PYTHONPATH"] = str(HOME)
        return subprocess.Popen([sys.executable, str(path), *map(str, arguments)], env=env, text=True, **options)

    return start
