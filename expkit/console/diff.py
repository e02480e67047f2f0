"""Say what differs between two runs.

Usage:
  expkit diff A B [options]

Arguments:
  A, B  Ids, ~ and the beginning of uids, names, last, last~2 or best:max:metrics.acc.max.

Options:
  --only=LIST  Parts, separated by commas: asked, config, sources, packages, git, host, inputs, result, metrics.
  --brief      Sources by name, and which functions changed; no lines of them.
  --json       Print one JSON document.
  --store=URL  Where the runs are: runs, mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...
  --other=URL  Where B is, if it is in another store.

Of the config and all else that was asked, only what differs is shown; results and metrics stand side by side. Which functions
changed is told by the syntax tree: comments and layout do not count, and (module) stands for what is outside of functions.

As with diff, the exit code is 0 if nothing of what was asked for differs, 1 if something does, 2 if it cannot be known.

Examples:
  expkit diff last~1 last
  expkit diff 17 21 --only=config,metrics
  expkit diff baseline last --brief
  expkit diff 17 3 --other=mongodb://HOST/lab
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.console import showing
from expkit.console.arguments import parse, run_of
from expkit.console.sections import SECTIONS, chosen, show_section
from expkit.errors import ExpkitError, QueryError, UsageError
from expkit.readers.comparing import SOURCES
from expkit.readers.differing import diff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.readers.differing import Difference, SourceDifference

_LINES = {"+": "green", "-": "red", "@": "cyan"}


def main(argv: Sequence[str]) -> int:
    """Compare; return 0 if nothing differs, else 1.

    Raises:
        UsageError: the command line does not fit, or the runs cannot be had.
    """
    options = parse(__doc__, "diff", argv)
    if options is None:
        return 0
    sections = chosen(options["--only"])
    try:
        found = _found(options)
        different = [name for name in sections if _differs(found, name)]
        if options["--json"]:
            tree: Any = found.to_json()
            showing.document({key: tree[key] for key in ("a", "b", *sections)} | {"differs": different})
        else:
            _show(found, sections, different, brief=options["--brief"])
    except QueryError:
        raise
    except ExpkitError as error:  # 1 means that they differ
        raise UsageError(str(error)) from error
    return 1 if different else 0


def _found(options: Mapping[str, Any]) -> Difference:
    there = options["--other"] or options["--store"]
    return diff(run_of(options, "A"), run_of({**options, "--store": there}, "B"))


def _differs(found: Difference, section: str) -> bool:
    facts = getattr(found, section)
    return bool(facts) if section == SOURCES else any(not fact.is_same for fact in facts)


def _show(found: Difference, sections: Sequence[str], different: Sequence[str], *, brief: bool) -> None:
    names = _names(found)
    if found.a.store.url != found.b.store.url:
        showing.talk(f"A is in {found.a.store.url}, B in {found.b.store.url}")
    blank = False
    for section in SECTIONS:
        facts = getattr(found, section) if section in sections else ()
        if not facts:
            continue
        if blank:
            showing.say("")
        blank = True
        if section == SOURCES:
            _show_sources(facts, brief=brief)
        else:
            show_section(section, names, [(fact.path, (fact.a, fact.b)) for fact in facts])
    if not different:
        showing.talk(f"{names[0]} and {names[1]} do not differ")


def _names(found: Difference) -> tuple[str, str]:
    a, b = f"run {found.a.id}", f"run {found.b.id}"
    if a != b or found.a == found.b:
        return a, b
    return f"{a} (A)", f"{b} (B)"


def _show_sources(sources: Sequence[SourceDifference], *, brief: bool) -> None:
    showing.say(showing.coloured("sources", "bold"))
    for source in sources:
        showing.say(f"{showing.cell(source.path)} {source.what}{_functions(source)}")
        if not brief:
            showing.say(*(showing.coloured(_line(line), _LINES.get(line[:1], "")) for line in source.lines))


def _functions(source: SourceDifference) -> str:
    if source.functions is None:
        return ""
    if not source.functions:
        return ": comments or layout"
    return ": " + ", ".join(
        change.name if change.what == "changed" else f"{change.name} {change.what}" for change in source.functions
    )


def _line(text: str) -> str:
    """A line of a source, its spaces as they are; what moves cursors is escaped."""
    text = text.expandtabs(4)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
