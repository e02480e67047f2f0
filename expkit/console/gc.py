"""Empty the trash, and remove files that no run names.

Usage:
  expkit gc [options]

Options:
  --older=TIME  Runs go that lie in the trash for so long: 30d, 12h, 0 [default: 30d].
  --grace=TIME  Files stay that are younger: a run may be about to name them [default: 1d].
  --dry-run     Say what would go, and remove nothing.
  --json        Print one JSON document.
  --store=URL   Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Files of deleted runs that other runs name, too, stay. The number of files is that of those that no run named before.

Examples:
  expkit gc --dry-run
  expkit gc
  expkit gc --older=0 --grace=0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import parse, runs_of
from expkit.errors import UsageError
from expkit.readers.cleaning import gc
from expkit.record.times import duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs
    from expkit.types import Json


def main(argv: Sequence[str]) -> int:
    """Clean up; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        FormatError: a run cannot be read, so nobody knows which files it names.
    """
    options = parse(__doc__, "gc", argv)
    if options is None:
        return 0
    older, grace = _seconds(options, "--older"), _seconds(options, "--grace")
    runs = runs_of(options)
    dry = options["--dry-run"]
    old, files, size = gc(runs, older, grace, dry_run=dry)
    if options["--json"]:
        showing.document({"dry_run": dry, "runs": [_row(run) for run in old], "bytes": size, "files": files})
    else:
        showing.say(*(_line(run, dry=dry) for run in old), _summary(runs, len(old), files, size))
    return 0


def _seconds(options: Mapping[str, Any], name: str) -> float:
    found = duration(options[name])
    if found is None:
        raise UsageError(f"{name}={options[name]} is no time; {name}=12h and {name}=30d are times")
    return found


def _row(run: StoredRun) -> Json:
    since = run.trashed.time.isoformat() if run.trashed else None
    return {"id": run.id, "uid": run.uid, "name": run.name, "trashed": since}


def _line(run: StoredRun, *, dry: bool) -> str:
    since = f", in the trash since {showing.moment(run.trashed.time)}" if run.trashed else ""
    return f"run {run.id} ({showing.cell(run.name)}){since}, {'would go' if dry else 'is deleted'}"


def _summary(runs: Runs, count: int, files: int, size: int | None) -> str:
    other = "other file" if count else "file"
    what = f"{showing.counted(count, 'run')} from the trash and {showing.counted(files, other)} that no run names"
    if size is None:
        return f"{what} removed from {runs.place}"
    more = f"; the runs have {showing.size(size)} that no other run has" if count else ""
    return f"{what} would be removed from {runs.place}{more}"
