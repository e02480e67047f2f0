"""Incense in a virtual environment of its own, built once and kept outside the checkout."""

import subprocess
import sys

from ..sacred_style.sacred_home import alone, cache, digest

_NEEDS = ("sacred==0.8.7", "setuptools<81", "pymongo>=4.8", "pandas", "pyrsistent", "jsonpickle", "ipython")
_INCENSE = "incense==0.0.15"
"""It asks for all of Jupyter, and uses IPython only."""


def python():
    """The interpreter that has Incense; installs it when it is not there yet."""
    home = cache() / f"incense-{digest(sys.version, _INCENSE, *_NEEDS)}"
    with alone(home.name):
        if not (home / "complete").exists():
            _run(sys.executable, "-m", "venv", "--clear", home)
            _pip(home, *_NEEDS)
            _pip(home, "--no-deps", _INCENSE)
            (home / "complete").touch()
    return home / "bin" / "python"


def _pip(home, *arguments):
    _run(home / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments)


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"Incense, which is to show runs, could not be installed:\n{done.stdout}")
