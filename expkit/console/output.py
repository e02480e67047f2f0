r"""Print what a run has printed.

Usage:
  expkit output [options] RUN

Arguments:
  RUN  An id, ~ and the beginning of a uid, a name, last, last~2, best:max:metrics.acc.max.

Options:
  -f, --follow  Go on until the run ends.
  --tail=N      Only the last lines.
  --rank=N      Of this process, where several made the run together. [default: 0]
  --json        Print one JSON document; with --follow one JSON object per line, whenever there is something new.
  --store=URL   Where the run is: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

A pipe gets the bytes as they were recorded; on a terminal, control characters are shown as \x1b and colours are left out.

Examples:
  expkit output 17
  expkit output last -f
  expkit output 17 --tail=20
  expkit output 17 | grep loss
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import number, parse, run_of
from expkit.errors import UsageError
from expkit.readers.following import Printed, Turned, printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from expkit.readers.run import StoredRun


def main(argv: Sequence[str]) -> int:
    """Print; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        RunNotFoundError: there is no such run.
    """
    options = parse(__doc__, "output", argv)
    if options is None:
        return 0
    rank, tail = number(options, "--rank") or 0, number(options, "--tail")
    if options["--follow"] and tail is not None:
        raise UsageError("--follow prints all there is, and goes on; --tail is for what is there now")
    run = run_of(options)
    if options["--follow"]:
        _follow(run, rank, options)
        return 0
    pieces: Iterable[bytes] = printed(run.store, run.uid, rank)
    pieces = pieces if tail is None else [_last(b"".join(pieces), tail)]
    if options["--json"]:
        text = b"".join(pieces).decode("utf-8", "replace")
        showing.document({"id": run.id, "uid": run.uid, "rank": rank, "output": text})
        return 0
    _print(pieces)
    return 0


def _print(pieces: Iterable[bytes]) -> None:
    if not showing.is_terminal():
        for piece in pieces:
            showing.put_bytes(piece)
        return
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        showing.put(showing.harmless(decoder.decode(piece)))


def _last(data: bytes, lines: int) -> bytes:
    """The last lines."""
    found = data.splitlines(keepends=True)
    return b"".join(found[len(found) - min(lines, len(found)) :])


def _follow(run: StoredRun, rank: int, options: Mapping[str, Any]) -> None:
    """Print what is there and what comes, until the run ends."""
    for news in run.follow():
        if isinstance(news, Turned):
            if options["--json"]:
                showing.json_lines([{"state": news.state}])
            continue
        if not isinstance(news, Printed) or news.rank != rank:
            continue
        if options["--json"]:
            showing.json_lines([news._asdict()])
        else:
            showing.put(showing.harmless(news.text))
    if not options["--json"]:
        showing.talk(f"run {run.id}: {run.state}")
