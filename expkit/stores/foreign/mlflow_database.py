"""MLflow's SQLite databases, read with the standard library and without ever writing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from expkit.errors import FormatError
from expkit.record.model import POINTS, StreamKey
from expkit.stores.disk.layout import is_inside
from expkit.stores.foreign import mlflow
from expkit.stores.foreign.told import Told, stamps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from expkit.record.model import FileRef, Point
    from expkit.stores.foreign.told import ForeignRun

_RUNS = """
    SELECT r.run_uuid, e.name, r.experiment_id, r.name, r.status, r.user_id, r.start_time, r.end_time, r.artifact_uri
    FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id
    WHERE r.lifecycle_stage IS NOT 'deleted' AND e.lifecycle_stage IS NOT 'deleted'
"""
_POINTS = """
    SELECT key, step, CASE WHEN is_nan THEN NULL ELSE value END, timestamp FROM metrics
    WHERE run_uuid = ? ORDER BY timestamp, key, step, rowid
"""
_BESIDE = ("mlruns", "mlartifacts", "")


class MlflowDatabase:
    """A database file.

    Args:
        place: its path.
    """

    tool, scheme = mlflow.TOOL, mlflow.SCHEME

    def __init__(self, place: str) -> None:
        self.place = place

    def runs(self) -> list[ForeignRun]:
        """Those that nobody deleted."""
        facts = [_facts(row) for row in rows(self.place, _RUNS)]
        starts = {found.run_id: found.start for found in facts}
        return [_Run(self.place, found, starts) for found in facts]


class _Run:
    """Rows of one run."""

    def __init__(self, database: str, facts: mlflow.Facts, known: dict[str, int | None]) -> None:
        self.name = facts.run_id
        self.uid = mlflow.uid(facts.run_id, facts.start)
        self.started = (facts.start or 0) / 1000
        self._database = database
        self._facts = facts
        self._known = known

    def stamp(self) -> Any:
        return stamps((self._database, f"{self._database}-wal"))

    def tell(self) -> Told:
        facts = next(
            (_facts(row) for row in rows(self._database, f"{_RUNS} AND r.run_uuid = ?", self.name)), self._facts
        )
        (count, last), *_ = rows(
            self._database, "SELECT count(*), max(timestamp) FROM metrics WHERE run_uuid = ?", self.name
        )
        params, tags = self._texts("params"), self._texts("tags")
        mother = tags.get("mlflow.parentRunId", "")
        parent = mlflow.uid(mother, self._known[mother]) if mother in self._known else None
        seconds = last / 1000 if isinstance(last, int) else None
        record = mlflow.record_of(facts, params, tags, seconds, parent, self._artifacts(facts))
        return Told(record=record, ends={StreamKey(POINTS): count}, notes=mlflow.notes_of(facts, tags))

    def points(self, key: StreamKey) -> Iterator[Point]:  # noqa: ARG002 - there is one
        """All points in order of time, so that those of a run that goes on come last."""
        for name, step, value, time in rows(self._database, _POINTS, self.name):
            if (
                not isinstance(time, int)
                or not isinstance(step, int)
                or not isinstance(value, (int, float, type(None)))
            ):
                raise FormatError(f"{self._database} has a point of {name!r} that is no number")
            yield mlflow.point(str(name), step, float("nan") if value is None else value, time)

    def output(self, offset: int, limit: int | None) -> bytes:  # noqa: ARG002 - MLflow keeps none
        return b""

    def open(self, ref: FileRef) -> BinaryIO:
        return mlflow.open_file(self._artifacts(self._facts), ref)

    def _texts(self, table: str) -> dict[str, str]:
        found = rows(self._database, f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key", self.name)  # noqa: S608 - names of ours
        return {str(key): "" if value is None else str(value) for key, value in found}

    def _artifacts(self, facts: mlflow.Facts) -> str | None:
        """The run's folder of artifacts. A database cannot lead elsewhere than to the folders beside it."""
        home = os.path.dirname(os.path.abspath(self._database))
        for folder in _BESIDE:
            path = os.path.join(home, folder, facts.experiment_id, facts.run_id, "artifacts")
            if os.path.isdir(path) and is_inside(path, home):
                return path
        is_local = not facts.artifacts.partition("://")[1] or facts.artifacts.startswith("file:")
        tail = f"{facts.experiment_id}/{facts.run_id}/artifacts"
        inside = is_local and home in facts.artifacts
        return os.path.join(home, tail) if inside or not facts.artifacts else None


def rows(path: str, query: str, *values: Any) -> Iterator[Any]:
    """The rows that a query finds, while they are read.

    Raises:
        FormatError: the file is no database, or not one of MLflow's.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True)) as connection:
            yield from connection.execute(query, values)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read as a database of MLflow: {error}") from None


def is_database(path: str) -> bool:
    """Whether a file is a database with MLflow's tables."""
    try:
        names = {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    except FormatError:
        return False
    return {"runs", "experiments", "metrics", "params", "tags"} <= names


def _facts(row: Any) -> mlflow.Facts:
    run_id, experiment, experiment_id, name, status, user, start, end, artifacts = row
    return mlflow.Facts(
        run_id=str(run_id),
        experiment=str(experiment or ""),
        experiment_id=str(experiment_id),
        name=str(name or ""),
        status=str(status or ""),
        user=str(user or ""),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        artifacts=str(artifacts or ""),
    )
