"""Which ids count: those of a store's own choice are numbers, counted up from 1, whatever ids people choose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expkit.types import RunId

COUNTED = 10**9
"""Numbers from here on are somebody's own (a date, say); counting goes on below them."""

_COUNTED = re.compile(r"[1-9][0-9]{0,8}")
_NATURAL = re.compile(r"0|[1-9][0-9]{0,17}")


def counted(run_id: RunId) -> int:
    """The number after which counting goes on where a run has this id; 0 for ids that do not count."""
    text = str(run_id)
    return int(text) if _COUNTED.fullmatch(text) else 0


def natural(run_id: RunId) -> RunId:
    """Text that is a number as people write it is that number, up to 18 digits; anything else is as it is."""
    text = str(run_id)
    return int(text) if _NATURAL.fullmatch(text) else run_id
