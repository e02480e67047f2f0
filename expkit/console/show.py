"""Show one run on one screen: how it ended, what was asked, what came out, where it is.

Usage:
  expkit show [options] [RUN]

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max. By default the last one.

Options:
  --trace      Also the whole traceback of a failed run.
  --all        All of the config, of the metrics and of the files.
  --json       Print one JSON document: all that was recorded, and all that was added later.
  --store=URL  Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Entries of the config that were set for this run stand first, in the form in which they can be typed again.

Examples:
  expkit show
  expkit show 17
  expkit show best:max:metrics.acc.max
  expkit show last --trace
  expkit show 17 --json | jq .config
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.console.told import facts
from expkit.readers.failing import failure_of
from expkit.readers.files import folder_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.readers.failing import Failure
    from expkit.readers.run import StoredRun
    from expkit.types import Json

_DEEP = "    "


def main(argv: Sequence[str]) -> int:
    """Show; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "show", argv)
    if options is None:
        return 0
    run = run_of({**options, "RUN": options["RUN"] or "last"})
    if options["--json"]:
        showing.document(_tree(run))
        return 0
    _show_end(run)
    if options["--trace"] and run.fail_trace:
        showing.say("", *map(showing.safe, run.fail_trace.rstrip("\n").splitlines()))
    showing.say("")
    showing.facts(facts(run, everything=options["--all"]))
    return 0


def _show_end(run: StoredRun) -> None:
    """The title, and why it did not end well."""
    title = ", ".join(showing.escaped(text) for text in dict.fromkeys((run.name, run.record.name, run.command)) if text)
    lost = "  in the trash" if run.trashed else ""
    showing.say(
        f"{showing.coloured(f'run {showing.escaped(str(run.id))}', 'bold')}  {showing.state(run.state)}  {title}{lost}"
    )
    failure = failure_of(run)
    if failure is not None:
        showing.say(*(_DEEP[:2] + line for line in _where(failure)))
    cause = showing.escaped(run.cause)
    if cause and (failure is None or cause not in showing.escaped(failure.error)):
        showing.say(f"  {cause}")


def _where(failure: Failure) -> list[str]:
    """The error, and the user's line."""
    error = [showing.coloured(showing.safe(line), "bold red") for line in failure.error.splitlines()]
    if not failure.file:
        return error
    inside = f" in {showing.escaped(failure.function)}" if failure.function not in ("", "<module>") else ""
    code = [_DEEP + showing.safe(failure.code)] if failure.code else []
    return [*error, f"{showing.escaped(failure.file)}:{failure.line}{inside}", *code]


def _tree(run: StoredRun) -> dict[str, Json]:
    """All that is known, as JSON."""
    from expkit.record.encoding import encode
    from expkit.record.wire import annotation_to_json, record_to_json

    failure, folder, record = failure_of(run), folder_of(run.store, run.id), run.record
    found: dict[str, Any] = {
        **record_to_json(record),
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "cause": run.cause,
        "duration": run.duration,
        "tags": run.tags,
        "late": encode(run.late.to_dict()),
        "annotations": [annotation_to_json(note) for note in run.annotations],
        "metrics": {name: encode(_figures(metric)) for name, metric in run.metrics.items()},
        "failure": None if failure is None else failure._asdict(),
        "store": run.store.url,
        "folder": None if folder is None else str(folder),
    }
    return found


def _figures(metric: Any) -> dict[str, Any]:
    return {"last": metric.last, "min": metric.min, "max": metric.max, "count": len(metric)}
