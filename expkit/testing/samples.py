"""Runs to fill stores with."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from expkit.record.model import RUNNING, Annotation, ConfigFacts, FileRef, Launch, Lease, Point, RunRecord
from expkit.record.uid import new_uid

if TYPE_CHECKING:
    from expkit.types import Json

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
"""The start of every sample run."""

AWKWARD: dict[str, Json] = {
    "": "empty key",
    "a.b": {"$set": 1, "x.y.z": [None, True, -0.0]},
    "ключ ☃ \U0001f600": "ünïcode \u0000 \u2028 \\ \" '",
    "k" * 10_000: 1,
    "big": 2**200,
    "tiny": 5e-324,
    "deep": [[[[[[[[{"bottom": []}]]]]]]]],
    "nan": {"!expkit": "float", "value": "nan"},
    "py/object": {"py/tuple": [1]},
    "_id": 1,
    "text": "line\n" * 20_000,
}
"""Keys and values that stores like to lose or change."""


def sample_record(**changes: Any) -> RunRecord:
    """A record with something in every field, of a new run.

    Args:
        changes: fields that should be different.
    """
    record = RunRecord(
        uid=new_uid(),
        name="sample",
        command="main",
        status=RUNNING,
        parent=new_uid(),
        seed=7,
        queue_time=NOON - timedelta(hours=1),
        start_time=NOON,
        heartbeat=NOON + timedelta(seconds=10),
        config={"lr": 0.1, "layers": [{"units": 64}], "seed": 7},
        facts=ConfigFacts(hash="ab" * 32, modified=("lr",), typechanged={"lr": ("int", "float")}, docs={"lr": "rate"}),
        experiment={"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"},
        host={"hostname": "here", "gpus": None},
        meta={"tags": ["first"], "options": {"--loglevel": None}},
        launch=Launch(script="train.py", argv=("with", "lr=0.1"), env={"OMP_NUM_THREADS": "1"}),
        files=(FileRef(path="train.py", role="source", sha256="cd" * 32, md5="ef" * 16, size=12, first_seen=NOON),),
        info={"epoch": 1},
        gaps=("no repository",),
    )
    return record.but(**changes)


def sample_points(count: int, start: int = 0, name: str = "loss") -> list[Point]:
    """Points with the steps ``start`` to ``start + count - 1`` and the values ``2 ** -step``."""
    return [Point(name, step, 2.0**-step, NOON.timestamp() + step) for step in range(start, start + count)]


def sample_lease(interval: float = 3600.0) -> Lease:
    """A lease of a process on a machine that is not this one."""
    return Lease(
        host="elsewhere", boot="b00t", pid_namespace="4026531836", pid=1, process_start=123.5, interval=interval
    )


def sample_annotation(value: Json, action: str = "note", minutes: float = 0) -> Annotation:
    """Something that somebody said some minutes after noon."""
    return Annotation(action=action, value=value, author="somebody", time=NOON + timedelta(minutes=minutes))
