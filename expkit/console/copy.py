"""Copy runs from one store into another: from a folder into a database, from Sacred's records into ours.

Usage:
  expkit copy SRC DST [WHERE...] [--json]

Arguments:
  SRC, DST   Paths or URLs of stores: runs, folder:runs, tinydb:runs_db, mongodb://HOST/DATABASE, ...
  WHERE      Which runs: ids, names, last, ~ and the beginning of a uid; or questions that must all hold, such as
             state=COMPLETED 'config.lr < 0.1' tags=good 'name ~ "digits*" and start > "2 days ago"'. Without it: all.

Options:
  --json     Print one JSON document: source, target, and runs with uid, source_id, id, what and problems.

It can be stopped at any time and called again: what is there already is not sent again. Runs that go on are copied as
far as they are, and completed when it is called again. Runs keep their ids where these are free. Until a run is whole
its status is COPYING.

What cannot be copied is named, a line each, and the exit code is 1; it is 0 if everything that was asked for is there.

Examples:
  expkit copy runs sqlite:///runs.db
  expkit copy runs mongodb://HOST/lab state=COMPLETED 'metrics.acc.max > 0.9'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console.arguments import check_there, parse
from expkit.console.moving import move, show, show_json
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.stores.base import RunStore


def main(argv: Sequence[str]) -> int:
    """Copy; return 0 if all that was asked for is there, else 1.

    Raises:
        UsageError: the command line does not fit.
    """
    options = parse(__doc__, "copy", argv)
    if options is None:
        return 0
    src, dst = _source(options["SRC"]), open_store(options["DST"])
    report = move(src, dst, options["WHERE"])
    (show_json if options["--json"] else show)(report, src, dst)
    return 1 if report.problems else 0


def _source(url: str) -> RunStore:
    store = open_store(url)
    check_there(store, way_out="")
    return store
