"""List runs, the newest first.

Usage:
  expkit ls [options] [WHERE...]

Arguments:
  WHERE  Questions that must all hold: state=COMPLETED 'config.lr < 0.1' '"baseline" in tags' 'name ~ "digit*"'.

Options:
  --columns=LIST   Fields instead of the usual ones, separated by commas: id,config.lr,metrics.acc.max.
                   With + in front they are added to the usual ones: +host.hostname.
  --sort=LIST      Fields to sort by, the first counting most; - in front: the greatest first: -metrics.acc.max,start.
  --limit=N        At most so many runs. A table shows 50, unless this or --all says otherwise; --json all.
  --all            All runs.
  --trash          The runs in the trash.
  --watch          Look again every two seconds until Ctrl-C.
  --every=SECONDS  Look again so often.
  --json           Print one JSON object per line, with values as they were recorded.
  --store=URL      Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Usual columns are id, state, name, start and duration, what differs in the config, results and last values of metrics,
where these are few.

Examples:
  expkit ls
  expkit ls 'config.lr < 0.1 and state in ("COMPLETED", "RUNNING")'
  expkit ls state=FAILED --columns=id,cause,start --sort=-start
  expkit ls --columns=+metrics.acc.max --sort=-metrics.acc.max --limit=5
  expkit ls --watch state=RUNNING
  expkit ls --json | jq .config.lr
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import listed, number, parse, runs_of, say_none, say_unheard
from expkit.console.columns import USUAL, Table, usual_table
from expkit.errors import QueryError, UsageError
from expkit.readers.asking import field_of
from expkit.record.expression import split
from expkit.record.fields import FRIENDLY, known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from expkit.readers.selection import Runs

LIMIT = 50
"""Runs in a table where nobody says how many."""

_EVERY = 2.0
_NEWEST = "-uid"


def main(argv: Sequence[str]) -> int:
    """List; return 0.

    Raises:
        UsageError: the command line does not fit, or there is no such store.
        QueryError: a question that cannot be read, or a field that no run has.
    """
    options = parse(__doc__, "ls", argv)
    if options is None:
        return 0
    listing = _Listing(options)
    if options["--watch"] or options["--every"]:
        _watch(listing, _seconds(options["--every"]))
    elif options["--json"]:
        showing.json_lines(listing.rows())
        listing.say_unheard()
    else:
        listing.show()
    return 0


class _Listing:
    """What was asked for; each look asks the store anew."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        runs = runs_of(options, trash=options["--trash"])
        questions = [*options["WHERE"], *(["exists(trash)"] if options["--trash"] else [])]
        wanted = options["--columns"] or ""
        self.is_json = options["--json"]
        self._is_trash = options["--trash"]
        self._is_usual = not wanted or wanted.startswith("+")
        self._added = listed(wanted.lstrip("+"))
        self._limit = None if options["--all"] else number(options, "--limit")
        if self._limit is None and not options["--all"] and not self.is_json:
            self._limit = LIMIT
        usual = (*USUAL, "trash") if options["--trash"] else USUAL
        self._fields = {title: FRIENDLY.get(title, title) for title in usual} if self._is_usual else {}
        self._fields |= {title: field_of(title) for title in self._added}
        order = listed(options["--sort"] or "") or [_NEWEST]
        self.runs = _where(runs, questions).sort(*order)
        self._asked = options["WHERE"]
        self._sorted = [field_of(name.removeprefix("-")) for name in order]
        self._met: set[str] = set()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows for machines."""
        return self._rows(self._limit)

    def lines(self) -> list[str]:
        """The table; no lines where there are no runs."""
        return self._looked()[0]

    def show(self) -> None:
        """Print the table, and say on stderr what it leaves out."""
        lines, more = self._looked()
        if lines:
            showing.say(*lines)
        if lines or more:
            self.say_unheard()
        elif self._is_trash and not self._asked:
            showing.talk(f"the trash of {self.runs.place} is empty")
        else:
            say_none(self.runs, self._asked)
        if more:
            showing.talk("there are more runs; --all shows all")

    def say_unheard(self) -> None:
        """Say which columns are empty, and which orders are none, because no run has such a field."""
        wanted = [*(self._fields[title] for title in self._added), *self._sorted]
        say_unheard(self.runs, [field for field in wanted if field not in self._met])

    def _looked(self) -> tuple[list[str], bool]:
        found = list(self._rows(None if self._limit is None else self._limit + 1))
        shown = found[: self._limit]
        table = usual_table(shown, self._added) if self._is_usual else Table(shown, self._added)
        return table.lines() if shown else [], len(found) > len(shown)

    def _rows(self, limit: int | None) -> Iterator[dict[str, Any]]:
        """The columns as JSON trees."""
        runs = self.runs if limit is None else self.runs.limit(limit)
        for row in runs.find(list(dict.fromkeys((*self._fields.values(), *self._sorted)))):
            self._met.update(field for field in row if row[field] is not None)
            yield {title: row[field] for title, field in self._fields.items()}


def _where(runs: Runs, questions: Sequence[str]) -> Runs:
    try:
        return runs.where(*questions)
    except QueryError as error:
        names = [word for word in split(questions, lambda _: False)[0] if word.partition(".")[0] not in known()]
        raise QueryError(f"{error}\none run is shown by: expkit show {names[0]}") if names else error from None


def _seconds(text: str | None) -> float:
    if text is None:
        return _EVERY
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise UsageError(f"--every={text} is no number of seconds; --every=5 is one")
    return found


# -- again and again -----------------------------------------------------------------------------------


def _watch(listing: _Listing, every: float) -> None:
    """Look until somebody stops it: in place on a terminal, else whenever something is new."""
    if listing.is_json:
        _watch_rows(listing, every)
    elif showing.is_terminal():
        _watch_terminal(listing, every)
    else:
        _watch_lines(listing, every)


def _watch_rows(listing: _Listing, every: float) -> None:
    """Rows that are new or changed."""
    known: dict[str, Any] = {}
    while True:
        rows = {str(row.get("uid") or row.get("id") or row): row for row in listing.rows()}
        showing.json_lines(row for name, row in rows.items() if known.get(name) != row)
        known = rows
        time.sleep(every)


def _watch_lines(listing: _Listing, every: float) -> None:
    known: list[str] | None = None
    while True:
        lines = listing.lines()
        if lines != known:
            showing.say(*([""] if known else []), *lines)
            known = lines
        time.sleep(every)


def _watch_terminal(listing: _Listing, every: float) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            text = "\n".join(listing.lines()) or f"no runs in {listing.runs.place}"
            live.update(Text.from_ansi(text, no_wrap=True, overflow="crop"), refresh=True)
            time.sleep(every)
