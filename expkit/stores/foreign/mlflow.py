"""MLflow's runs, whether in a folder or in a database: what its words become in a record."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import BlobNotFoundError
from expkit.record.encoding import encode
from expkit.record.model import COMPLETED, FAILED, INTERRUPTED, QUEUED, RUNNING, Annotation, FileRef, Point, RunRecord
from expkit.stores.foreign.told import artifact, files_below, gaps_of, moment, value_of
from expkit.stores.sacred import base_name, uid_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from expkit.types import Json

TOOL, SCHEME = "MLflow", "mlflow"

_STATUSES = {
    "RUNNING": RUNNING,
    "SCHEDULED": QUEUED,
    "FINISHED": COMPLETED,
    "FAILED": FAILED,
    "KILLED": INTERRUPTED,
    # folders have numbers
    "1": RUNNING,
    "2": QUEUED,
    "3": COMPLETED,
    "4": FAILED,
    "5": INTERRUPTED,
}
_OURS = "mlflow."
_ELSEWHERE = ("mlflow.note.content", "mlflow.source.name")  # among the notes; without its path, as the main file
_LARGEST = 1.7976931348623157e308


class Facts(NamedTuple):
    """What MLflow knows about a run; times in milliseconds since the epoch.

    Attributes:
        run_id: of MLflow.
        experiment: its name.
        experiment_id: of MLflow.
        name: that people see.
        status: a word or a number.
        user: who started it.
        start, end: when.
        artifacts: the URI of its artifacts.
    """

    run_id: str
    experiment: str
    experiment_id: str
    name: str
    status: str
    user: str
    start: int | None
    end: int | None
    artifacts: str


def uid(run_id: str, start: int | None) -> str:
    """The uid of a run: it follows from MLflow's id, and sorts by time."""
    return uid_of(run_id, moment((start or 0) / 1000), TOOL)


def record_of(
    facts: Facts,
    params: dict[str, str],
    tags: dict[str, str],
    last: float | None,
    parent: str | None,
    artifacts: str | None,
) -> RunRecord:
    """What MLflow says, as a record.

    Args:
        facts: of the run.
        params: by name.
        tags: by name.
        last: when it wrote its last point, in seconds.
        parent: uid of the run that has it.
        artifacts: the folder of its artifacts; None where that is elsewhere.
    """
    status = _STATUSES.get(facts.status, facts.status or RUNNING)
    missing = [] if artifacts is not None else [f"its artifacts were not looked at: they lie at {facts.artifacts}"]
    return RunRecord(
        uid=uid(facts.run_id, facts.start),
        name=facts.experiment,
        command="",
        status=status,
        parent=parent,
        start_time=moment((facts.start or 0) / 1000),
        stop_time=moment((facts.end or 0) / 1000),
        heartbeat=moment(max(last or 0, (facts.start or 0) / 1000)),
        config=encode({name: value_of(text) for name, text in params.items()}),
        experiment=encode(_experiment(facts, tags)),
        host=encode({"user": facts.user} if facts.user else {}),
        meta=encode({"tags": [name if not text else f"{name}={text}" for name, text in _own(tags).items()]}),
        files=tuple(artifact(name, path) for name, path in _files(artifacts)),
        info=encode({"mlflow": _info(facts, tags)}),
        gaps=gaps_of(TOOL, missing, {}),
    )


def notes_of(facts: Facts, tags: dict[str, str]) -> tuple[Annotation, ...]:
    """The name of a run and its description, as if its user had added them when it began."""
    time = moment((facts.start or 0) / 1000) or moment(1)
    assert time is not None
    author = facts.user or TOOL
    texts = {"name": facts.name or tags.get("mlflow.runName", ""), "note": tags.get("mlflow.note.content", "")}
    return tuple(
        Annotation(action=action, value=text, author=author, time=time) for action, text in texts.items() if text
    )


def point(name: str, step: Any, value: float, time: float) -> Point:
    """A point; MLflow's databases write the greatest float for infinity."""
    if abs(value) >= _LARGEST:
        value = math.copysign(math.inf, value)
    return Point(name, step, value, time / 1000)


def open_file(folder: str | None, ref: FileRef) -> BinaryIO:
    """The bytes of an artifact.

    Raises:
        BlobNotFoundError: there is no such file in the folder.
    """
    for name, path in _files(folder):
        if name == ref.path:
            return open(path, "rb")
    raise BlobNotFoundError(f"there is no artifact {ref.path!r} in {folder}")


def _files(folder: str | None) -> Iterator[tuple[str, str]]:
    return files_below(folder, folder) if folder is not None and os.path.isdir(folder) else iter(())


def _own(tags: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in tags.items() if not name.startswith(_OURS)}


def _experiment(facts: Facts, tags: dict[str, str]) -> dict[str, Json]:
    commit, source = tags.get("mlflow.source.git.commit"), tags.get("mlflow.source.name", "")
    repository = {"url": tags.get("mlflow.source.git.repoURL", ""), "commit": commit, "dirty": False}
    tree: dict[str, Json] = {"name": facts.experiment, "mainfile": base_name(source)}
    return tree | ({"repositories": [repository]} if commit else {})


def _info(facts: Facts, tags: dict[str, str]) -> dict[str, Json]:
    known: dict[str, Json] = {"run_id": facts.run_id, "experiment_id": facts.experiment_id}
    return known | {"tags": {name: text for name, text in tags.items() if name not in _ELSEWHERE}}
