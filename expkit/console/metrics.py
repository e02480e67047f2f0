"""Show the metrics of a run: a table of all, a plot of those that are named, or every point.

Usage:
  expkit metrics [options] RUN [NAME...]

Arguments:
  RUN   An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max.
  NAME  Names of metrics, or patterns: 'val/*'. Without one: a table of all.

Options:
  --plot         Plot all of them.
  --height=ROWS  Of a plot. [default: 12]
  --csv          Print every point: name,step,value,time,segment,rank; the time is in seconds since 1970.
  --json         Print every point, one JSON object per line.
  --store=URL    Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Examples:
  expkit metrics 17
  expkit metrics 17 loss 'val/*'
  expkit metrics last loss --csv > loss.csv
  expkit metrics best:max:metrics.acc.max acc --json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import number, parse, run_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.readers.metric import Metric
    from expkit.types import Json

_WIDTH = 80
_MOST_HEIGHT = 200
_BLOCK = 1000
_MOST_POINTS = 5000


def main(argv: Sequence[str]) -> int:
    """Show; return 0, or 1 if a metric is not there.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "metrics", argv)
    if options is None:
        return 0
    height = number(options, "--height") or 1
    run = run_of(options)
    found, lacking = _chosen(run.metrics, options["NAME"])
    if options["--json"]:
        showing.json_lines(_trees(found))
    elif options["--csv"]:
        _print_csv(found)
    elif options["--plot"] or options["NAME"]:
        _print_plots(found, min(height, _MOST_HEIGHT))
    elif found:
        _print_table(found)
    if not run.metrics:
        showing.talk(f"run {run.id} has logged no metrics")
    for complaint in lacking:
        showing.talk(complaint)
    return 1 if lacking else 0


def _chosen(metrics: Mapping[str, Metric], names: Sequence[str]) -> tuple[dict[str, Metric], list[str]]:
    """The metrics that are meant, and a sentence about each name that means none."""
    from fnmatch import fnmatchcase

    if not names:
        return dict(metrics), []
    found: dict[str, Metric] = {}
    lacking = []
    for name in names:
        fitting = [name] if name in metrics else [known for known in metrics if fnmatchcase(known, name)]
        found |= {each: metrics[each] for each in fitting}
        if not fitting:
            lacking.append(_complaint(metrics, name))
    return found, lacking


def _complaint(metrics: Mapping[str, Metric], name: str) -> str:
    try:
        metrics[name]
    except KeyError as error:
        return showing.escaped(str(error.args[0]))
    return ""


# -- for machines --------------------------------------------------------------------------------------


def _trees(found: Mapping[str, Metric]) -> Iterator[Json]:
    from expkit.record.encoding import encode

    for name, metric in found.items():
        for point in metric.rows():
            yield {"name": name, **point._asdict(), "step": encode(point.step), "value": encode(point.value)}


def _print_csv(found: Mapping[str, Metric]) -> None:
    import csv
    from io import StringIO

    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("name", "step", "value", "time", "segment", "rank"))
    for name, metric in found.items():
        for count, point in enumerate(metric.rows()):
            writer.writerow((name, *point))
            if count % _BLOCK == 0:
                showing.put(showing.harmless(lines.getvalue()))
                lines.seek(0)
                lines.truncate()
    showing.put(showing.harmless(lines.getvalue()))


# -- for people ----------------------------------------------------------------------------------------


def _print_table(found: Mapping[str, Metric]) -> None:
    from expkit.console.plotting import sparkline

    titles = ("name", "last", "min", "max", "points", "course")
    rows = []
    for name, metric in found.items():
        figures = map(showing.cell, (metric.last, metric.min, metric.max, len(metric)))
        course = sparkline([value for _, value in metric.outline(_MOST_POINTS)])
        rows.append((showing.escaped(name), *figures, course))
    showing.table(titles, rows, right=titles[1:5])


def _print_plots(found: Mapping[str, Metric], height: int) -> None:
    from expkit.console.plotting import plot

    for count, (name, metric) in enumerate(found.items()):
        low, high, last = map(showing.cell, (metric.min, metric.max, metric.last))
        title = showing.coloured(showing.escaped(name), "bold")
        between = f", from {low} to {high}" if low else ""
        showing.say(*([""] if count else []), f"{title}  {last}{between}, {showing.counted(len(metric), 'point')}")
        showing.say(*plot(metric.outline(_MOST_POINTS), showing.width() or _WIDTH, height))
