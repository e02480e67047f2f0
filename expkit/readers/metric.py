"""Metrics of a stored run: :class:`Metrics`, each of them a :class:`Metric`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from expkit._support.counting import counted
from expkit._support.named import NamedTuple
from expkit._support.nearest import did_you_mean
from expkit._support.printable import printable
from expkit.readers.lacking import needed
from expkit.readers.points import extremes, finite, merged, outlined, parts_of
from expkit.record.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from expkit.readers.points import Part
    from expkit.stores.base import RunStore
    from expkit.types import RunId

_NEAR = 2


class Logged(NamedTuple):
    """One point of a metric.

    Attributes:
        step: as it was given.
        value: as it was given.
        time: seconds since the epoch, in UTC.
        segment: 0 before the run was first resumed.
        rank: of the process that logged it.
    """

    step: Any
    value: Any
    time: float
    segment: int
    rank: int


class Metric:
    """All points of one metric of a run, over its segments and ranks.

    Segments follow each other; what several processes logged in one segment is in order of time. ``steps``, ``values`` and
    ``times`` are arrays of NumPy and need it (``pip install 'expkit[numpy]'``); the rest does not.

    Attributes:
        name: of the metric.
        parts: of each process in each segment its number there (``segment``, ``rank``), and ``steps``, ``values`` and
            ``times``: lists, or arrays of NumPy.
    """

    def __init__(self, name: str, parts: Sequence[Part]) -> None:
        self.name = name
        self.parts = parts

    @cached_property
    def steps(self) -> Any:
        """The steps: whole numbers, unless somebody gave others."""
        return self._column("steps")

    @cached_property
    def values(self) -> Any:
        """The values: numbers, NaN and infinities included; objects where some are no numbers."""
        return self._column("values")

    @cached_property
    def times(self) -> Any:
        """Seconds since the epoch, in UTC."""
        return self._column("times")

    @cached_property
    def segments(self) -> Any:
        """Of each point the segment: 0 before the run was first resumed."""
        return self._column("segment")

    @cached_property
    def ranks(self) -> Any:
        """Of each point the rank of the process that logged it."""
        return self._column("rank")

    @property
    def last(self) -> Any:
        """The last value that the lowest rank logged in the last segment."""
        part = min(self.parts, key=lambda part: (-part.segment, part.rank))
        value = part.values[-1]
        return value.item() if hasattr(value, "item") else decode(value)

    @property
    def min(self) -> float | None:
        """The least value, NaN left out; None where no value is a number."""
        return min((low for low, _ in self._extremes), default=None)

    @property
    def max(self) -> float | None:
        """The greatest value, NaN left out; None where no value is a number."""
        return max((high for _, high in self._extremes), default=None)

    def rows(self) -> Iterator[Logged]:
        """Each point as plain values, segment after segment and rank after rank; needs no NumPy."""
        for part in self.parts:
            columns = [_plain(column) for column in (part.steps, part.values, part.times)]
            for step, value, time in zip(*columns, strict=True):
                yield Logged(step, value, time, part.segment, part.rank)

    def outline(self, most: int) -> list[tuple[float, float]]:
        """Steps and values for a plot: the finite numbers, or of very many the extremes of each stretch.

        Args:
            most: about so many points; at least 2.
        """
        found = [finite(part) for part in self.parts]
        steps = [step for some, _ in found for step in some]
        return outlined(steps, [value for _, some in found for value in some], most)

    def at(self, step: Any) -> Any:
        """The value at a step; the last one, where there are several.

        Raises:
            KeyError: nothing was logged at that step.
        """
        places = (self.steps == step).nonzero()[0]
        if not len(places):
            raise KeyError(f"{self.name} has no value at step {step}{self._near(step)}")
        value = self.values[places[-1]]
        return value.item() if hasattr(value, "item") else value

    def to_pandas(self) -> Any:
        """A frame with a row for each point: ``step``, ``value``, ``time``, and ``segment`` and ``rank`` where there are several.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = needed("pandas", "to_pandas()")
        times = pandas.to_datetime(self.times, unit="s", utc=True, errors="coerce")
        columns = {"step": self.steps, "value": self.values, "time": times}
        if len({part.segment for part in self.parts}) > 1:
            columns["segment"] = self.segments
        if len({part.rank for part in self.parts}) > 1:
            columns["rank"] = self.ranks
        return pandas.DataFrame(columns)

    def __len__(self) -> int:
        return sum(len(part.times) for part in self.parts)

    def __iter__(self) -> Iterator[Any]:
        """The values."""
        return iter(self.values.tolist())

    def __repr__(self) -> str:
        figures = f"{counted(len(self), 'point')}, last {self.last}, min {self.min}, max {self.max}"
        return f"<Metric {printable(self.name)}: {printable(figures)}>"

    @cached_property
    def _extremes(self) -> list[tuple[Any, Any]]:
        return [found for part in self.parts if (found := extremes(part.values)) is not None]

    def _column(self, name: str) -> Any:
        needed("numpy", f"{name} of a metric")
        return merged(self.parts, name)

    def _near(self, step: Any) -> str:
        try:
            near = sorted(set(self.steps.tolist()), key=lambda known: abs(known - step))[:_NEAR]
        except TypeError:
            return ""
        return f"; the nearest are {' and '.join(map(str, sorted(near)))}"


class Metrics(Mapping[str, Metric]):
    """The metrics of a run by name, read when somebody asks."""

    def __init__(self, store: RunStore, run: RunId) -> None:
        self._store = store
        self._run = run

    def __getitem__(self, name: str) -> Metric:
        if name not in self._metrics:
            known = f"; it has {', '.join(self._metrics)}" if self._metrics else "; it has none"
            raise KeyError(f"this run has no metric {name!r}{did_you_mean(str(name), self._metrics) or known}")
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def __repr__(self) -> str:
        return f"<Metrics {printable(', '.join(self._metrics))}>"

    @cached_property
    def _metrics(self) -> dict[str, Metric]:
        return {name: Metric(name, parts) for name, parts in parts_of(self._store, self._run).items()}


def _plain(column: Any) -> Iterable[Any]:
    """Values of Python."""
    return column.tolist() if hasattr(column, "tolist") else map(decode, column)
