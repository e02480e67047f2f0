"""Later facts, as they add up; rows and single runs have them from one place."""

from datetime import datetime, timedelta, timezone

from expkit.readers import open_run
from expkit.record.later import Later
from expkit.record.model import Annotation, RunRecord
from expkit.record.uid import new_uid
from expkit.stores.memory import MemoryStore

NOON = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
SAID = [
    ("tag", "b"), ("tag", "a"), ("untag", "own"), ("note", "first"), ("name", "one"), ("name", "two"), ("trash", None),
    ("result", 1), ("result", {"acc": 2}), ("restore", None), ("untag", "b"), ("tag", "b"), ("trash", None), ("unheard-of", 1),
]  # fmt: skip


def test_rows_and_runs_agree():
    """What a list says of later facts is what the run itself says; tags count once, also the run's own."""
    store = MemoryStore()
    meta = {"tags": ["own", "a", "a"]}
    record = RunRecord(uid=new_uid(), name="digits", command="main", status="COMPLETED", start_time=NOON, meta=meta)
    store.create(record)
    for number, (action, value) in enumerate(SAID):
        when = NOON + timedelta(minutes=number)
        store.annotate(record.uid, Annotation(action=action, value=value, author="me", time=when))
    [row] = store.find(columns=["tags", "notes", "name", "late", "trash.author"])
    run = open_run(record.uid, store)
    assert row == {
        "tags": ["a", "b"],
        "notes": [{"text": "first", "author": "me", "time": "2026-10-01T12:03:00.000000+00:00"}],
        "name": "two",
        "late": {"result": 1, "acc": 2},
        "trash.author": "me",
    }
    assert (run.tags, [note.value for note in run.notes], run.name) == (["a", "b"], ["first"], "two")
    assert (run.late.to_dict(), run.trashed.author, run.trashed.time) == (
        row["late"],
        "me",
        NOON + timedelta(minutes=12),
    )


def test_nothing_was_said():
    """A run of which nobody said anything has its own tags and its own name."""
    later = Later([])
    assert (later.tags({"tags": ["x"]}), later.tags({}), later.name, later.trash, later.files) == (
        ["x"],
        [],
        None,
        None,
        [],
    )
    assert later.mixed_in({"meta": {}, "name": "own"}) == {
        "meta": {},
        "name": "own",
        "tags": [],
        "notes": [],
        "late": {},
    }
