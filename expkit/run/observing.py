"""Who will be told of a run: opened once each, callables of the config as late as may be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.observers.base import RunObserver
from expkit.observers.opening import open_observer
from expkit.provenance.projects import default_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.run.inputs import RunInputs
    from expkit.run.recording.ranks import Seat


_LAUNCHED = frozenset(("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_ID", "SLURM_STEPID"))
"""One of these is set where processes were started together; few are, so the rest is loaded there only."""


class Observing:
    """The observers of a run that is being planned.

    Args:
        inputs: whose observers these are.
        unobserved: there are none, whatever the inputs say.

    Attributes:
        seat: the place of this process in a run that several make.
    """

    def __init__(self, inputs: RunInputs, *, unobserved: bool = False) -> None:
        self._inputs = inputs
        self._unobserved = unobserved
        self._specs: Sequence[Any] = [] if unobserved else _wanted(inputs)
        self._opened: list[tuple[Any, RunObserver]] = []
        self.seat: Seat | None = None

    def sit(self, config: Mapping[str, Any]) -> Seat | None:
        """Find the place of this process among those that were started together with it, if there are any.

        From here on hooks change the observers no more.
        """
        self._catch_up()
        if self._specs and not _LAUNCHED.isdisjoint(os.environ):
            from expkit.run.recording.ranks import take_seat

            self.seat = take_seat(self._inputs, self, lambda: config)
        return self.seat

    def opened(self, config: Mapping[str, Any]) -> tuple[RunObserver, ...]:
        """All observers, in their order; none where another process tells them.

        Raises:
            NoObserverError: something that is no observer.
        """
        told_by_us = self.seat is None or self.seat.rank == 0
        return tuple(self._open(spec, config) for spec in self._specs if told_by_us)

    def first(self, wanted: Callable[[RunObserver], Any], config: Callable[[], Mapping[str, Any]]) -> Any:
        """What ``wanted`` finds in the first observer where it finds something; callables are opened last.

        Args:
            wanted: returns None where there is nothing.
            config: what callables get; only asked for where there is one.

        Raises:
            NoObserverError: something that is no observer.
        """
        for spec in sorted(self._specs, key=_asks_for_config):
            found = wanted(self._open(spec, config() if _asks_for_config(spec) else {}))
            if found is not None:
                return found
        return None

    def _catch_up(self) -> None:
        """Take over what config functions and hooks did to the experiment's observers; those that are open stay so."""
        if self._inputs.catch_up() and not self._unobserved:
            self._specs = _wanted(self._inputs)

    def _open(self, spec: Any, config: Mapping[str, Any]) -> RunObserver:
        opened = next((observer for known, observer in self._opened if known is spec), None)
        if opened is None:
            opened = open_observer(spec, config, self._inputs.options)
            self._opened.append((spec, opened))
        return opened


def _wanted(inputs: RunInputs) -> list[Any]:
    """The observers, not opened yet; the default store where nobody else observes."""
    if inputs.observers or not inputs.default_store:
        return list(inputs.observers)
    return [default_store()]


def _asks_for_config(spec: Any) -> bool:
    if isinstance(spec, RunObserver) or not callable(spec):
        return False
    return isinstance(spec, type) or not hasattr(spec, "started_event")
