"""Print a file of a run, byte by byte: a source, an artifact, a resource, whatever the store keeps.

Usage:
  expkit cat [options] RUN FILE

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max.
  FILE  Its name, as `expkit files RUN` shows it; the last part will do where no other file has it.

Options:
  --role=ROLE  Where several files have the name: source, artifact, resource, input, output, environment, patch, untracked.
  --json       Print one JSON document: what is known of the file, and its text, or base64 where it is none.
  --store=URL  Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Examples:
  expkit cat 17 train.py
  expkit cat last model.pkl > model.pkl
  expkit cat 17 environment.txt
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.console.files import role_of
from expkit.readers.files import find_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.files import StoredFile
    from expkit.types import Json

_CHUNK = 1 << 20


def main(argv: Sequence[str]) -> int:
    """Print; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
        BlobNotFoundError: there is no such file, or only its hash is kept.
    """
    options = parse(__doc__, "cat", argv)
    if options is None:
        return 0
    role = role_of(options["--role"])
    file = find_file(run_of(options), options["FILE"], role)
    if options["--json"]:
        showing.document(_tree(file))
        return 0
    with file.open() as opened:
        while chunk := opened.read(_CHUNK):
            showing.put_bytes(chunk)
    return 0


def _tree(file: StoredFile) -> dict[str, Json]:
    from expkit.record.wire import file_to_json

    data = file.read_bytes()
    known: dict[str, Json] = dict(file_to_json(file.ref))
    try:
        return {**known, "text": data.decode()}
    except UnicodeDecodeError:
        from base64 import b64encode

        return {**known, "base64": b64encode(data).decode()}
