"""Where ours differs from Sacred on purpose; the table is ``decisions.yaml``."""

from pathlib import Path
from typing import NamedTuple

import yaml

ANY = object()
"""Stands for any value."""


class Decision(NamedTuple):
    """A difference that is wanted: of which script and command, why, and what each side says."""

    script: str
    command: str
    why: str
    sacred: dict
    ours: dict


class _Loader(yaml.SafeLoader):
    """Knows our word for any value."""


_Loader.add_constructor("!any", lambda loader, node: ANY)


def _decisions():
    table = yaml.load((Path(__file__).parent / "decisions.yaml").read_text("utf-8"), _Loader)
    for script, rows in table["decisions"].items():
        for row in rows:
            yield Decision(script, row["command"], table["reasons"][row["why"]], row["sacred"], row["ours"])


DECISIONS = list(_decisions())


def left_over(script, found):
    """The differences that no row explains, and the facts of rows that were not met."""
    rows = [row for row in DECISIONS if row.script == str(script)]
    unmet = {(number, fact) for number, row in enumerate(rows) for fact in row.sacred}
    unexplained = []
    for difference in found:
        command, _, fact = difference.what.partition(" | ")
        claims = {(number, fact) for number, row in enumerate(rows) if _explains(row, command, fact, difference)}
        unmet -= claims
        unexplained += [] if claims else [difference]
    return unexplained, [f"{rows[number].command} | {fact}" for number, fact in sorted(unmet)]


def _explains(row, command, fact, difference):
    if row.command not in ("*", command) or fact not in row.sacred:
        return False
    return all(
        expected is ANY or expected == value
        for expected, value in ((row.sacred[fact], difference.sacred), (row.ours[fact], difference.ours))
    )
