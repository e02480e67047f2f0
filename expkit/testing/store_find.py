# ruff: noqa: PLR2004 - the numbers of a test are its own
"""The contract of stores: finding runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from expkit.record.model import RUNNING
from expkit.record.query import And, Compare, Exists, Not, Or
from expkit.testing.samples import sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, StoreTests

if TYPE_CHECKING:
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class FindContract(StoreTests):
    """Finding runs."""

    @pytest.fixture
    def five(self, store: RunStore) -> RunStore:
        """Five runs, of which one has no loss, and one a nested value."""
        for number in range(5):
            record = sample_record(config={"lr": 0.1 * number, "net": {"units": 2**number}}, result=5 - number)
            store.create(record, lease=sample_lease())
            if number != 2:
                store.append(record.uid, LOSS, 0, sample_points(number + 1))
        return store

    def test_rows_are_whole_records(self, store: RunStore, run: RunId) -> None:
        """Without columns a row is the record's JSON form, with id, state and later facts."""
        for action, value in [
            ("tag", "good"),
            ("untag", "first"),
            ("name", "new"),
            ("note", "why"),
            ("result", {"a": 1}),
        ]:
            store.annotate(run, sample_annotation(value, action))
        store.renew(run, sample_lease())
        (row,) = store.find()
        assert (row["id"], row["_id"], row["status"], row["state"]) == (run, run, RUNNING, "RUNNING")
        assert (row["tags"], row["name"], row["late"]) == (["good"], "new", {"a": 1})
        assert [note["text"] for note in row["notes"]] == ["why"]
        assert row["config"] == store.load(run).config

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            (None, [0, 1, 2, 3, 4]),
            (Compare("config.lr", "<", 0.15), [0, 1]),
            (Compare("config.net.units", "in", [2, 8, 99]), [1, 3]),
            (Compare("config.nothing", "!=", 1), []),
            (Not(Compare("config.nothing", "==", 1)), [0, 1, 2, 3, 4]),
            (Exists("metrics.loss.last"), [0, 1, 3, 4]),
            (Compare("metrics.loss.count", ">=", 4), [3, 4]),
            (And(Compare("result", "<=", 3), Compare("state", "==", "RUNNING")), [2, 3, 4]),
            (Or(Compare("result", "==", 5), Compare("result", "==", 1)), [0, 4]),
            (Compare("name", "like", "SAM%"), [0, 1, 2, 3, 4]),
            (Compare("tags", "contains", "first"), [0, 1, 2, 3, 4]),
        ],
    )
    def test_queries(self, five: RunStore, query: Any, found: list[int]) -> None:
        """A query finds the runs that match, and no others, in order of creation."""
        assert [5 - row["result"] for row in five.find(query)] == found

    def test_columns(self, five: RunStore) -> None:
        """With columns a row has exactly these; what a run lacks is None."""
        rows = list(five.find(columns=["config.net.units", "metrics.loss.min", "metrics.loss.max"]))
        assert rows[1] == {"config.net.units": 2, "metrics.loss.min": 0.5, "metrics.loss.max": 1.0}
        assert rows[2] == {"config.net.units": 4, "metrics.loss.min": None, "metrics.loss.max": None}

    def test_order_and_limit(self, five: RunStore) -> None:
        """Rows are ordered by fields, also descending, missing values last; then they are counted."""
        by_loss = [row["result"] for row in five.find(columns=["result"], order=["metrics.loss.last"])]
        assert by_loss == [1, 2, 4, 5, 3]
        best = [row["result"] for row in five.find(columns=["result"], order=["-metrics.loss.last"], limit=2)]
        assert best == [5, 4]

    def test_many_orders(self, five: RunStore) -> None:
        """The first field of an order counts most."""
        five.create(sample_record(name="a", result=9))
        names = [row["result"] for row in five.find(columns=["result"], order=["name", "result"])]
        assert names == [9, 1, 2, 3, 4, 5]
