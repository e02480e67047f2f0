"""Looking into TinyDB databases, as the predecessor's scripts do: :class:`TinyDbReader`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from expkit.observers.tinydb_runs import StoredFiles, open_runs
from expkit.stores.tinydb.store import TinyDbStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    Document = Mapping[str, Any]

_RULE = "-" * 49
_INDENT = "    "


class TinyDbReader:
    """Finds runs in a TinyDB database, those that Sacred recorded as well as ours.

    Args:
        path: the folder of the database.

    Attributes:
        db: the database as a ``tinydb.TinyDB``, for reading: at every question it is as it stands then.
        runs: its table of runs.
        fs: the files that runs used and made, by hash.

    Raises:
        OSError: there is no such folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not os.path.isdir(path):
            raise FileNotFoundError(f"there is no folder {os.fspath(path)}; give the one of a TinyDbObserver")
        store = TinyDbStore(path)
        self.db = open_runs(store)
        self.runs = self.db.table("runs")
        self.fs = StoredFiles(store)

    def __repr__(self) -> str:
        return f"TinyDbReader({self.fs.root!r})"

    def search(self, *args: Any, **kwargs: Any) -> list[Any]:
        """The documents that match a query of TinyDB: ``search(where("config").lr < 0.1)``.

        Fields that cannot be compared, such as the result of a run that has none, do not match.
        """
        return self.runs.search(*map(_tolerant, args), **{key: _tolerant(value) for key, value in kwargs.items()})

    def fetch_metadata(
        self, exp_name: str | None = None, query: Any = None, indices: int | Iterable[int] | None = None
    ) -> list[Any]:
        """The documents of runs. Of several conditions all must hold.

        Args:
            exp_name: a regular expression that is found in the experiment's name.
            query: a query of TinyDB.
            indices: places among all runs, in order of creation; negative ones count from the end.

        Raises:
            ValueError: no condition, or a place beyond the runs there are.
        """
        if exp_name is None and query is None and indices is None:
            raise ValueError("say which runs: exp_name='...', query=where(...) == ... or indices=[0, -1]")
        found = self.runs.all()
        if indices is not None:
            found = _picked(found, [indices] if isinstance(indices, int) else list(indices))
        if exp_name is not None:
            found = [run for run in found if re.search(exp_name, str(run["experiment"].get("name", "")))]
        fits = (lambda _: True) if query is None else _tolerant(query)
        return [run for run in found if fits(run)]

    def fetch_files(
        self, exp_name: str | None = None, query: Any = None, indices: int | Iterable[int] | None = None
    ) -> list[dict[str, Any]]:
        """The files of runs: ``exp_name``, ``exp_id``, ``date``, and where a run has some, ``sources``, ``resources`` and
        ``artifacts``, each a dict from name to a file to read from. A resource has the name under which the record has
        it, where Sacred's reader had its absolute path.

        Args:
            exp_name: see :meth:`fetch_metadata`.
            query: see there.
            indices: see there.

        Raises:
            ValueError: see there.
        """
        return [_files(run) for run in self.fetch_metadata(exp_name, query, indices)]

    def fetch_report(
        self, exp_name: str | None = None, query: Any = None, indices: int | Iterable[int] | None = None
    ) -> list[str]:
        """A page of text about each run.

        Args:
            exp_name: see :meth:`fetch_metadata`.
            query: see there.
            indices: see there.

        Raises:
            ValueError: see there.
        """
        return [_report(run) for run in self.fetch_metadata(exp_name, query, indices)]


def _tolerant(query: Any) -> Any:
    """The query, which says no to what it cannot compare."""
    if not callable(query):
        raise TypeError(f"a query is something like where('config').lr < 0.1, not {query!r}")

    def fits(run: Document) -> bool:
        try:
            return bool(query(run))
        except TypeError:
            return False

    return fits


def _picked(runs: list[Any], indices: list[int]) -> list[Any]:
    for index in indices:
        if not -len(runs) <= index < len(runs):
            raise ValueError(f"there is no run number {index}: there are {len(runs)} runs, counted from 0")
    return [runs[index] for index in indices]


def _files(run: Document) -> dict[str, Any]:
    lists = {"sources": run["experiment"]["sources"], "resources": run["resources"], "artifacts": run["artifacts"]}
    files = {kind: {name: file for name, *_, file in items} for kind, items in lists.items() if items}
    return {"exp_name": run["experiment"].get("name"), "exp_id": run["_id"], "date": run["start_time"], **files}


def _report(run: Document) -> str:
    experiment = run["experiment"]
    sections: dict[str, Iterable[Any]] = {
        "Parameters": (f"{key}: {value}" for key, value in sorted(run["config"].items())),
        "Result": [run["result"]],
        "Dependencies": experiment.get("dependencies") or (),
        "Resources": (item[0] for item in run["resources"]),
        "Source Files": (item[0] for item in experiment["sources"]),
        "Outputs": (item[0] for item in run["artifacts"]),
    }
    when = f"Date: {_date(run['start_time'])}    Duration: {_duration(run['start_time'], run['stop_time'])}"
    head = ["", _RULE, f"Experiment: {experiment.get('name')}", _RULE, f"ID: {run['_id']}", when, ""]
    return "\n".join([*head, *_paragraphs(sections)])


def _paragraphs(sections: Mapping[str, Iterable[Any]]) -> Iterator[str]:
    for title, items in sections.items():
        yield f"{title}:"
        yield from [f"{_INDENT}{item}" for item in items] or [f"{_INDENT}None"]
        yield ""


def _date(time: datetime | None) -> str:
    return "not started" if time is None else time.strftime("%a %d %b %Y")


def _duration(start: datetime | None, stop: datetime | None) -> str:
    if start is None or stop is None:
        return "not ended"
    seconds = (stop - start).total_seconds()
    minutes, seconds = divmod(seconds, 60)
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:{seconds:04.1f}"
