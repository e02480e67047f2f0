"""Open the folder of a run, or one of its files, in the program that the desktop has for it.

Usage:
  expkit open [options] RUN [FILE]

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max.
  FILE  Its name, as `expkit files RUN` shows it; the last part will do where no other file has it.

Options:
  --print      Only print the path.
  --role=ROLE  Where several files have the name: source, artifact, resource, input, output, environment, patch, untracked.
  --json       Print one JSON document: the path, and whether it was opened.
  --store=URL  Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

The path is printed, too. Where there is no desktop, nothing more happens. What does not lie on this machine as a file of
its own is copied into a temporary folder, which stays until you remove it. Of a run in a database all kept files are.

Examples:
  expkit open 17
  expkit open last plot.png
  cd "$(expkit open --print last)"
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.console.files import role_of
from expkit.readers.files import files_of, find_file, folder_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.files import StoredFile
    from expkit.readers.run import StoredRun

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


def main(argv: Sequence[str]) -> int:
    """Open; return 0, or 1 if the desktop refuses.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
        BlobNotFoundError: there is no such file, or only its hash is kept.
    """
    options = parse(__doc__, "open", argv)
    if options is None:
        return 0
    role = role_of(options["--role"])
    run = run_of(options)
    path = _file(find_file(run, options["FILE"], role)) if options["FILE"] else _folder(run)
    program = None if options["--print"] else _program()
    opened = program is not None and _start(program, path)
    if options["--json"]:
        showing.document({"path": str(path), "opened": opened})
    else:
        showing.say(showing.safe(str(path)))
    if program is not None and not opened:
        showing.talk(f"{program} cannot open it")
    return 1 if program is not None and not opened else 0


def _folder(run: StoredRun) -> Path:
    """The folder of a run, or one with copies of its files."""
    folder = folder_of(run.store, run.id)
    if folder is not None:
        return folder
    made = _made()
    for file in files_of(run):
        if file.kept:
            _copied(file, made / file.ref.role)
    return made


def _file(file: StoredFile) -> Path:
    """Where a file lies under its own name, or a copy."""
    return file.shown() or _copied(file, _made())


def _copied(file: StoredFile, folder: Path) -> Path:
    path = folder.joinpath(*file.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return file.save(path)


def _made() -> Path:
    from tempfile import mkdtemp

    return Path(mkdtemp(prefix="expkit-"))


def _program() -> str | None:
    """The desktop's program for opening things; None where there is no desktop."""
    if sys.platform == "win32":
        return "explorer"
    if sys.platform == "darwin":
        return "open"
    from shutil import which

    return which("xdg-open") if any(os.environ.get(name) for name in _SCREENS) else None


def _start(program: str, path: Path) -> bool:
    """Whether the program took it."""
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 - it is what the desktop does
        return True
    from subprocess import DEVNULL, run

    return run([program, str(path)], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, check=False).returncode == 0
