from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.errors import FormatError
from expkit.record import wire
from expkit.record.codec import Encoded, decode, encode
from expkit.record.events import Beat, Completed, Failed, FileAdded, Interrupted, Learned, Queued, Started
from expkit.record.fold import fold
from expkit.record.model import FORMAT, Annotation, ConfigFacts, FileRef, Launch, Lease, RunRecord
from expkit.testing.samples import AWKWARD, NOON, sample_annotation, sample_lease, sample_record

from .strategies import values

SCHEMA = json.loads((Path(__file__).parents[2] / "expkit/record/record-v1.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FROZEN = sorted((Path(__file__).parent / "frozen").rglob("*.json"))

plain_texts = st.text(max_size=8)
hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
times = st.none() | st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(timezone.utc))
json_trees = st.dictionaries(plain_texts, values.map(encode), max_size=3)

files = st.builds(
    FileRef,
    path=plain_texts,
    role=st.sampled_from(["source", "resource", "artifact", "input", "output"]),
    root=st.sampled_from(["project", "files", "elsewhere"]),
    sha256=hexes,
    size=st.integers(0),
    mode=st.sampled_from("rw"),
    first_seen=times,
    kept=st.booleans(),
    metadata=json_trees,
)
facts = st.builds(
    ConfigFacts,
    hash=hexes,
    added=st.lists(plain_texts).map(tuple),
    typechanged=st.dictionaries(plain_texts, st.tuples(plain_texts, plain_texts), max_size=2),
    docs=st.dictionaries(plain_texts, plain_texts, max_size=2),
)
launches = st.builds(
    Launch,
    script=plain_texts,
    argv=st.lists(plain_texts).map(tuple),
    env=st.dictionaries(plain_texts, plain_texts, max_size=2),
)
records = st.builds(
    RunRecord,
    uid=st.text("0123456789abcdef", min_size=32, max_size=32),
    name=plain_texts,
    command=plain_texts,
    status=plain_texts,
    id=st.none() | st.integers() | plain_texts,
    parent=st.none() | plain_texts,
    segment=st.integers(0, 5),
    seed=st.none() | st.integers(),
    start_time=times,
    stop_time=times,
    config=json_trees,
    facts=facts,
    experiment=json_trees.map(lambda tree: {key: item for key, item in tree.items() if key != "sources"}),
    meta=json_trees,
    launch=launches,
    files=st.lists(files, max_size=3).map(tuple),
    info=json_trees,
    result=values.map(encode),
    fail_trace=st.lists(plain_texts).map(tuple),
    gaps=st.lists(plain_texts).map(tuple),
)


def through_json(tree):
    return json.loads(json.dumps(tree, allow_nan=False))


# -- records ---------------------------------------------------------------------------------------------


@given(records)
@settings(max_examples=150, deadline=None)
def test_records_go_there_and_back(record):
    """What is read is the record that was written, and fits the schema."""
    tree = through_json(wire.record_to_json(record))
    assert wire.record_from_json(tree) == record
    VALIDATOR.validate(tree)


def test_the_schema_is_one():
    """The schema in the docs is a valid JSON Schema and names every key that is written."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    written = wire.record_to_json(sample_record())
    assert set(written) == set(SCHEMA["properties"])
    for name, kind in (("facts", ConfigFacts), ("launch", Launch), ("file", FileRef)):
        assert set(SCHEMA["$defs"][name]["properties"]) == set(kind._fields)


@pytest.mark.parametrize(
    "change",
    [
        {"uid": 3},
        {"start_time": "2026-01-01"},
        {"config": {"a": {"!expkit": "float", "value": "many"}}},
        {"config": {"a": [{"!expkit": "tuple"}]}},
        {"files": [{"path": "x"}]},
        {"result": {"!expkit": "array", "dtype": "f", "shape": [1]}},
    ],
)
def test_the_schema_refuses(change):
    """The schema is no rubber stamp."""
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**wire.record_to_json(sample_record()), **change})


def test_the_predecessors_keys():
    """Tools made for the predecessor find the keys that they know; sources, resources, artifacts are derived."""
    refs = (
        FileRef(path="train.py", role="source", md5="a" * 32),
        FileRef(path="data.csv", role="resource", md5="b" * 32),
        FileRef(path="model.bin", role="artifact"),
    )
    tree = wire.record_to_json(sample_record(files=refs, id="7"))
    assert tree["experiment"]["sources"] == [["train.py", "a" * 32]]
    assert (tree["resources"], tree["artifacts"], tree["_id"]) == ([["data.csv", "b" * 32]], ["model.bin"], "7")
    assert tree["start_time"] == "2026-03-01T12:00:00.250000+00:00"


def test_unknown_keys_are_ignored():
    """A record with keys of a newer minor version is read."""
    tree = wire.record_to_json(sample_record(uid="1" * 32))
    tree |= {"news": 1, "facts": {**tree["facts"], "news": 1}, "files": [{**tree["files"][0], "news": [1]}]}
    assert wire.record_from_json(tree) == sample_record(uid="1" * 32, parent=tree["parent"])


def test_newer_formats_are_refused():
    """A format that only later versions read is refused with a sentence that says so."""
    tree = {**wire.record_to_json(sample_record()), "format": FORMAT + 1}
    with pytest.raises(FormatError, match=f"format {FORMAT + 1}.*reads formats up to {FORMAT}.*newer version"):
        wire.record_from_json(tree)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": None}, "format number"),
        ({"format": True}, "format number"),
        ({"uid": None}, "uid is missing or no text"),
        ({"status": 3, "name": 4}, "name, status is missing"),
        ({"config": []}, "config is list, not dict"),
        ({"fail_trace": "x"}, "fail_trace is str, not list"),
        ({"segment": "1"}, "segment is of the wrong type"),
        ({"start_time": "noon"}, "'noon' is no time"),
        ({"heartbeat": 3}, "3 is no time"),
        ({"files": [3]}, "no FileRef"),
        ({"files": [{"role": "source"}]}, "no FileRef"),
        ({"files": [{"path": "x", "role": "source", "first_seen": "x"}]}, "'x' is no time"),
        ({"facts": {"typechanged": 3}}, "no ConfigFacts"),
    ],
)
def test_what_is_no_record(change, message):
    """A tree that is no record is refused with a sentence that says what is wrong."""
    with pytest.raises(FormatError, match=message):
        wire.record_from_json({**wire.record_to_json(sample_record()), **change})


@pytest.mark.parametrize("tree", [None, [], "x", {}])
def test_what_is_no_record_at_all(tree):
    """Anything but an object with a format number is no record."""
    with pytest.raises(FormatError):
        wire.record_from_json(tree)


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_old_record_is_read(path):
    """Records that any version wrote are read by this one, and mean what they meant."""
    tree = json.loads(path.read_text("utf-8"))
    VALIDATOR.validate(tree)
    record = wire.record_from_json(tree)
    assert (record.uid, record.status, record.config) == (tree["uid"], tree["status"], tree["config"])
    again = wire.record_to_json(record)
    assert {key: again[key] for key in tree} == tree
    assert not any(again[key] for key in again.keys() - tree.keys()), "what was not written has no value"


def test_old_values_mean_what_they_meant():
    """Every kind of tagged value that a version wrote has the value that it had."""
    tree = json.loads((Path(__file__).parent / "frozen/v1/values.json").read_text("utf-8"))
    config = decode(tree["config"])
    assert repr(config["float"]) == "[nan, inf, -inf]"
    assert config["tuple"] == (1, (2,))
    assert (config["set"], config["frozenset"], config["bytes"]) == ({1, "a"}, frozenset({2}), b"\x00\xff")
    assert config["dict"] == {1: "one", (1, 2): "pair", "!expkit": True}
    assert config["datetime"] == datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    assert (config["timedelta"], str(config["path"]), str(config["decimal"])) == (
        timedelta(1, 2, 3),
        "data/x.csv",
        "1.10",
    )
    assert np.array_equal(config["array"], np.array([[1.0, np.nan], [np.inf, 4.0]]), equal_nan=True)
    assert config["array"].dtype == np.float32
    assert (config["scalar"], type(config["scalar"])) == (np.int16(7), np.int16)
    assert (config["complex"], config["huge"], config["broken"]) == (1 + 2j, 2**20000, "\udcff")


# -- times -----------------------------------------------------------------------------------------------


@given(times)
def test_times_go_there_and_back(time):
    """Times are read as written, aware and in UTC."""
    back = wire.time_from_json(wire.time_to_json(time))
    assert back == time
    assert time is None or back.tzinfo is timezone.utc


@given(times.filter(bool), times.filter(bool))
def test_texts_sort_like_times(left, right):
    """Stored times can be compared as text."""
    assert (wire.time_to_json(left) < wire.time_to_json(right)) == (left < right)


def test_zones_are_converted():
    """Times in other zones are stored in UTC, naive ones are local; texts without zone are read as UTC."""
    east = datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=2)))
    assert wire.time_to_json(east) == "2026-01-01T01:00:00.000000+00:00"
    naive = datetime(2026, 1, 1, 3)
    assert wire.time_to_json(naive) == wire.time_to_json(naive.astimezone())
    assert wire.time_from_json("2026-01-01T01:00:00") == datetime(2026, 1, 1, 1, tzinfo=timezone.utc)


# -- what lies beside records ------------------------------------------------------------------------------


def test_leases_annotations_files_go_there_and_back():
    """Leases, annotations and file references are read as written."""
    lease = Lease(**{**{name: getattr(sample_lease(), name) for name in Lease._fields}, "renewed": NOON})
    assert wire.lease_from_json(through_json(wire.lease_to_json(lease))) == lease
    assert wire.lease_from_json(through_json(wire.lease_to_json(sample_lease()))) == sample_lease()
    note = sample_annotation(AWKWARD)
    assert wire.annotation_from_json(through_json(wire.annotation_to_json(note))) == note
    ref = FileRef(path="a/b", role="artifact", metadata={"k": [1]}, first_seen=NOON)
    assert wire.file_from_json(through_json(wire.file_to_json(ref))) == ref


@pytest.mark.parametrize(
    "read", [wire.lease_from_json, wire.annotation_from_json, wire.file_from_json, wire.event_from_json]
)
@pytest.mark.parametrize("tree", [None, 3, [], {}, {"name": 1, "time": "x", "host": []}])
def test_wrong_trees_are_refused(read, tree):
    """What is none of ours is a FormatError."""
    with pytest.raises(FormatError):
        read(tree)


def test_annotations_need_a_time():
    """An annotation without a time is none."""
    with pytest.raises(FormatError):
        wire.annotation_from_json({"action": "note", "value": 1, "author": "x"})
    assert isinstance(wire.annotation_from_json(wire.annotation_to_json(sample_annotation(1))), Annotation)


# -- events ----------------------------------------------------------------------------------------------

EVENTS = [
    Queued(time=NOON, record=sample_record()),
    Started(time=NOON, record=sample_record(facts=ConfigFacts(typechanged={"a": ("int", "str")}))),
    Beat(time=NOON),
    Beat(time=NOON, info={"acc": np.float32(0.5), 1: "one"}, result=np.arange(3)),
    Beat(time=NOON, info={"nan": float("nan")}, result=(1, 2)),
    FileAdded(time=NOON, file=FileRef(path="a", role="artifact", metadata={"a": {"b": [1]}}, first_seen=NOON)),
    Learned(time=NOON),
    Learned(
        time=NOON,
        host={"gpu": None},
        experiment={"repositories": [{"dirty": True}]},
        facts=ConfigFacts(read=("a",)),
        gaps=("x",),
        files=(FileRef(path="a.py", role="source", kept=False, first_seen=NOON),),
    ),
    Completed(time=NOON),
    Completed(time=NOON, result=float("inf")),
    Interrupted(time=NOON, status="TIMEOUT", cause="too long"),
    Failed(time=NOON, fail_trace=("a\n", "b"), cause="b"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_go_there_and_back(event):
    """An event that was written and read has the same effect, and is written the same again."""
    tree = through_json(wire.event_to_json(event))
    back = wire.event_from_json(tree)
    assert type(back) is type(event)
    assert fold(sample_record(uid="1" * 32, parent=None), back) == fold(sample_record(uid="1" * 32, parent=None), event)
    assert wire.event_to_json(back) == tree


def test_read_events_hold_values():
    """The values of an event that was read can be decoded."""
    beat = wire.event_from_json(through_json(wire.event_to_json(Beat(time=NOON, info={"t": (1, 2)}, result={3}))))
    assert isinstance(beat.info, Encoded)
    assert (decode(beat.info), decode(beat.result)) == ({"t": (1, 2)}, {3})


def test_large_arrays_of_events_are_kept_beside():
    """The keeper of arrays is given the large ones among an event's values."""
    kept = []

    def keep(data, suffix):
        kept.append(suffix)
        return "0" * 64

    tree = wire.event_to_json(Beat(time=NOON, info={"w": np.arange(2000)}), keep)
    assert (kept, tree["info"]["w"]["blob"]) == ([".npy"], "0" * 64)


@pytest.mark.parametrize("name", ["Exploded", "Mapping", "dataclass", "", None, "__name__"])
def test_unknown_events_are_refused(name):
    """An event that this version does not know is an error that names it."""
    with pytest.raises(FormatError, match=f"no event {name!r}"):
        wire.event_from_json({"event": name, "time": wire.time_to_json(NOON)})
