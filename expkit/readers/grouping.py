"""Runs that agree in something, and what they say together: :class:`Groups`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from expkit._support.counting import counted
from expkit._support.nearest import did_you_mean
from expkit.errors import QueryError
from expkit.readers.asking import field_of
from expkit.readers.lacking import needed
from expkit.readers.student import Estimate, estimate
from expkit.readers.table import figures_of
from expkit.readers.unheard import unheard
from expkit.readers.values import flat
from expkit.record.hashing import canonical
from expkit.record.paths import Path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.readers.selection import Runs

_FIGURES = ("last", "min", "max")


class Group(Mapping[str, Estimate]):
    """Runs that agree: ``group["metrics.acc.max"].mean``.

    Attributes:
        entries: what they agree in, by dotted path.
        key: those of the entries in which other groups differ.
        n: how many runs.
    """

    def __init__(self, runs: Runs, entries: Mapping[str, Any], rows: Sequence[_Row], confidence: float) -> None:
        self.entries = entries
        self.key: dict[str, Any] = dict(entries)
        self.n = len(rows)
        self._runs = runs
        self._uids = [row.uid for row in rows]
        names = dict.fromkeys(name for row in rows for name in row.figures)
        self._estimates = {
            name: estimate([row.figures[name] for row in rows if name in row.figures], confidence) for name in names
        }

    @property
    def runs(self) -> Runs:
        """The runs themselves."""
        return self._runs.among(self._uids)

    def __getitem__(self, figure: str) -> Estimate:
        if figure not in self._estimates:
            known = did_you_mean(figure, self._estimates) or f"; there are {', '.join(self._estimates) or 'none'}"
            raise KeyError(f"no run of this group has a number {figure!r}{known}")
        return self._estimates[figure]

    def __iter__(self) -> Any:
        return iter(self._estimates)

    def __len__(self) -> int:
        return len(self._estimates)

    def __repr__(self) -> str:
        said = ", ".join(f"{path}={value!r}" for path, value in self.key.items())
        return f"<Group of {counted(self.n, 'run')}: {said or 'all alike'}>"


class Groups(Sequence[Group]):
    """Groups of runs, in order of their first runs.

    Attributes:
        varying: dotted paths of the entries in which they differ.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        paths = dict.fromkeys(path for group in groups for path in group.entries)
        self.varying = [path for path in paths if len({repr(group.entries.get(path)) for group in groups}) > 1]
        for group in groups:
            group.key = {path: group.entries.get(path) for path in self.varying}

    def best(self, figure: str, direction: str) -> Group:
        """The group with the greatest or the least mean.

        Args:
            figure: such as ``metrics.acc.max``.
            direction: ``"max"`` or ``"min"``.

        Raises:
            ValueError: another direction.
            KeyError: no group has such a number.
        """
        if direction not in ("max", "min"):
            raise ValueError(f"best({figure!r}, {direction!r}): what is best is 'max' or 'min'")
        there = [group for group in self._groups if figure in group and not math.isnan(group[figure].mean)]
        if not there:
            names = {name for group in self._groups for name in group}
            raise KeyError(f"no group has a number {figure!r}{did_you_mean(figure, names)}")
        return (max if direction == "max" else min)(there, key=lambda group: group[figure].mean)

    def to_pandas(self) -> Any:
        """A row for each group: what they differ in, ``n``, and of each figure ``.n``, ``.mean``, ``.sd``, ``.low`` and ``.high``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return needed("pandas", "to_pandas()").DataFrame(list(self.rows()))

    def rows(self) -> list[dict[str, Any]]:
        """The same as dicts."""
        figures = dict.fromkeys(name for group in self._groups for name in group)
        return [
            {
                **group.key,
                "n": group.n,
                **{f"{name}.{part}": value for name in figures for part, value in _parts(group, name)},
            }
            for group in self._groups
        ]

    @overload
    def __getitem__(self, which: int) -> Group: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Group]: ...
    def __getitem__(self, which: int | slice) -> Group | Sequence[Group]:
        """One of them by its place, or some."""
        return self._groups[which]

    def __len__(self) -> int:
        return len(self._groups)

    def __repr__(self) -> str:
        from expkit.readers.shown import groups_text

        return groups_text(self)

    def _repr_html_(self) -> str:
        """How notebooks show them."""
        from expkit.readers.shown import groups_html

        return groups_html(self)


class _Row:
    """What grouping needs of a run."""

    def __init__(
        self, row: Mapping[str, Any], entries: dict[str, Any], figures: Sequence[str] | None, runs: Runs
    ) -> None:
        self.uid: str = row["uid"]
        self.entries = entries
        found = (
            _all_figures(row, runs)
            if figures is None
            else {name: runs.decoded(row[field_of(name)]) for name in figures}
        )
        self.figures = {name: float(value) for name, value in found.items() if isinstance(value, (int, float))}


def group(
    runs: Runs, fields: Sequence[str], without: Sequence[str], figures: Sequence[str] | None, confidence: float
) -> Groups:
    """Runs by what they agree in; see :meth:`expkit.readers.selection.Runs.group_by`."""
    if not fields:
        raise ValueError('group_by() needs a field, such as group_by("config", except_="seed")')
    paths = {name: field_of(name) for name in fields}
    asked = ("result", "late", "metrics") if figures is None else tuple(map(field_of, figures))
    dropped = _Dropped(without)
    found: dict[str, list[_Row]] = {}
    lacking = {*paths.values(), *(asked if figures is not None else ())}
    for row in runs.find(list(dict.fromkeys(("uid", *paths.values(), *asked)))):
        lacking -= {path for path in lacking if row[path] is not None}
        trees = {name: dropped.from_tree(row[path], name) for name, path in paths.items()}
        entries = {leaf: item for name, tree in trees.items() for leaf, item in flat(runs.decoded(tree), name).items()}
        found.setdefault(canonical(trees), []).append(_Row(row, entries, figures, runs))
    if found:
        _refuse_unheard(runs, lacking)
        dropped.check(fields, {path for rows in found.values() for path in rows[0].entries})
    return Groups([Group(runs, rows[0].entries, rows, confidence) for rows in found.values()])


def _refuse_unheard(runs: Runs, fields: Iterable[str]) -> None:
    """Refuse what no run of the store has: most likely it is misspelt."""
    for sentence in unheard(type(runs)(runs.store, trash=True), fields):
        raise QueryError(sentence)


class _Dropped:
    """Entries that do not count: paths such as ``seed`` or ``config.seed``, as questions have them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._paths = {name: Path.parse(name) for name in names}
        self._left = set(names)

    def from_tree(self, tree: Any, field: str) -> Any:
        """A tree without them."""
        for name, path in self._paths.items():
            left = path.below(Path.parse(field)).without(tree)
            if left is not tree:
                self._left.discard(name)
            tree = left
        return tree

    def check(self, fields: Iterable[str], entries: Iterable[str]) -> None:
        """Refuse names that no run has: most likely they are misspelt."""
        for name in sorted(self._left):
            known = {str(Path.parse(entry).below(Path.parse(field))) for entry in entries for field in fields}
            raise QueryError(f"no run has an entry {name!r} that could be left out{did_you_mean(name, known)}")


def _all_figures(row: Mapping[str, Any], runs: Runs) -> dict[str, Any]:
    found = {**flat(runs.decoded(row["result"]), "result"), **flat(runs.decoded(row["late"] or {}), "late")}
    return found | figures_of(row["metrics"], _FIGURES)


def _parts(group: Group, name: str) -> list[tuple[str, Any]]:
    return list(zip(Estimate._fields, group[name] if name in group else estimate(()), strict=True))
