"""Show what differs between any number of runs, a column for each.

Usage:
  expkit compare RUN... [options]

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max; or questions that must all
       hold, such as 'config.lr < 0.1' state=COMPLETED.

Options:
  --only=LIST  Parts, separated by commas: asked, config, sources, packages, git, host, inputs, result, metrics.
  --sort=LIST  Fields to order the runs by, - in front: the greatest first: -metrics.acc.max.
  --limit=N    At most so many runs [default: 12].
  --json       Print one JSON document.
  --store=URL  Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

A fact that is the same in all of them is left out, and one that a run lacks is a dash.

Examples:
  expkit compare 17 18 19
  expkit compare '"baseline" in tags' --only=config,result
  expkit compare state=COMPLETED --sort=-metrics.acc.max --limit=5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import listed, number, parse, runs_of, say_none
from expkit.console.sections import SECTIONS, chosen, show_section
from expkit.readers.comparing import compare
from expkit.readers.resolve import resolve_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.readers.comparing import Comparison
    from expkit.readers.run import StoredRun


def main(argv: Sequence[str]) -> int:
    """Compare; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
        QueryError: a question that cannot be read, or a field that no run has.
    """
    options = parse(__doc__, "compare", argv)
    if options is None:
        return 0
    sections = chosen(options["--only"])
    limit = number(options, "--limit")
    runs = _runs(options)
    if not runs:
        say_none(runs_of(options), options["RUN"])
    if limit is not None and len(runs) > limit:
        showing.talk(f"of {len(runs)} runs the first {limit} are compared; --limit=N and --sort=LIST choose others")
    found = compare(runs[:limit])
    if options["--json"]:
        tree: Any = found.to_json()
        showing.document({**tree, "rows": [row for row in tree["rows"] if row["section"] in sections]})
    elif found.runs:
        _show(found, sections)
    return 0


def _runs(options: Mapping[str, Any]) -> list[StoredRun]:
    runs = runs_of(options)
    found = resolve_all(runs, options["RUN"])
    if not options["--sort"]:
        return found
    fields = listed(options["--sort"])
    return list(runs.among(run.uid for run in found).sort(*fields))


def _show(found: Comparison, sections: Sequence[str]) -> None:
    names = [f"run {run.id}" for run in found.runs]
    blank = False
    for section in SECTIONS:
        rows = found.section(section) if section in sections else ()
        if rows:
            if blank:
                showing.say("")
            show_section(section, names, [(row.path, row.values) for row in rows])
            blank = True
    if not blank:
        showing.talk(
            f"{', '.join(names)} do not differ" if len(names) > 1 else f"{names[0]} alone has nothing to differ from"
        )
