"""What differs between any number of runs: :func:`compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.named import NamedTuple
from expkit.readers import facts
from expkit.readers.lacking import needed
from expkit.readers.opening import open_run
from expkit.readers.run import StoredRun
from expkit.record.encoding import encode
from expkit.record.query import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.readers.opening import Place
    from expkit.types import Json, RunId

SOURCES = "sources"


class Compared(NamedTuple):
    """One fact of several runs.

    Attributes:
        section: ``asked``, ``config``, ``sources``, ``packages``, ``git``, ``host``, ``inputs``, ``result`` or ``metrics``.
        path: dotted.
        values: of each run; :data:`~expkit.record.query.MISSING` where one has nothing.
    """

    section: str
    path: str
    values: tuple[Any, ...]


class Comparison(Frozen):
    """What differs between runs.

    Attributes:
        runs: in the order in which they were given.
        rows: facts that are not the same in all of them.
    """

    runs: tuple[StoredRun, ...]
    rows: tuple[Compared, ...]

    def section(self, name: str) -> tuple[Compared, ...]:
        """The rows of one section."""
        return tuple(row for row in self.rows if row.section == name)

    def to_json(self) -> Json:
        """JSON trees of all of it; a run that has nothing has no value."""
        ids = [str(run.id) for run in self.runs]
        rows = [{"section": row.section, "path": row.path, "values": _values(ids, row.values)} for row in self.rows]
        return {"runs": [{"id": run.id, "uid": run.uid, "store": run.store.url} for run in self.runs], "rows": rows}

    def to_pandas(self) -> Any:
        """A frame with a row for each fact and a column for each run, called by its id.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = needed("pandas", "to_pandas()")
        index = pandas.MultiIndex.from_tuples([(row.section, row.path) for row in self.rows], names=["section", "path"])
        values = [[None if value is MISSING else value for value in row.values] for row in self.rows]
        return pandas.DataFrame(values, index=index, columns=[run.id for run in self.runs], dtype=object)

    def _repr_html_(self) -> str:
        """How notebooks show it."""
        from expkit.readers.shown import compared_html

        return compared_html(self)


def compare(runs: Iterable[StoredRun | RunId], store: Place = None) -> Comparison:
    """What differs between runs.

    Args:
        runs: a selection, or runs, or what :func:`expkit.open_run` takes.
        store: where runs are that are called by names.

    Raises:
        RunNotFoundError: there is no such run.
    """
    found = tuple(run if isinstance(run, StoredRun) else open_run(run, store) for run in runs)
    rows = []
    for section, find in {**facts.SECTIONS, SOURCES: _sources}.items():
        rows += _rows(section, [find(run) for run in found])
    return Comparison(runs=found, rows=tuple(rows))


def _sources(run: StoredRun) -> dict[str, Any]:
    return {name: (file.sha256 or file.ref.md5)[:12] for name, file in run.sources.items()}


def _rows(section: str, found: Sequence[dict[str, Any]]) -> list[Compared]:
    paths = dict.fromkeys(path for each in found for path in each)
    rows = [Compared(section, path, tuple(each.get(path, MISSING) for each in found)) for path in paths]
    return [row for row in rows if not all(facts.is_same(row.values[0], value) for value in row.values)]


def _values(ids: Sequence[str], values: Sequence[Any]) -> Json:
    return {id: encode(value) for id, value in zip(ids, values, strict=True) if value is not MISSING}
