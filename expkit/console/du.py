"""Say how many bytes runs have, the biggest first.

Usage:
  expkit du [WHERE...] [options]

Arguments:
  WHERE  Ids of runs, or questions that must all hold: state=FAILED 'start < "30 days ago"'. Without it: all runs.

Options:
  --limit=N    At most so many runs; the total is still that of all.
  --json       Print one JSON document, with all runs.
  --store=URL  Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

A run has its record, what it printed, 32 bytes for each metric point, and its kept files. Files that several runs have are
kept once, and counted once in the total. Databases and disks add their own. Runs in the trash are among them.

Examples:
  expkit du
  expkit du --limit=10
  expkit du state=FAILED
  expkit du 'exists(trash)'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import number, parse, runs_of, say_none
from expkit.readers.resolve import resolve_all
from expkit.readers.sizes import measured, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.sizes import Measured, RunSize
    from expkit.types import Json

_TITLES = ["id", "name", "record", "output", "points", "files", "total"]
_NUMBERS = _TITLES[2:]


def main(argv: Sequence[str]) -> int:
    """Measure; return 0, or 1 if a run cannot be read.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
        QueryError: a question that cannot be read, or a field that no run has.
    """
    options = parse(__doc__, "du", argv)
    if options is None:
        return 0
    limit = number(options, "--limit")
    runs = runs_of(options, trash=True)
    bad: list[str] = []
    chosen = resolve_all(runs, options["WHERE"]) if options["WHERE"] else runs
    found = measured(chosen, lambda run, error: bad.append(f"run ~{run.uid} cannot be read: {error}"))
    for line in bad:
        showing.talk(showing.escaped(line))
    sizes = [run.size for run in found]
    if options["--json"]:
        each = sum(size.total for size in sizes)
        showing.document({"runs": [_tree(run) for run in found], "total": together(sizes), "unshared": each})
    elif found:
        _show(found[:limit], sizes)
    else:
        say_none(runs, options["WHERE"])
    return 1 if bad else 0


def _show(found: Sequence[Measured], sizes: Sequence[RunSize]) -> None:
    rows = [_row(run) for run in found]
    showing.table(_TITLES, [*rows, _last_row(sizes)], right=_NUMBERS)
    each, all_of_them = sum(size.total for size in sizes), together(sizes)
    if each > all_of_them:
        showing.talk(f"what several runs have is counted once in the total; without that it would be {_size(each)}")


def _row(run: Measured) -> list[str]:
    size = run.size
    parts = (size.record, size.output, size.points, sum(size.files.values()), size.total)
    mark = " (trash)" if run.trashed else ""
    return [str(size.id), f"{showing.cell(run.name)}{mark}", *map(_size, parts)]


def _last_row(sizes: Sequence[RunSize]) -> list[str]:
    sums = [sum(getattr(size, part) for size in sizes) for part in ("record", "output", "points")]
    total = together(sizes)
    return ["total", showing.counted(len(sizes), "run"), *map(_size, [*sums, total - sum(sums), total])]


def _size(count: int) -> str:
    return showing.size(count) if count else "-"


def _tree(run: Measured) -> Json:
    size = run.size
    parts: dict[str, Any] = {part: getattr(size, part) for part in ("record", "output", "points")}
    files = {"files": sum(size.files.values()), "total": size.total}
    return {"id": size.id, "uid": size.uid, "name": run.name, "trash": run.trashed, **parts, **files}
