"""Print the JSON Schema of records, or of what a command prints with --json.

Usage:
  expkit schema [NAME] [--json]
  expkit schema --list [--json]

Arguments:
  NAME  record, or a command: diff, du, ... [default: record]

Options:
  --list  Print the names that there are.
  --json  Print the list as JSON, too; a schema is JSON anyway.

Of commands that print one JSON object per line, the schema is that of a line.

Examples:
  expkit schema > record.schema.json
  expkit schema verify
  expkit schema --list
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from expkit import record
from expkit._support.nearest import did_you_mean
from expkit.console import showing
from expkit.console.arguments import parse
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = "record"

_FOLDER = Path(__file__).with_name("schemas")
_OF_RECORDS = Path(record.__file__).with_name("record-v1.schema.json")


def main(argv: Sequence[str]) -> int:
    """Print a schema; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such schema.
    """
    options = parse(__doc__, "schema", argv)
    if options is None:
        return 0
    known = names()
    if options["--list"]:
        showing.document(known) if options["--json"] else showing.say(*known)
        return 0
    name = options["NAME"] or RECORD
    if name not in known:
        raise UsageError(f"there is no schema {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}")
    showing.put(_path(name).read_text("utf-8"))
    return 0


def names() -> list[str]:
    """What there are schemas of."""
    return [RECORD, *sorted(path.stem for path in _FOLDER.glob("*.json"))]


def _path(name: str) -> Path:
    return _OF_RECORDS if name == RECORD else _FOLDER / f"{name}.json"
