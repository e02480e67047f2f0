"""List the files of a run: sources, artifacts, resources, data that it read, files that it wrote.

Usage:
  expkit files [options] RUN

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max.

Options:
  --role=ROLE  Only these: source, artifact, resource, input, output, environment, patch, untracked.
  --json       Print one JSON object per line.
  --store=URL  Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Of files that are not kept the store has the hash alone.

Examples:
  expkit files 17
  expkit files last --role=artifact
  expkit files 17 --json | jq -r .sha256
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean
from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.errors import UsageError
from expkit.readers.files import ROLES, files_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL_ROLES = (*ROLES, "environment", "patch", "untracked")
"""Roles that a file may have."""

_SHORT_HASH = 12


def main(argv: Sequence[str]) -> int:
    """List; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "files", argv)
    if options is None:
        return 0
    role = role_of(options["--role"])
    run = run_of(options)
    files = [file for file in files_of(run) if role in ("", file.ref.role)]
    if options["--json"]:
        from expkit.record.wire import file_to_json

        showing.json_lines(file_to_json(file.ref) for file in files)
        return 0
    rows = [
        (
            file.ref.role,
            showing.escaped(file.name),
            showing.size(file.size),
            _hash(file.sha256 or file.ref.md5),
            "yes" if file.kept else "no",
        )
        for file in files
    ]
    if rows:
        showing.table(("role", "name", "size", "hash", "kept"), rows, right=["size"])
    else:
        showing.talk(f"run {run.id} has no such files" if role else f"run {run.id} has no files")
    return 0


def role_of(text: str | None) -> str:
    """The role that was typed; ``""`` where none was.

    Raises:
        UsageError: files have no such role.
    """
    if text and text not in ALL_ROLES:
        raise UsageError(f"there is no role {text!r}{did_you_mean(text, ALL_ROLES)}; roles: {', '.join(ALL_ROLES)}")
    return text or ""


def _hash(digest: str) -> str:
    return showing.escaped(digest)[:_SHORT_HASH]
