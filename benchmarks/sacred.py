"""An interpreter with Sacred 0.8.7, in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = ("sacred==0.8.7", "setuptools<81", "numpy")


def interpreter() -> Path | None:
    """Make the environment if it is not there yet; None, and a word on stderr, where that cannot be done."""
    home = _cache() / f"sacred-0.8.7-py{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = home / "ready"
    if ready.exists():
        return python
    print(f"installing Sacred 0.8.7 into {home} ...", file=sys.stderr)
    try:
        venv.create(home, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no Sacred to compare with: {error}", file=sys.stderr)
        return None
    ready.touch()
    return python


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "expkit-benchmarks"
