"""Runs of a store that answer a question: :class:`Runs`."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from expkit._support.counting import are, counted
from expkit._support.nearest import did_you_mean
from expkit.errors import RunNotFoundError, StoreNameError
from expkit.readers.asking import both, field_of, ordered_by, query_of
from expkit.readers.looking import Looks
from expkit.readers.resolve import resolve
from expkit.readers.run import StoredRun
from expkit.readers.values import decoded
from expkit.record.paths import Path
from expkit.record.query import Compare, Exists, Not
from expkit.stores.answers import RunKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from expkit.readers.asking import Where
    from expkit.readers.grouping import Groups
    from expkit.record.query import Query
    from expkit.stores.base import RunStore
    from expkit.types import RunId

_NOT_IN_TRASH = Not(Exists("trash"))


class Runs:
    """Runs of a store, in order of creation unless they are sorted. Nothing is read before somebody asks.

    Each method gives a new selection, and each look asks the store anew. Steps count in their order: ``limit`` before
    ``where`` asks the first runs only.

    ``runs[0]``, ``runs[-1]`` and ``runs[:10]`` count from the first; ``runs["17"]``, ``runs["last"]`` and what else
    :func:`expkit.open_run` understands name one of them.

    Runs in the trash are not among them, unless they are called by an id or a uid.

    Args:
        store: where they are.
        trash: whether runs in the trash are among them.
    """

    def __init__(
        self,
        store: RunStore,
        *,
        query: Query | None = None,
        order: tuple[str, ...] = (),
        window: tuple[int, int | None] = (0, None),
        columns: tuple[str, ...] = (),
        within: Runs | None = None,
        trash: bool = False,
    ) -> None:
        self.store = store
        self._trash = trash
        self._query = query
        self._order = order
        self._window = window
        self._columns = columns
        self._within = within
        self._looks: Looks[StoredRun] = Looks()

    # -- fewer of them, in another order ---------------------------------------------------------------

    def where(self, *questions: Where, **fields: Any) -> Runs:
        """Those for which all of these are true.

        Args:
            questions: texts such as ``"config.lr < 0.1 and state == 'COMPLETED'"``, or trees of
                :mod:`expkit.record.query`.
            fields: what fields should be: ``state="COMPLETED"``, ``tags="baseline"``, ``config={"lr": 0.1}``; one of
                several: ``state=("FAILED", "DIED")``.

        Raises:
            QueryError: a text that cannot be read, or a field that no run has.
        """
        query = query_of(questions, fields)
        if query is None:
            return self
        return self._but(query=both(None if self._is_cut else self._query, query))

    def sort(self, *fields: str) -> Runs:
        """In order of these fields, the first counting most; ``-`` in front: the greatest first. Missing values come last.

        Raises:
            QueryError: a field that no run has.
        """
        return self._but(order=tuple(map(ordered_by, fields)))

    def limit(self, count: int) -> Runs:
        """The first ``count`` of them."""
        if count < 0:
            raise ValueError(f"limit({count}): there are no fewer than no runs")
        return self._cut(0, count)

    def select(self, *columns: str) -> Runs:
        """The same runs; tables of them have these columns: ``select("id", "config.lr", "metrics.acc.max")``.

        Raises:
            QueryError: a field that no run has.
        """
        for column in columns:
            field_of(column)
        return Runs(**{**self._parts, "columns": columns})

    def among(self, uids: Iterable[str]) -> Runs:
        """The runs of these uids in the same order; nobody asks whether they lie in the trash by now."""
        query = Compare("uid", "in", list(uids))
        return Runs(self.store, query=query, order=self._order, columns=self._columns, trash=True)

    # -- one of them -----------------------------------------------------------------------------------

    def best(self, field: str, direction: str) -> StoredRun:
        """The run with the greatest or the least value of a field.

        Args:
            field: such as ``metrics.acc.max`` or ``result``.
            direction: ``"max"`` or ``"min"``.

        Raises:
            RunNotFoundError: none of them has a value there.
            QueryError: no run has such a field.
            ValueError: another direction.
        """
        if direction not in ("max", "min"):
            raise ValueError(f"best({field!r}, {direction!r}): what is best is 'max' or 'min'")
        path = field_of(field)
        there = self.where(Exists(path))
        for run in there.sort(f"-{field}" if direction == "max" else field).limit(1):
            return run
        raise RunNotFoundError(f"none of the {counted(len(self), 'run')} in {self.place} has {field}{self._near(path)}")

    def get(self, run: RunId) -> StoredRun | None:
        """The run of this id or uid, if it is among them; else None."""
        try:
            record = self.store.load(run)
        except (RunNotFoundError, StoreNameError):
            return None
        if self._is_all or any(True for _ in self.where(Compare("uid", "==", record.uid)).find(["uid"])):
            found = StoredRun(self._all, RunKey(run if record.id is None else record.id, record.uid))
            found.record = record
            return found
        return None

    def named(self, key: RunKey) -> StoredRun:
        """The run of a key of this store."""
        return StoredRun(self._all, key)

    @overload
    def __getitem__(self, which: int | str) -> StoredRun: ...
    @overload
    def __getitem__(self, which: slice) -> Runs: ...
    def __getitem__(self, which: int | str | slice) -> StoredRun | Runs:
        """One of them by its place or name, or a part of them."""
        if isinstance(which, str):
            return resolve(self, which)
        if isinstance(which, slice):
            return self._part(which)
        place = which if which >= 0 else which + len(self)
        for run in self._cut(place, place + 1) if 0 <= place < sys.maxsize else ():
            return run
        count = len(self)
        said = f"there {are(count)} {counted(count, 'run')}"
        raise IndexError(f'runs[{which}]: {said}; runs["{which}"] is the one with this id')

    # -- all of them -----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[StoredRun]:
        return self._looks.start(self._each())

    def __len__(self) -> int:
        return self._looks.count(self._each())

    def __bool__(self) -> bool:
        return any(True for _ in self.limit(1).find(["uid"]))

    def is_hidden(self, key: RunKey) -> bool:
        """Whether a run lies in the trash, and such runs are not among them."""
        if self._trash:
            return False
        return self.named(key).trashed is not None

    def all_keys(self) -> list[RunKey]:
        """Ids and uids of all of them; where nobody asked a question, of those in the trash as well."""
        if self._is_all and not self.store.capabilities.folder:
            return self.store.ids()
        # The index of a large folder knows, without looking at every run.
        found = self.store.find(columns=["id", "uid"]) if self._is_all else self.find(["id", "uid"])
        return [RunKey(row["id"], row["uid"]) for row in found]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The selected columns of each, as values; None where a run lacks one."""
        from expkit.readers.table import rows

        return rows(self)

    def group_by(
        self,
        *fields: str,
        except_: str | Sequence[str] = (),
        figures: Sequence[str] | None = None,
        confidence: float = 0.95,
    ) -> Groups:
        """Runs that agree in fields, and what they say together: number, mean, standard deviation, confidence interval.

        Args:
            fields: such as ``"config"`` (all of it), ``"config.lr"``, ``"name"``.
            except_: entries below them that do not count, such as ``"seed"``, ``"net.layers[0]"`` or ``'config["a.b"]'``;
                written as in questions.
            figures: such as ``["metrics.acc.max", "result"]``; by default all numbers of results, and last, least and greatest
                value of every metric.
            confidence: of the interval, Student's.

        Raises:
            QueryError: a field that no run has.
        """
        from expkit.readers.grouping import group

        return group(self, fields, (except_,) if isinstance(except_, str) else tuple(except_), figures, confidence)

    def to_pandas(self) -> Any:
        """A frame with a row for each run: the selected columns, else id, state, config, results and last values of metrics.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from expkit.readers.frame import to_pandas

        return to_pandas(self)

    def to_arrow(self) -> Any:
        """The same as a table of Arrow; values that fit into no column together are texts.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        from expkit.readers.frame import to_arrow

        return to_arrow(self)

    # -- for those who show and compare them -----------------------------------------------------------

    @property
    def place(self) -> str:
        """How messages call the store."""
        return self.store.url

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for some of them."""
        return self._query is not None

    @property
    def with_trash(self) -> Runs:
        """The same question and order, asked of runs in the trash as well."""
        within = None if self._within is None else self._within.with_trash
        return Runs(**{**self._parts, "within": within, "trash": True})

    @property
    def columns(self) -> tuple[str, ...]:
        """The selected columns, as they were given; none where nobody selected any."""
        return self._columns

    def find(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Rows of them as the store gives them, values being JSON trees; see :meth:`expkit.stores.base.RunStore.find`."""
        query = self._query
        if self._within is not None:
            query = both(Compare("uid", "in", [row["uid"] for row in self._within.find(["uid"])]), query)
        if not self._trash:
            query = both(query, _NOT_IN_TRASH)
        start, stop = self._window
        return islice(self.store.find(query, columns, self._order, stop), start, None)

    def decoded(self, tree: Any) -> Any:
        """The value of a tree in one of their rows."""
        return decoded(self.store, tree)

    def __repr__(self) -> str:
        from expkit.readers.shown import runs_text

        return runs_text(self)

    def _repr_html_(self) -> str:
        """How notebooks show them."""
        from expkit.readers.shown import runs_html

        return runs_html(self)

    # -- inside ----------------------------------------------------------------------------------------

    def _each(self) -> Iterator[StoredRun]:
        for row in self.find(["id", "uid"]):
            yield StoredRun(self._all, RunKey(row["id"], row["uid"]))

    @property
    def _all(self) -> Runs:
        return Runs(self.store, trash=self._trash)

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "store": self.store,
            "query": self._query,
            "order": self._order,
            "window": self._window,
            "columns": self._columns,
            "within": self._within,
            "trash": self._trash,
        }

    @property
    def _is_cut(self) -> bool:
        return self._window != (0, None)

    @property
    def _is_all(self) -> bool:
        return self._query is None and self._within is None and not self._is_cut

    def _but(self, **changes: Any) -> Runs:
        """Another question or order; what was cut off before stays away."""
        fresh = {"query": None, "within": self, "window": (0, None)} if self._is_cut else {}
        return Runs(**{**self._parts, **fresh, **changes})

    def _cut(self, first: int, last: int | None) -> Runs:
        start, stop = self._window
        ends = [end for end in (stop, None if last is None else start + last) if end is not None]
        window = start + first, max(start + first, min(ends)) if ends else None
        return Runs(**{**self._parts, "window": window})

    def _part(self, which: slice) -> Runs:
        if which.step not in (None, 1):
            raise ValueError("runs[a:b] takes no step; sort() gives another order")
        first, last = which.start or 0, which.stop
        if first < 0 or (last is not None and last < 0):
            first, last, _ = which.indices(len(self))
        return self._cut(min(first, sys.maxsize), None if last is None else max(first, last))

    def _near(self, path: str) -> str:
        """What there is instead of a field that none of them has."""
        first, *rest = Path.parse(path).steps
        if first not in ("metrics", "config"):
            return ""
        names = {name for row in self.find([first]) for name in row[first] or ()}
        wanted = rest[0] if rest else path
        there = f"; there are {', '.join(sorted(names))}" if names else ""
        return did_you_mean(wanted, names) or there
