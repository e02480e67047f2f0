"""Write runs for other programs: CSV, Parquet, JSON, or a page of one run.

Usage:
  expkit export [WHERE...] [--csv | --parquet | --json | --html] [--points] [--columns=LIST] [-o FILE] [--store=URL]

Arguments:
  WHERE           Which runs: ids, names, last, best:max:metrics.acc.max; or questions that must all hold, such as
                  'config.lr < 0.1 and state == "COMPLETED"'. Without it: all.

Options:
  --csv           A row for each run: config, results, and last, least and greatest value of each metric, flattened.
  --parquet       The same as Parquet (pip install 'expkit[arrow]'); written as it is read, however many runs there are.
  --json          An object on each line for each run: its record as stores keep it, and what people added.
  --html          A page of one run: config, metrics drawn, output, files. It is one file, and fetches nothing.
  --points        With --csv and --parquet: a row for each metric point. With --json: points and output as well.
  --columns=LIST  Only these, with --csv and --parquet: id,config.lr,metrics.acc.max
  -o FILE         Where to write; by default stdout. Without one of the options above the end of its name says how:
                  .csv, .parquet, .jsonl, .json or .html.
  --store=URL     Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Examples:
  expkit export -o runs.csv
  expkit export 'metrics.acc.max > 0.9' --columns=id,config.lr,metrics.acc.max --csv
  expkit export --parquet --points -o points.parquet
  expkit export last --html -o run.html
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Any

from expkit.cli.terminal import is_terminal
from expkit.console.arguments import listed, parse, runs_of, say_none
from expkit.console.showing import counted, harmless, talk
from expkit.errors import ExpkitError, RunNotFoundError, UsageError
from expkit.readers.resolve import known, resolve_all
from expkit.record.expression import split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from expkit.readers.selection import Runs

FORMATS = ("csv", "parquet", "json", "html")
"""What runs can be written as."""

_ENDS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".json": "json", ".jsonl": "json", ".html": "html"}


def main(argv: Sequence[str]) -> int:
    """Write.

    Raises:
        UsageError: the command line does not fit.
        RunNotFoundError: a run was named that is not there.
        ExpkitError: the file cannot be written.
    """
    options = parse(__doc__, "export", argv)
    if options is None:
        return 0
    form, path = _form(options), options["-o"]
    _check(options, form)
    runs = chosen(runs_of(options), options["WHERE"])
    if options["--columns"]:
        runs = runs.select(*listed(options["--columns"]))
    write = _writer(form, runs, points=options["--points"])
    with _named(path), _opened(path, binary=form == "parquet") as file:
        write(file)
    if path:
        talk(f"{counted(len(runs), 'run')} in {path}")
    if not runs:
        say_none(runs, options["WHERE"])
    return 0


def chosen(runs: Runs, words: Sequence[str]) -> Runs:
    """The runs that are named, or for which all questions are true.

    Args:
        runs: of the store.
        words: names of runs, and questions.

    Raises:
        RunNotFoundError: a name of no run.
        SeveralRunsError: a name of several.
        QueryError: a question that cannot be read.
    """
    names, questions = split(words, lambda word: known(runs, word) is not None)
    if names:
        runs = runs.among(run.uid for run in resolve_all(runs, names))
    return runs.where(*questions)


def _form(options: Mapping[str, Any]) -> str:
    named = [form for form in FORMATS if options[f"--{form}"]]
    found = named[0] if named else _ENDS.get(os.path.splitext(options["-o"] or "")[1].lower())
    if found is None:
        raise UsageError("say what to write: --csv, --parquet, --json or --html; or give a file such as -o runs.csv")
    return found


def _check(options: Mapping[str, Any], form: str) -> None:
    if options["--columns"] and (form in ("json", "html") or options["--points"]):
        raise UsageError("--columns is for rows of runs: --csv or --parquet, without --points")
    if options["--points"] and form == "html":
        raise UsageError("a page has drawings of the points; --points is for --csv, --parquet and --json")
    if form == "parquet" and not options["-o"] and is_terminal(sys.stdout):
        raise UsageError("Parquet is nothing for a terminal; give a file: -o runs.parquet")


def _writer(form: str, runs: Runs, *, points: bool) -> Callable[[Any], None]:
    """What writes the runs into an open file."""
    if form == "json":
        from expkit.readers.exporting import as_json

        return partial(as_json.write_runs, runs, points=points)
    if form == "html":
        return partial(_write_page, runs)
    if form == "csv":
        from expkit.readers.exporting import as_csv

        return partial(as_csv.write_points if points else as_csv.write_runs, runs)
    from expkit.readers.exporting import as_parquet

    return partial(as_parquet.write_points if points else as_parquet.write_runs, runs)


def _write_page(runs: Runs, file: Any) -> None:
    from expkit.readers.exporting.as_page import page

    found = list(runs.limit(2))
    if not found:
        raise RunNotFoundError("there is no such run")
    if len(found) > 1:
        raise UsageError("a page shows one run; say which: expkit export last --html -o run.html")
    file.writelines(page(found[0]))


class _Stdout:
    """Stdout, whoever looks at it."""

    def write(self, text: str) -> None:
        sys.stdout.write(harmless(text))

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)


@contextmanager
def _named(typed: str | None) -> Iterator[None]:
    """Errors of writing have the name that was typed, not that of the file aside."""
    try:
        yield
    except OSError as error:
        path = os.path.realpath(typed or "")
        of_others = error.filename is not None and not str(error.filename).startswith(path)
        if typed is None or of_others or isinstance(error, BrokenPipeError):
            raise
        folder = os.path.dirname(path)
        why = error.strerror if os.path.isdir(folder) else f"there is no folder {folder}"
        raise ExpkitError(f"{typed} cannot be written: {why}") from error


@contextmanager
def _opened(path: str | None, *, binary: bool) -> Iterator[Any]:
    """A file that is there whole or not at all, or stdout."""
    if path is None and sys.stdout is None:  # closed before we began
        path = os.devnull
    if path is None:
        if not binary and isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
        yield sys.stdout.buffer if binary else _Stdout()
        sys.stdout.flush()
        return
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device, which nothing may take the place of
        with _writing(path, binary=binary) as file:
            yield file
        return
    aside = f"{path}.{os.getpid()}.part"
    try:
        with _writing(aside, binary=binary) as file:
            yield file
        os.replace(aside, path)
    except BaseException:
        if os.path.exists(aside):
            os.unlink(aside)
        raise


def _writing(path: str, *, binary: bool) -> IO[Any]:
    if binary:
        return open(path, "wb")
    return open(path, "w", encoding="utf-8", errors="backslashreplace", newline="")
