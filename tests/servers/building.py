"""Getting and building servers for tests, once per machine, into a cache folder outside of the repository."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

BUILD_LIMIT = 600
LONGEST = 300


class Missing(Exception):
    """A server cannot be had here; one sentence says why."""


class Recipe:
    """How to get a server.

    Args:
        name: of the server, as people know it.
        programs: that it needs, each with the Debian package that has it.
        inputs: files that it is built from; where they change, it is built anew.
        build: called with an empty folder, to fill it; raises ``Missing`` or ``CalledProcessError``.
    """

    def __init__(self, name, programs, inputs, build):
        self.name = name
        self._programs = programs
        self._inputs = inputs
        self._build = build

    def built(self):
        """The folder with the server, which is built first where that has not been done yet."""
        digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in self._inputs)).hexdigest()[:12]
        folder = cache() / f"{self.name}-{digest}"
        with locked(cache() / f"{self.name}.lock"):
            self._need_programs()
            if not folder.exists():
                self._build_into(folder)
        return folder

    def _build_into(self, folder):
        half = folder.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        try:
            self._build(half)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "output", None) or b"").decode(errors="replace").strip()
            raise Missing(f"{self.name} could not be built: {error} {said[-LONGEST:]}") from error
        half.rename(folder)

    def _need_programs(self):
        lacking = {program: package for program, package in self._programs.items() if not program_at(program)}
        if lacking:
            with locked(cache() / "apt.lock"):
                _install(set(lacking.values()))
        still = [program for program in lacking if not program_at(program)]
        if still:
            raise Missing(f"{self.name} needs {', '.join(still)}; install the package {lacking[still[0]]}")


def program_at(name):
    """Where a program is, on the PATH or where Debian hides servers; None if it is nowhere."""
    hidden = ["/usr/sbin", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(hidden))


def _install(packages):
    """Install Debian packages, where this is Debian and we may."""
    if os.geteuid() or not shutil.which("apt-get"):
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *sorted(packages)]):
        with contextlib.suppress(subprocess.SubprocessError):
            subprocess.run(["apt-get", *command], env=environment, capture_output=True, timeout=BUILD_LIMIT)


def cache():
    """The folder where servers are kept."""
    folder = Path(os.environ.get("EXPKIT_TEST_SERVERS") or Path.home() / ".cache" / "expkit-tests" / "servers")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(path):
    """Only one process at a time."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def call(*command, cwd):
    """Run a program to its end; what it says is in the error where it fails."""
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BUILD_LIMIT)
