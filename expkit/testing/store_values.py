"""The contract of stores: what goes in comes out."""

from __future__ import annotations

import math
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from expkit.errors import ExpkitError
from expkit.experiment import Experiment
from expkit.observers.store import StoreObserver
from expkit.record.codec import blobs_of, decode, encode
from expkit.record.model import COMPLETED, ConfigFacts, FileRef, Launch
from expkit.testing.samples import AWKWARD, NOON, sample_record
from expkit.testing.store_tests import StoreTests

if TYPE_CHECKING:
    from pathlib import Path

    from expkit.stores.base import RunStore

KEYS = (
    "",
    ".",
    "a.b",
    "$",
    "$set",
    "$a.b",
    "a$",
    "\0",
    "a\0b",
    "_id",
    "__proto__",
    "ü ☃ \U0001f600",
    "\n",
    " ",
    "!x",
    "k" * 10_000,
)
"""Keys that some backend or other has a meaning of its own for."""

VALUES: dict[str, Any] = {
    "large": [2**53 + 1, 2**63, -(2**63) - 1, 2**200, -(10**40)],
    "floats": [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 0.0, 1e22, 1.0],
    "kinds": [1, 1.0, True, "1", None, [], {}, "", 0, False, [None]],
    "long": "ü" * 500_000,
    "texts": ["\0", "\r\n", "\u2028", "\\u0000", "'\"`;--", "{}", "NaN", "2026-03-01T12:00:00+00:00"],
}
"""JSON values that some backend or other changes."""

RICH: dict[str, Any] = {
    "non-finite": [math.nan, math.inf, -math.inf],
    "date": datetime(2026, 3, 1, 12, 30, 15, 123_456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "naive": datetime(2026, 3, 1),  # noqa: DTZ001 - people write such
    "bytes": b"\0\xff" * 100,
    "tuple": (1, (2.5, "x")),
    "set": {1, 2, 3},
    "keys": {1: "one", (2, 3): "pair"},
    "complex": 1 - 2j,
}
"""Python values that plain JSON cannot say."""

_text = st.text(st.characters(exclude_categories=["Cs"]))
_floats = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | _floats | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)
_trees = st.dictionaries(_text, _json, max_size=4)
_times = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone.utc))  # noqa: DTZ001
_lines = st.lists(_text, max_size=3).map(tuple)
_files = st.builds(
    FileRef,
    path=_text.filter(bool),
    role=st.sampled_from(["source", "input", "environment"]),
    size=st.integers(0, 2**60),
    kept=st.just(value=False),
    first_seen=_times,
    metadata=_trees,
    content_type=_text,
)
records = st.builds(
    sample_record,
    name=_text,
    command=_text,
    status=st.sampled_from(["QUEUED", "RUNNING", "COMPLETED", "ENOUGH", "ü"]),
    parent=st.none() | st.text("0123456789abcdef", min_size=32, max_size=32),
    segment=st.integers(0, 3),
    seed=st.none() | st.integers(0, 2**64),
    queue_time=_times,
    start_time=_times,
    stop_time=_times,
    heartbeat=_times,
    config=_trees,
    facts=st.builds(ConfigFacts, hash=_text, added=_lines, docs=st.dictionaries(_text, _text, max_size=2)),
    experiment=_trees.map(lambda tree: {key: value for key, value in tree.items() if key != "sources"}),
    host=_trees,
    meta=_trees,
    launch=st.builds(Launch, script=_text, argv=_lines, env=st.dictionaries(_text, _text, max_size=2)),
    files=st.lists(_files, max_size=2).map(tuple),
    info=_trees,
    result=_json,
    fail_trace=_lines,
    cause=_text,
    gaps=_lines,
)
"""Any records; their files are not kept, for a store need not know bytes that it was never given."""


class ValueContract(StoreTests):
    """Values: any key, any depth, any number, exactly.

    Attributes:
        record_examples: how many records hypothesis makes up.
    """

    record_examples = 25

    def test_awkward_values(self, store: RunStore) -> None:
        """Any string key and any JSON value survive in config, info and result, exactly."""
        record = sample_record(config=AWKWARD, info=AWKWARD, result=AWKWARD)
        store.create(record)
        found = store.load(record.uid)
        assert (found.config, found.info, found.result) == (AWKWARD, AWKWARD, AWKWARD)

    def test_any_key(self, store: RunStore) -> None:
        """Keys may be empty, 10 KB long, full of dots, dollars, nulls and unicode, at the top and below."""
        tree: dict[str, Any] = {key: number for number, key in enumerate(KEYS)}
        tree["nested"] = [{key: {key: number}} for number, key in enumerate(KEYS)]
        self.check(store, tree)

    @pytest.mark.parametrize("name", VALUES)
    def test_values_keep_their_kind(self, store: RunStore, name: str) -> None:
        """Numbers of any size, texts of a megabyte, empty containers: value and kind (1 is not 1.0, nor True) stay."""
        self.check(store, {"value": VALUES[name]})

    @pytest.mark.parametrize("depth", [31, 99, 300])
    def test_any_depth(self, store: RunStore, depth: int) -> None:
        """Containers within containers, several hundred deep, lists and dicts, come back whole."""
        self.check(store, {"deep": _nested(depth)})

    def test_beyond_any_depth(self, store: RunStore) -> None:
        """What is too deep for Python's JSON is kept whole, or refused with an error that leaves the run as it was."""
        record = sample_record()
        store.create(record)
        deep = _nested(3_000)
        try:
            store.save(record.but(info={"deep": deep}))
        except (ExpkitError, RecursionError):
            assert store.load(record.uid).but(id=None) == record
        else:
            assert _depth(store.load(record.uid).info["deep"]) == _depth(deep)

    @pytest.mark.parametrize("name", RICH)
    def test_python_values(self, store: RunStore, name: str) -> None:
        """NaN and infinities, dates, bytes, tuples, sets and keys of any kind come back as what they were."""
        tree = encode({name: RICH[name]})
        record = sample_record(config=tree, info=tree, result=tree)
        store.create(record)
        found = store.load(record.uid)
        assert [repr(decode(each)) for each in (found.config, found.info, found.result)] == [
            repr({name: RICH[name]})
        ] * 3

    def test_any_record(self, store: RunStore) -> None:
        """Whatever record there may be, what was saved is what is loaded."""

        @settings(
            max_examples=self.amount(self.record_examples),
            deadline=None,
            database=None,
            phases=[Phase.generate],  # finding a smaller example takes minutes where each step asks a server
            suppress_health_check=list(HealthCheck),
        )
        @given(records, _json)
        def check(record: Any, result: Any) -> None:
            run = store.create(record)
            assert store.load(run) == record.but(id=run)
            store.save(record.but(result=result, status=COMPLETED))
            assert store.load(run) == record.but(id=run, result=result, status=COMPLETED)
            (row,) = [row for row in store.find(columns=["uid", "result"]) if row["uid"] == record.uid]
            assert row["result"] == result
            store.delete(run)

        check()

    def test_a_whole_run(self, store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A real run's config, info and result come back from the store as the values that they were, large arrays that it reports by file."""
        numpy = pytest.importorskip("numpy", reason="arrays are NumPy's")
        monkeypatch.setenv("EXPKIT_STATE", os.fspath(tmp_path / "state"))
        monkeypatch.chdir(tmp_path)
        large, small = numpy.arange(20_000.0).reshape(100, 200), numpy.array([[1, 2], [3, 4]], dtype="int16")
        said = {"large": large, "small": small, "a.b": {"$x": (1, 2**80)}, "rich": RICH["date"]}
        experiment = Experiment("arrays", interactive=True, observers=[StoreObserver(store)])
        experiment.add_config(said)

        @experiment.main
        def main(_run: Any) -> Any:
            _run.info.update({"large": large + 1, "more": math.inf})
            return {"best": large * 2}

        run = experiment.run()
        assert run.recorder.owed == [], f"the store could not take {[str(lane) for lane in run.recorder.owed]}"
        found = store.load(run.uid)
        config, info, result = (
            decode(tree, lambda name: _bytes(store, name)) for tree in (found.config, found.info, found.result)
        )
        assert numpy.array_equal(config["large"], large)
        assert (config["small"].dtype, config["small"].tolist()) == (small.dtype, small.tolist())
        assert (config["a.b"], config["rich"]) == (said["a.b"], said["rich"])
        assert numpy.array_equal(info["large"], large + 1)
        assert info["more"] == math.inf
        assert numpy.array_equal(result["best"], large * 2)
        assert [len(blobs_of(tree)) for tree in (found.info, found.result)] == [1, 1], "they do not lie in files"

    def check(self, store: RunStore, tree: Any) -> None:
        """Let a tree go in as config, info and result, and come out, kinds included."""
        record = sample_record(config=tree)
        run = store.create(record)
        store.save(record.but(info=tree, result=tree))
        found = store.load(run)
        for name in ("config", "info", "result"):
            assert _exact(getattr(found, name)) == _exact(tree), f"{name} came back changed"


def _nested(depth: int) -> Any:
    """Lists and dicts within each other."""
    tree: Any = NOON.isoformat()
    for level in range(depth):
        tree = {"in": tree} if level % 2 else [tree]
    return tree


def _depth(tree: Any) -> int:
    depth = 0
    while isinstance(tree, (list, dict)):
        tree, depth = (tree[0] if isinstance(tree, list) else tree["in"]), depth + 1
    return depth


def _exact(tree: Any) -> list[Any]:
    """All containers and leaves with their keys and kinds, in one order: 1 is not 1.0 here, and 0.0 not -0.0."""
    found: list[Any] = []
    left: list[tuple[Any, Any]] = [("", tree)]
    while left:
        key, node = left.pop()
        if isinstance(node, (dict, list)):
            found.append((key, type(node), len(node)))
            left.extend(sorted(node.items()) if isinstance(node, dict) else enumerate(node))
        else:
            found.append((key, type(node), repr(node)))
    return found


def _bytes(store: RunStore, sha256: str) -> bytes:
    with store.open_blob(sha256) as file:
        return file.read()
