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

from expkit._support.named import NamedTuple
from expkit.console import showing
from expkit.console.arguments import number, parse, runs_of, say_none
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError
from expkit.readers.resolve import resolve_all
from expkit.readers.sizes import size_of, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.sizes import RunSize
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
    found, bad = _measured(resolve_all(runs, options["WHERE"]) if options["WHERE"] else runs)
    sizes = [run.size for run in found]
    if options["--json"]:
        each = sum(size.total for size in sizes)
        showing.document({"runs": [_tree(run) for run in found], "total": together(sizes), "unshared": each})
    elif found:
        _show(found[:limit], sizes)
    elif options["WHERE"]:
        say_none(runs, options["WHERE"])
    else:
        showing.talk(f"no runs in {runs.place}")
    return bad


class _Measured(NamedTuple):
    """What is shown of a run."""

    name: str
    trashed: bool
    size: RunSize


def _measured(runs: Iterable[StoredRun]) -> tuple[list[_Measured], int]:
    """Runs with their sizes, the biggest first, and 1 if some cannot be read, which is said."""
    found, bad = [], 0
    for run in runs:
        try:
            found.append(_Measured(run.name, run.trashed is not None, size_of(run)))
        except RunNotFoundError:  # deleted meanwhile
            continue
        except (ExpkitError, *DAMAGE) as error:
            showing.talk(f"run ~{run.uid} cannot be read: {error}")
            bad = 1
    return sorted(found, key=lambda run: -run.size.total), bad


def _show(found: Sequence[_Measured], sizes: Sequence[RunSize]) -> None:
    rows = [_row(run) for run in found]
    showing.table(_TITLES, [*rows, _last_row(sizes)], right=_NUMBERS)
    each, all_of_them = sum(size.total for size in sizes), together(sizes)
    if each > all_of_them:
        showing.talk(f"what several runs have is counted once in the total; without that it would be {_size(each)}")


def _row(run: _Measured) -> list[str]:
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


def _tree(run: _Measured) -> Json:
    size = run.size
    parts: dict[str, Any] = {part: getattr(size, part) for part in ("record", "output", "points")}
    files = {"files": sum(size.files.values()), "total": size.total}
    return {"id": size.id, "uid": size.uid, "name": run.name, "trash": run.trashed, **parts, **files}
