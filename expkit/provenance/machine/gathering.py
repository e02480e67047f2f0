"""Asking the user's own gatherers, none of which can hold up the start of a run: :class:`Gathering`."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from expkit._support.threads import OwnThread, start
from expkit.provenance.found import Found
from expkit.provenance.machine.host import IgnoreHostInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.provenance.found import Job

START_PATIENCE = 1.0
"""Seconds that the start of a run waits for all gatherers together."""

LATER_PATIENCE = 60.0
"""Seconds until those that are still at work are given up."""


class Gathering:
    """Gatherers at work, each in a thread of its own.

    Args:
        gatherers: functions without arguments, with a ``name``.
    """

    def __init__(self, gatherers: Iterable[Any]) -> None:
        self._asked = [_Asked(gatherer) for gatherer in gatherers]

    def soon(self) -> Found:
        """What is known by and by, waited for no longer than :data:`START_PATIENCE`."""
        return self._collect(START_PATIENCE)

    @property
    def later(self) -> Job | None:
        """Finds out what was not known soon; None if everything was."""
        return self._last if self._asked else None

    def _last(self) -> Found:
        found = self._collect(LATER_PATIENCE)
        late = (f"host info {asked.name!r} could not be gathered: it took too long" for asked in self._asked)
        return found.but(gaps=(*found.gaps, *late))

    def _collect(self, patience: float) -> Found:
        deadline = monotonic() + patience
        for asked in self._asked:
            asked.over.wait(max(0.0, deadline - monotonic()))
        done = [asked for asked in self._asked if asked.over.is_set()]
        self._asked = [asked for asked in self._asked if asked not in done]
        return Found(
            host={name: value for asked in done for name, value in asked.facts.items()},
            gaps=tuple(problem for asked in done for problem in asked.problems),
        )


class _Asked:
    """One gatherer in its thread."""

    def __init__(self, gatherer: Any) -> None:
        self.name = getattr(gatherer, "name", gatherer)
        self.facts: dict[str, Any] = {}
        self.problems: list[str] = []
        self._gatherer = gatherer
        self.over = threading.Event()
        if not start(OwnThread(self._ask, "host info")):
            self.problems.append(f"host info {self.name!r} could not be gathered: the system has no more threads")
            self.over.set()

    def _ask(self) -> None:
        try:
            self.facts[self._gatherer.name] = self._gatherer()
        except IgnoreHostInfo:
            pass
        except BaseException as error:
            self.problems.append(f"host info {self.name!r} could not be gathered: {type(error).__name__}: {error}")
        finally:
            self.over.set()
