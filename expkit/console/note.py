"""Add a note to a run.

Usage:
  expkit note RUN [TEXT...] [options]

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2 or best:max:metrics.acc.max.
  TEXT  The note. Without it, what comes through a pipe; in a terminal the editor opens that VISUAL or EDITOR names.

Options:
  --author=NAME  Who says so; by default EXPKIT_AUTHOR, or the name of the login.
  --json         Print one JSON document.
  --store=URL    Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Notes stand beside the record, which never changes, with author and time. Nobody can take them back.
`expkit show RUN` shows the last ones, `expkit show RUN --all` all of them.

Examples:
  expkit note last "the loss jumps at step 900, see the plot"
  expkit note 17 < remarks.txt
  expkit note 17
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.errors import UsageError
from expkit.record.wire import annotation_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.run import StoredRun

_USUAL = {"nt": "notepad"}


def main(argv: Sequence[str]) -> int:
    """Note; return 0.

    Raises:
        UsageError: the command line does not fit, there is no such store, or nothing was written.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "note", argv)
    if options is None:
        return 0
    run = run_of(options)
    text = (" ".join(options["TEXT"]) if options["TEXT"] else _written(run)).strip()
    if not text:
        raise UsageError(f"nothing was written, so nothing was noted; type: expkit note {run.id} TEXT")
    run.note(text, author=options["--author"])
    if options["--json"]:
        showing.document({"id": run.id, "uid": run.uid, "note": annotation_to_json(run.notes[-1])})
    else:
        count, them = len(run.notes), "it" if len(run.notes) == 1 else "the last ones"
        showing.say(f"run {run.id} has {showing.counted(count, 'note')}; expkit show {run.id} shows {them}")
    return 0


def _written(run: StoredRun) -> str:
    """What comes through a pipe, or from an editor."""
    if sys.stdin is None:
        return ""
    return _edited(run) if sys.stdin.isatty() else sys.stdin.read()


def _edited(run: StoredRun) -> str:
    """What is left in an editor when it is closed."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="expkit-note-") as folder:
        path = os.path.join(folder, f"run-{os.path.basename(str(run.id))}.txt")
        with open(path, "w", encoding="utf-8"):
            pass
        _edit(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()


def _edit(path: str) -> None:
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _USUAL.get(os.name, "vi")
    words = [editor] if os.name == "nt" else shlex.split(editor)
    try:
        code = subprocess.run([*words, path], check=False).returncode
    except OSError as error:
        raise UsageError(
            f"the editor {editor} cannot be started ({error.strerror}); EDITOR names another one"
        ) from None
    if code:
        raise UsageError(f"the editor {editor} ended with exit code {code}, so nothing was noted")
