"""Give a run another name.

Usage:
  expkit rename RUN NAME [options]

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2 or best:max:metrics.acc.max.
  NAME  By which the run is called from now on; that of the experiment stays in the record.

Options:
  --author=NAME  Who says so; by default EXPKIT_AUTHOR, or the name of the login.
  --json         Print one JSON document.
  --store=URL    Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Examples:
  expkit rename last baseline
  expkit show baseline
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Rename; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "rename", argv)
    if options is None:
        return 0
    if not options["NAME"].strip():
        raise UsageError("a name without letters says nothing")
    run = run_of(options)
    before = run.name
    run.rename(options["NAME"], author=options["--author"])
    if options["--json"]:
        showing.document({"id": run.id, "uid": run.uid, "name": run.name, "before": before})
    else:
        showing.say(f"run {run.id}, {showing.cell(before)} before, is called {showing.cell(run.name)}")
    return 0
