"""Put runs into the trash, take them out of it, or delete them for good.

Usage:
  expkit rm RUN... [options]

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max; or questions that must all
       hold, such as state=FAILED 'start < "30 days ago"'.

Options:
  --restore      Take them out of the trash.
  --purge        Delete them for good, whether they are in the trash or not. Their files go with the next `expkit gc`.
  --yes          Do not ask before deleting for good.
  --force        Also runs that go on.
  --author=NAME  Who says so; by default EXPKIT_AUTHOR, or the name of the login.
  --json         Print one JSON object per line.
  --store=URL    Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Lists leave out what is in the trash; `expkit ls --trash` shows it, and `expkit gc` empties it. With several runs, nothing
happens unless all of them can be found.

Examples:
  expkit rm 17 18
  expkit rm state=FAILED 'start < "30 days ago"'
  expkit rm --restore 17
  expkit rm --purge --yes 17
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit.cli.terminal import emit
from expkit.console import showing
from expkit.console.arguments import parse, runs_of, say_none
from expkit.errors import DAMAGE, ExpkitError, RunNotFoundError, StoreError, UsageError
from expkit.readers.cleaning import is_going_on
from expkit.readers.resolve import label, resolve_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.readers.run import StoredRun

TRASHED, RESTORED, PURGED, UNCHANGED = "trashed", "restored", "purged", "unchanged"
"""What became of a run."""

_LISTED = 10


def main(argv: Sequence[str]) -> int:
    """Remove; return 0 if all of them could be, else 1.

    Raises:
        UsageError: the command line does not fit, there is no such store, or a run goes on.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "rm", argv)
    if options is None:
        return 0
    if options["--restore"] and options["--purge"]:
        raise UsageError("--restore takes runs out of the trash, --purge deletes them; only one can be meant")
    runs = runs_of(options, trash=options["--restore"] or options["--purge"])
    found = resolve_all(runs, options["RUN"])
    if not found:
        say_none(runs, options["RUN"])
        return 0
    if not (options["--restore"] or options["--force"]):
        _refuse_live(found)
    if options["--purge"] and not options["--yes"] and not _is_sure(found):
        return 1
    return _do(found, _deed(options), is_json=options["--json"])


def _deed(options: Mapping[str, Any]) -> Callable[[StoredRun], str]:
    """What is done to each run; it says what became of it."""
    author = options["--author"]
    if options["--restore"]:
        return lambda run: RESTORED if run.restore(author) else UNCHANGED
    purge, done = options["--purge"], PURGED if options["--purge"] else TRASHED

    def delete(run: StoredRun) -> str:
        if not options["--force"] and is_going_on(run.refresh()):  # it may have begun while somebody was asked
            raise StoreError("it goes on by now; stop it first, or add --force")
        return done if run.delete(purge=purge, force=True, author=author) else UNCHANGED

    return delete


def _do(found: Sequence[StoredRun], deed: Callable[[StoredRun], str], *, is_json: bool) -> int:
    """Do it to each; one that refuses does not hinder the others."""
    failed = 0
    for run in found:
        id = label(run)
        try:
            what = deed(run)
        except RunNotFoundError:  # somebody else was faster
            what = PURGED
        except ExpkitError as error:
            showing.talk(f"run {id}: {error}")
            failed = 1
            continue
        if is_json:
            showing.json_lines([{"id": run.id, "uid": run.uid, "what": what}])
        else:
            showing.say(_sentence(run, id, what))
    return failed


def _sentence(run: StoredRun, id: object, what: str) -> str:
    if what == UNCHANGED:
        return f"run {id} is in the trash already" if run.trashed else f"run {id} is not in the trash"
    return {
        TRASHED: f"run {id} is in the trash; expkit rm --restore {id} brings it back",
        RESTORED: f"run {id} is back",
        PURGED: f"run {id} is deleted",
    }[what]


def _refuse_live(found: Sequence[StoredRun]) -> None:
    live = [label(run) for run in found if is_going_on(run)]
    if live:
        names = ", ".join(live[:_LISTED])
        goes = f"run {names} goes on" if len(live) == 1 else f"runs {names} go on"
        raise UsageError(f"{goes}; stop it first, or add --force")


def _name(run: StoredRun) -> str:
    try:
        return showing.cell(run.name)
    except (ExpkitError, *DAMAGE):
        return "unreadable"


def _is_sure(found: Sequence[StoredRun]) -> bool:
    """Ask somebody at a terminal.

    Raises:
        UsageError: there is nobody to ask.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("--purge deletes for good, and there is nobody to ask; add --yes")
    names = ", ".join(f"{label(run)} ({_name(run)})" for run in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    emit(f"delete for good: {names}{more}? [y/N] ", sys.stderr)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
