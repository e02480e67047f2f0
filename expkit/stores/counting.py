"""Ids of runs: two are the same if their texts are, and those of a store's own choice are counted up from 1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expkit.types import RunId

COUNTED = 10**9
"""Numbers from here on are somebody's own (a date, say); counting goes on below them."""

_COUNTED = re.compile(r"[1-9][0-9]{0,8}")
_NATURAL = re.compile(r"0|-?[1-9][0-9]{0,17}")


def counted(run_id: RunId) -> int:
    """The number after which counting goes on where a run has this id; 0 for ids that do not count."""
    text = str(run_id)
    return int(text) if _COUNTED.fullmatch(text) else 0


def natural(run_id: RunId) -> RunId:
    """An id as stores with numbers give it, whether somebody typed it as number or as text.

    What looks as a number is written, with up to 18 digits, is that number: every database has those. The rest is text.
    """
    text = str(run_id)
    return int(text) if _NATURAL.fullmatch(text) else text
