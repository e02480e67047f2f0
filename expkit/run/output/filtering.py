"""The user's ``captured_out_filter``, which may fail, and may never come back: :class:`Filtering`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from expkit._support.threads import OwnThread, start

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("expkit")

PATIENCE = 5.0
"""Seconds that a filter may take for one line."""

_UNFILTERED = "output is kept unfiltered from here on"


class Filtering:
    """Lets a filter have lines, in a thread, so that one that hangs holds up neither the run nor its end.

    Args:
        filter: gets a line with its end, returns what to keep of it.

    Attributes:
        gap: one sentence on what is not filtered, or ``""``.
    """

    def __init__(self, filter: Callable[[str], str]) -> None:
        self.gap = ""
        self._filter: Callable[[str], str] | None = filter

    def __call__(self, lines: list[str]) -> list[str]:
        """What to keep of lines; from a failure on, all of them."""
        if self._filter is None or not lines:
            return lines
        kept: list[str] = []
        thread = OwnThread(self._work, "filter", lines, kept)
        if not start(thread):
            self._work(lines, kept)
        elif not _has_ended(thread, kept):
            self._filter = None
            self.gap = f"captured_out_filter did not come back for {PATIENCE:g} s: {_UNFILTERED}"
            log.warning("%s", self.gap)
        done = [*kept]  # it may come back after all
        return done + lines[len(done) :]

    def _work(self, lines: list[str], kept: list[str]) -> None:
        for line in lines:
            if (chosen := self._filter) is None:
                return
            try:
                kept.append(str(chosen(line)))
            except BaseException:
                self._filter = None
                log.warning("captured_out_filter failed; %s", _UNFILTERED, exc_info=True)


def _has_ended(thread: OwnThread, kept: list[str]) -> bool:
    """Wait as long as it gets on with its work."""
    before = -1
    while thread.is_alive() and len(kept) > before:
        before = len(kept)
        thread.join(PATIENCE)
    return not thread.is_alive()
