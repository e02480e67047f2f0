"""Add tags to a run, or remove some.

Usage:
  expkit tag RUN [TAG...] [options]

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2 or best:max:metrics.acc.max.
  TAG  Any text; -TAG removes it. Without one, the tags are shown. Behind -- a dash is the beginning of the tag itself.

Options:
  --remove       Remove all these tags.
  --author=NAME  Who says so; by default EXPKIT_AUTHOR, or the name of the login.
  --json         Print one JSON document.
  --store=URL    Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Tags stand beside the record, which never changes, with author and time: two people may tag a run at once.

Examples:
  expkit tag last baseline
  expkit tag 17 baseline -draft
  expkit tag best:max:metrics.acc.max candidate
  expkit tag 17 --remove baseline
  expkit tag 17 -- -5
  expkit ls '"baseline" in tags'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Tag; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    away, words = _parted(argv)
    options = parse(__doc__, "tag", words)
    if options is None:
        return 0
    added = [] if options["--remove"] else options["TAG"]
    away += options["TAG"] if options["--remove"] else []
    if not all([*added, *away]):
        raise UsageError("a tag without letters says nothing")
    run = run_of(options)
    run.tag(*added, author=options["--author"])
    run.untag(*(tag for tag in away if tag in run.tags), author=options["--author"])
    if options["--json"]:
        showing.document({"id": run.id, "uid": run.uid, "tags": list(run.tags)})
    else:
        showing.say(f"run {run.id}: {', '.join(map(showing.cell, run.tags)) or 'no tags'}")
    return 0


def _parted(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tags that are to be removed, and the other words: for docopt, ``-TAG`` would be options."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    away = [word for word in argv[:end] if word.startswith("-") and not word.startswith("--") and word != "-h"]
    return [word[1:] for word in away], [*(word for word in argv[:end] if word not in away), *argv[end:]]
