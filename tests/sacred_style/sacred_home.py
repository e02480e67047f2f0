"""Sacred in a virtual environment of its own, built once and kept outside the checkout."""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

REQUIREMENTS = (
    "sacred==0.8.7",
    "setuptools<81",
    "numpy>=1.26",
    "pyyaml>=6",
    "tinydb",
    "tinydb-serialization",
    "hashfs",
)
"""What the scripts need under Sacred; it imports ``pkg_resources``, which newer setuptools do not have."""

DATABASES = ("pymongo>=4.8", "sqlalchemy>=2")
"""What Sacred needs beyond that to record into databases."""


def cache():
    """The folder where tests of several sessions keep what is costly to make."""
    default = Path(tempfile.gettempdir()) / f"expkit-tests-{os.getuid()}"
    folder = Path(os.environ.get("EXPKIT_TEST_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest(*parts):
    """A short name for everything that these texts and bytes say."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else part.encode())
        found.update(b"\0")
    return found.hexdigest()[:20]


@contextmanager
def alone(name):
    """Hold back the other processes that ask for the same name."""
    with (cache() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def python(*more):
    """The interpreter that has Sacred; installs it when it is not there yet.

    Args:
        more: requirements beyond those of the scripts.

    Raises:
        RuntimeError: it cannot be installed, with what pip said.
    """
    home = cache() / f"sacred-{digest(sys.version, *REQUIREMENTS, *more)}"
    with alone(home.name):
        if not (home / "complete").exists():
            _install(home, *more)
            (home / "complete").touch()
    return home / "bin" / "python"


def _install(home, *more):
    _run(sys.executable, "-m", "venv", "--clear", home)
    _run(home / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *REQUIREMENTS, *more)


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"Sacred, to which the scripts are compared, could not be installed:\n{done.stdout}")
