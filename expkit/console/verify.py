"""Read everything that belongs to runs, and compare it with its hashes.

Usage:
  expkit verify [RUN...] [options]

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max; or questions that must all
       hold. Without it: all runs, also those in the trash.

Options:
  --json       Print one JSON document.
  --store=URL  Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Looked at are records, configs and their hashes, output and metrics, later facts, and the bytes of all files that are kept.
A line names each part that is missing, changed or unreadable; the exit code is 1 if there is one.

Examples:
  expkit verify
  expkit verify last
  expkit verify --store=s3://bucket/runs 'start > "7 days ago"'
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expkit.cli.terminal import is_terminal
from expkit.console import showing
from expkit.console.arguments import parse, runs_of, say_none
from expkit.readers.resolve import resolve_all
from expkit.readers.verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from expkit.readers.verifying import RunFault
    from expkit.types import Json


def main(argv: Sequence[str]) -> int:
    """Verify; return 0 if all is well, else 1.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
        QueryError: a question that cannot be read, or a field that no run has.
    """
    options = parse(__doc__, "verify", argv)
    if options is None:
        return 0
    runs = runs_of(options, trash=True)
    found = resolve_all(runs, options["RUN"]) if options["RUN"] else [runs.named(key) for key in runs.all_keys()]
    if not found:
        say_none(runs, options["RUN"])
    verifier = Verifier(runs.store)
    faults: list[RunFault] = []
    with _progress(len(found)) as step:
        for fault in verifier.check_all(found, step):
            faults.append(fault)
            if not options["--json"]:
                showing.say(_line(fault))
    if options["--json"]:
        showing.document(_tree(verifier, faults))
    else:
        showing.talk(_summary(verifier, faults))
    return 1 if faults else 0


def _line(found: RunFault) -> str:
    what, part, why = found.fault
    return f"run {found.id}: {showing.cell(part)} is {what}: {showing.cell(why)}"


def _summary(verifier: Verifier, faults: Sequence[RunFault]) -> str:
    read = f"{showing.counted(verifier.runs, 'run')}, {showing.counted(verifier.files, 'file')}, {showing.size(verifier.bytes)}"
    bad = len({found.uid for found in faults})
    if not bad:
        return f"{read}: all is well"
    return f"{read}: {showing.counted(len(faults), 'fault')} in {showing.counted(bad, 'run')}"


def _tree(verifier: Verifier, faults: Sequence[RunFault]) -> Json:
    rows = [{"id": found.id, "uid": found.uid, **found.fault._asdict()} for found in faults]
    return {"runs": verifier.runs, "files": verifier.files, "bytes": verifier.bytes, "faults": rows}


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A line that moves, where somebody looks at a terminal; told of each run that is done."""
    if not is_terminal(sys.stderr):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("runs"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as line:
        task = line.add_task("", total=total)
        yield lambda: line.update(task, advance=1)
