"""MLflow's folders, ``mlruns``: a folder for each run of each experiment, with YAML, and a text for each parameter, metric and tag."""

from __future__ import annotations

import os
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from expkit.errors import FormatError
from expkit.record.model import POINTS, StreamKey
from expkit.stores.foreign import mlflow
from expkit.stores.foreign.told import Told, files_below, moment, small_text, stamps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from expkit.record.model import FileRef, Point
    from expkit.stores.foreign.told import ForeignRun

_META = "meta.yaml"
_PARTS = 3


class MlflowFolder:
    """A folder ``mlruns``.

    Args:
        place: its path.
    """

    tool, scheme = mlflow.TOOL, mlflow.SCHEME

    def __init__(self, place: str) -> None:
        self.place = place

    def runs(self) -> list[ForeignRun]:
        """Those that nobody deleted."""
        found = [run for experiment in _folders(self.place) for run in _runs(experiment)]
        starts = {run.name: run.start for run in found}
        for run in found:
            run.known = starts
        return list(found)


class _Run:
    """A run's folder."""

    def __init__(self, folder: str, experiment: dict[str, Any], about: dict[str, Any]) -> None:
        self.folder = folder
        self.name = str(about.get("run_id") or about.get("run_uuid") or os.path.basename(folder))
        self.start = _whole(about.get("start_time"))
        self.uid = mlflow.uid(self.name, self.start)
        self.started = (self.start or 0) / 1000
        self.known: dict[str, int | None] = {}
        self._experiment = experiment

    def stamp(self) -> Any:
        folders = [path for path, _, _ in os.walk(self.folder)]
        return stamps([*folders, f"{self.folder}/{_META}", *(path for _, path in self._texts("metrics"))])

    def tell(self) -> Told:
        about, tags = _yaml(f"{self.folder}/{_META}"), self._small("tags")
        count, last = 0, 0.0
        for point in self.points(StreamKey(POINTS)):
            count, last = count + 1, point.time
        facts = self._facts(about, tags)
        mother = tags.get("mlflow.parentRunId", "")
        parent = mlflow.uid(mother, self.known[mother]) if mother in self.known else None
        params, artifacts = self._small("params"), f"{self.folder}/artifacts"
        record = mlflow.record_of(facts, params, tags, last, parent, artifacts if self._is_here(facts) else None)
        return Told(record=record, ends={StreamKey(POINTS): count}, notes=mlflow.notes_of(facts, tags))

    def points(self, key: StreamKey) -> Iterator[Point]:  # noqa: ARG002 - there is one
        """All points in order of time, so that those of a run that goes on come last."""
        series = (_points(name, path) for name, path in self._texts("metrics"))
        return merge(*series, key=attrgetter("time"))

    def output(self, offset: int, limit: int | None) -> bytes:  # noqa: ARG002 - MLflow keeps none
        return b""

    def open(self, ref: FileRef) -> BinaryIO:
        return mlflow.open_file(f"{self.folder}/artifacts", ref)

    def _facts(self, about: dict[str, Any], tags: dict[str, str]) -> mlflow.Facts:
        return mlflow.Facts(
            run_id=self.name,
            experiment=str(self._experiment.get("name") or ""),
            experiment_id=str(self._experiment.get("experiment_id") or ""),
            name=str(about.get("run_name") or about.get("name") or ""),
            status=str(about.get("status") or ""),
            user=str(tags.get("mlflow.user") or about.get("user_id") or ""),
            start=self.start,
            end=_whole(about.get("end_time")),
            artifacts=str(about.get("artifact_uri") or ""),
        )

    def _is_here(self, facts: mlflow.Facts) -> bool:
        """Whether the artifacts lie beside the run: they are looked for there alone, wherever the URI may lead."""
        ends = [part for part in facts.artifacts.replace("\\", "/").split("/") if part][-_PARTS:]
        return os.path.isdir(f"{self.folder}/artifacts") or ends[1:] == [self.name, "artifacts"]

    def _texts(self, what: str) -> Iterator[tuple[str, str]]:
        return files_below(f"{self.folder}/{what}", self.folder)

    def _small(self, what: str) -> dict[str, str]:
        return {name: small_text(path) for name, path in self._texts(what)}


def _folders(place: str) -> Iterator[str]:
    """Folders with settings of their own; hidden ones hold what was deleted."""
    for name in sorted(os.listdir(place)):
        path = os.path.join(place, name)
        if not name.startswith(".") and os.path.isfile(os.path.join(path, _META)):
            yield path


def _runs(experiment: str) -> Iterator[_Run]:
    about = _yaml(f"{experiment}/{_META}")
    if about.get("lifecycle_stage") == "deleted":
        return
    for folder in _folders(experiment):
        told = _yaml(f"{folder}/{_META}")
        if told.get("lifecycle_stage") != "deleted":
            yield _Run(folder, about, told)


def _yaml(path: str) -> dict[str, Any]:
    """The entries of a file that are no collections: MLflow writes no others, and aliases may make these endless."""
    import yaml

    try:
        tree = yaml.safe_load(small_text(path))
    except (yaml.YAMLError, RecursionError, ValueError):
        raise FormatError(f"{path} is no YAML, so nothing of its run can be read") from None
    entries = tree.items() if isinstance(tree, dict) else ()
    return {key: value for key, value in entries if isinstance(value, (str, int, float, bool))}


def _points(name: str, path: str) -> Iterator[Point]:
    """Lines of time, value and step, sorted by time; a last line that is not whole is being written."""
    found = []
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            found.append(_point(name, line, f"{path}:{number}"))
    found.sort(key=attrgetter("time"))
    return iter(found)


def _point(name: str, line: bytes, where: str) -> Point:
    try:
        time, value, *rest = line.split()
        made = mlflow.point(name, int(rest[0]) if rest else 0, float(value), int(time))
        moment(made.time)
    except (ValueError, OverflowError):
        raise FormatError(f"{where}: this is no point of MLflow, which are TIME VALUE STEP") from None
    return made


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
