"""Give a run another name.

Usage:
  expkit rename RUN NAME [options]

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2 or best:max:metrics.acc.max.
  NAME  By which the run is called from now on; that of the experiment stays in the record. What has a meaning already,
        such as last or the id of another run, goes on meaning that.

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
from expkit.console.arguments import parse, runs_of
from expkit.errors import ExpkitError, UsageError
from expkit.readers.resolve import is_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs


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
    runs = runs_of(options)
    run = runs[options["RUN"]]
    before = run.name
    run.rename(options["NAME"], author=options["--author"])
    if options["--json"]:
        showing.document({"id": run.id, "uid": run.uid, "name": run.name, "before": before})
    else:
        showing.say(f"run {run.id}, {showing.cell(before)} before, is called {showing.cell(run.name)}")
    _say_hidden(runs, run)
    return 0


def _say_hidden(runs: Runs, run: StoredRun) -> None:
    """Say why the run cannot be called by its new name, if it cannot."""
    name = showing.cell(run.name)
    try:
        found = runs[run.name]
    except ExpkitError as error:
        why = str(error)
    else:
        if found == run and not is_reference(run.name):
            return
        why = f"{name} means run {found.id}" if found != run else f"{name} has a meaning of its own"
    showing.talk(f"{showing.escaped(why)}; run {run.id} is called by its id, not by this name")
