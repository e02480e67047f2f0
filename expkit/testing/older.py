# ruff: noqa: PLR2004 - the numbers of a sample are its own
"""What stores of older formats hold: :func:`fill` made them, :func:`check` reads them. Neither ever changes what it fills.

To keep a sample of your store's present format, fill a new one, and put what it wrote among your tests::

    fill(MyStore("tests/version1"))
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from expkit.record.model import (
    COMPLETED,
    OUTPUT,
    POINTS,
    RUNNING,
    Annotation,
    ConfigFacts,
    FileRef,
    Launch,
    Lease,
    Point,
    RunRecord,
    StreamKey,
)
from expkit.testing.samples import sample_record

if TYPE_CHECKING:
    from expkit.stores.base import RunStore

_NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
_FILE, _ARRAY, _LATE = b"weights " * 200, b"\0\1\2\3" * 500, b"late" * 500
_POINTS = [Point("loss", step, 2.0**-step, _NOON.timestamp() + step) for step in range(20)] + [
    Point("acc ☃", 2**70, float("inf"), 1.7e9, (("phase", "train"),)),
    Point("acc ☃", 0.5, {"a": [1, None]}, 1.7e9),
]
_STREAMS: dict[StreamKey, Any] = {
    StreamKey(POINTS): _POINTS,
    StreamKey(OUTPUT): "schöner ☃ text\r\n".encode() + bytes(range(256)),
    StreamKey(POINTS, 1, 0): _POINTS[:3],
    StreamKey(POINTS, 0, 1): _POINTS[3:5],
}
_LEASE = Lease(host="elsewhere", boot="b00t", pid_namespace="1", pid=1, process_start=123.5, interval=3600.0)


def fill(store: RunStore) -> None:
    """Put into a new, empty store what samples of formats hold."""
    blobs = [store.put_blob(data).sha256 for data in (_FILE, _ARRAY, _LATE)]
    whole, queued = _records(*blobs)
    run = store.create(whole.but(status=RUNNING, stop_time=None, result=None), lease=_LEASE)
    for stream, batch in _STREAMS.items():
        store.append(run, stream, 0, batch)
    store.save(whole)
    for annotation in _annotations(blobs[2]):
        store.annotate(run, annotation)
    store.create(queued, id="by-hand")


def check(store: RunStore) -> None:
    """See that a store holds what :func:`fill` put in, and that it goes on.

    Raises:
        AssertionError: something is missing or has changed.
    """
    blobs = [_hash(data) for data in (_FILE, _ARRAY, _LATE)]
    records = _records(*blobs)
    assert [(key.uid, store.load(key.uid).but(id=None)) for key in store.ids()] == [
        (each.uid, each) for each in records
    ]
    first, second = (key.id for key in store.ids())
    assert (str(first).partition("-")[0], second) == ("1", "by-hand")
    assert repr({stream: store.read(first, stream) for stream in _STREAMS}) == repr(_STREAMS)
    assert store.streams(first) == {stream: len(batch) for stream, batch in _STREAMS.items()}
    assert store.annotations(first) == _annotations(blobs[2])
    lease = store.lease(first)
    assert lease is not None
    assert lease.but(renewed=None) == _LEASE
    _check_bytes(store, blobs)
    rows = [row["config.a.b"] for row in store.find(columns=["config.a.b"])]
    assert len(rows) == 2
    assert {change.uid for change in store.changes()[0]} >= {each.uid for each in records}
    _check_going_on(store, blobs)


def _check_bytes(store: RunStore, blobs: list[str]) -> None:
    for name, data in zip(blobs, (_FILE, _ARRAY, _LATE), strict=True):
        with store.open_blob(name) as file:
            assert file.read() == data


def _check_going_on(store: RunStore, blobs: list[str]) -> None:
    store.sweep(grace=0)
    _check_bytes(store, blobs)
    (first, _), end = store.ids(), len(_POINTS)
    assert store.append(first.id, StreamKey(POINTS), end, _POINTS[:2]) == end + 2
    text = len(_STREAMS[StreamKey(OUTPUT)])
    assert store.append(first.id, StreamKey(OUTPUT), text, b"more") == text + 4
    assert repr(store.read(first.id, StreamKey(POINTS))) == repr(_POINTS + _POINTS[:2])
    record = store.load(first.id)
    store.save(record.but(segment=1, status=RUNNING))
    assert store.load(first.id) == record.but(segment=1, status=RUNNING)
    assert str(store.create(sample_record())).partition("-")[0] == "2"
    store.delete("by-hand")
    assert len(store.ids()) == 2


def _hash(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def _annotations(late: str) -> list[Annotation]:
    array = {"!expkit": "array", "dtype": "uint8", "shape": [2000], "blob": late}
    said: list[tuple[str, Any]] = [("tag", "good"), ("note", "wärum"), ("result", {"late": array})]
    return [
        Annotation(action=action, value=value, author="somebody", time=_NOON + timedelta(minutes=place))
        for place, (action, value) in enumerate(said)
    ]


def _records(file: str, array: str, _: str) -> list[RunRecord]:
    weights = {"!expkit": "array", "dtype": "uint8", "shape": [2000], "blob": array}
    whole = RunRecord(
        uid="0195500000007000800000000000000a",
        name="sample",
        command="main",
        status=COMPLETED,
        parent="01955000000070008000000000000001",
        segment=0,
        seed=7,
        queue_time=_NOON - timedelta(hours=1),
        start_time=_NOON,
        stop_time=_NOON + timedelta(minutes=1),
        heartbeat=_NOON + timedelta(seconds=10),
        config={"lr": 0.1, "a.b": {"$x": [1, 2**80, None]}, "": "ü\0", "weights": weights, "seed": 7},
        facts=ConfigFacts(hash="ab" * 32, modified=("lr",), typechanged={"lr": ("int", "float")}, docs={"lr": "rate"}),
        experiment={"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"},
        host={"hostname": "here", "gpus": None},
        meta={"tags": ["first"], "options": {"--loglevel": None}},
        launch=Launch(script="train.py", argv=("with", "lr=0.1"), env={"OMP_NUM_THREADS": "1"}),
        files=(
            FileRef(path="train.py", role="source", sha256="cd" * 32, md5="ef" * 16, size=12, kept=False),
            FileRef(path="out/w.bin", role="artifact", sha256=file, size=len(_FILE), metadata={"k.x": 1}),
        ),
        info={"epoch": 1},
        result={"acc": 0.5},
        fail_trace=(),
        gaps=("no repository",),
    )
    queued = RunRecord(uid="0195500000007000800000000000000b", name="later", command="main", status="QUEUED")
    return [whole, queued]
