from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import FormatError
from expkit.record.codec import Encoded
from expkit.record.events import Beat, Completed, Failed, FileAdded, Interrupted, Learned, Queued, Started
from expkit.record.fold import fold
from expkit.record.model import ConfigFacts, FileRef
from expkit.testing.samples import NOON, sample_record

LATER = NOON + timedelta(minutes=5)
RECORD = sample_record(files=())


def after(*events, record=RECORD):
    for event in events:
        record = fold(record, event)
    return record


def test_a_run_is_queued():
    """A queued run has its status and the time."""
    record = fold(None, Queued(time=LATER, record=RECORD))
    assert (record.status, record.queue_time) == ("QUEUED", LATER)


def test_a_run_starts():
    """A started run is RUNNING since then."""
    record = fold(None, Started(time=LATER, record=RECORD.but(start_time=None, status="")))
    assert (record.status, record.start_time, record.stop_time) == ("RUNNING", LATER, None)


def test_a_queued_run_starts_later():
    """A queued run that starts keeps its id, its time in the queue and its frozen files."""
    source = FileRef(path="a.py", role="source", sha256="1" * 64)
    queued = fold(None, Queued(time=NOON, record=RECORD.but(id="5", files=(source,), start_time=None)))
    started = fold(queued, Started(time=LATER, record=RECORD.but(id=None, queue_time=None, start_time=None)))
    assert (started.status, started.id, started.queue_time, started.files) == ("RUNNING", "5", NOON, (source,))
    assert started.start_time == LATER


def test_a_failed_run_is_resumed():
    """A run that is resumed has no end and no failure any more, and began when it began."""
    failed = after(Failed(time=NOON, fail_trace=("x",), cause="x"))
    resumed = fold(failed, Started(time=LATER, record=failed.but(segment=1)))
    assert (resumed.status, resumed.stop_time, resumed.fail_trace, resumed.cause) == ("RUNNING", None, (), "")
    assert (resumed.segment, resumed.start_time) == (1, RECORD.start_time)


def test_beats_report():
    """A beat brings the heartbeat, what the program reported, and a result so far."""
    record = after(Beat(time=LATER, info={"acc": np.float64(0.5), "t": (1,)}, result=np.int64(3)))
    assert (record.heartbeat, record.result, record.status) == (LATER, 3, RECORD.status)
    assert record.info == {"acc": 0.5, "t": {"!expkit": "tuple", "value": [1]}}


def test_empty_beats_take_nothing_away():
    """A beat that reports nothing leaves what was reported before."""
    record = after(Beat(time=NOON, info={"a": 1}, result=2), Beat(time=LATER))
    assert (record.info, record.result, record.heartbeat) == ({"a": 1}, 2, LATER)


def test_encoded_values_are_not_encoded_again():
    """Values that come from a log are taken as they are."""
    tree = {"a": {"!expkit": "tuple", "value": []}}
    assert after(Beat(time=NOON, info=Encoded(tree), result=Encoded(tree))).info == tree


def test_large_arrays_go_to_their_keeper():
    """The keeper of arrays is handed the large ones among reported values."""
    kept = []
    record = fold(
        RECORD, Completed(time=NOON, result=np.arange(2000)), lambda data, suffix: kept.append(suffix) or "0" * 64
    )
    assert (kept, record.result["blob"]) == ([".npy"], "0" * 64)


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (Completed(time=LATER, result=1), {"status": "COMPLETED", "stop_time": LATER, "result": 1}),
        (Completed(time=LATER), {"status": "COMPLETED", "stop_time": LATER}),
        (Interrupted(time=LATER, status="TIMEOUT", cause="c"), {"status": "TIMEOUT", "stop_time": LATER, "cause": "c"}),
        (
            Failed(time=LATER, fail_trace=("a", "b"), cause="b"),
            {"status": "FAILED", "stop_time": LATER, "fail_trace": ("a", "b"), "cause": "b"},
        ),
    ],
)
def test_runs_end(event, changes):
    """An end sets status, time and reason, and nothing else."""
    assert fold(RECORD, event) == RECORD.but(**changes)


def test_facts_are_learned():
    """What is learned later joins what is known; gaps are told once."""
    facts = ConfigFacts(read=("a",))
    event = Learned(time=NOON, host={"gpu": 1}, experiment={"dirty": True}, facts=facts, gaps=("g", "no repository"))
    record = after(event, event, Learned(time=NOON))
    assert record.host == {**RECORD.host, "gpu": 1}
    assert record.experiment == {**RECORD.experiment, "dirty": True}
    assert (record.facts, record.gaps) == (facts, ("no repository", "g"))


def ref(role, path, sha="", **more):
    return FileRef(role=role, path=path, sha256=sha, **more)


def test_files_are_learned():
    """Many files join at once, and of files that are known more is said, in their old places."""
    first = Learned(time=NOON, files=(ref("source", "a", "1", kept=False), ref("source", "b", "2", kept=False)))
    record = after(
        first, Learned(time=NOON, files=(ref("source", "c", "3"), ref("source", "a", "1"))), Learned(time=NOON)
    )
    assert [(file.path, file.kept) for file in record.files] == [("a", True), ("b", False), ("c", True)]


@pytest.mark.parametrize(
    ("added", "left"),
    [
        ([ref("artifact", "m", "1"), ref("artifact", "x", "3"), ref("artifact", "m", "2")], [("m", "2"), ("x", "3")]),
        ([ref("resource", "d", "1"), ref("resource", "d", "2")], [("d", "1"), ("d", "2")]),
        ([ref("resource", "d", "1"), ref("resource", "d", "1")], [("d", "1")]),
        ([ref("input", "d"), ref("input", "e"), ref("input", "d", "1")], [("d", "1"), ("e", "")]),
        ([ref("input", "d", "1"), ref("output", "d", "1")], [("d", "1"), ("d", "1")]),
    ],
)
def test_files_join(added, left):
    """An artifact is known by its name, any other file counts once per content; an unhashed one gets its hash."""
    record = after(*(FileAdded(time=NOON, file=file) for file in added))
    assert [(file.path, file.sha256) for file in record.files] == left


@pytest.mark.parametrize("event", [Beat(time=NOON), Completed(time=NOON), Learned(time=NOON)])
def test_runs_begin_with_their_start(event):
    """A log that does not begin with the start of a run is no log."""
    with pytest.raises(FormatError, match=type(event).__name__):
        fold(None, event)


events = st.lists(
    st.one_of(
        st.builds(
            Beat, time=st.just(LATER), info=st.dictionaries(st.text(), st.integers()), result=st.none() | st.integers()
        ),
        st.builds(
            FileAdded,
            time=st.just(NOON),
            file=st.builds(
                FileRef,
                path=st.sampled_from("ab"),
                role=st.sampled_from(["source", "artifact", "input"]),
                sha256=st.sampled_from(["", "1", "2"]),
            ),
        ),
        st.builds(Learned, time=st.just(NOON), gaps=st.tuples(st.sampled_from("xy"))),
        st.just(Completed(time=NOON)),
    )
)


@given(events)
def test_delivered_twice_is_delivered_once(happened):
    """Folding any history again from its start, and its last event twice, gives the same record."""
    record = after(*happened)
    assert record == after(*happened)
    assert after(*happened[-1:], record=record) == record
