"""The contract of stores: the names of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunExistsError, RunNotFoundError, StoreError
from expkit.record.model import COMPLETED, QUEUED, RUNNING
from expkit.testing.samples import sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, StoreTests

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.stores.base import RunStore
    from expkit.types import RunId

_USES: dict[str, Callable[[RunStore, str], Any]] = {
    "load": lambda store, run: store.load(run),
    "save": lambda store, run: store.save(sample_record(uid=run)),
    "set_status": lambda store, run: store.set_status(run, QUEUED, RUNNING),
    "append": lambda store, run: store.append(run, LOSS, 0, sample_points(1)),
    "read": lambda store, run: store.read(run, LOSS),
    "streams": lambda store, run: store.streams(run),
    "renew": lambda store, run: store.renew(run, sample_lease()),
    "lease": lambda store, run: store.lease(run),
    "annotate": lambda store, run: store.annotate(run, sample_annotation("x")),
    "annotations": lambda store, run: store.annotations(run),
    "delete": lambda store, run: store.delete(run),
}

NOBODY = ("4711", "nobody", "../x", "", "0123456789abcdef" * 2, "a\0b", "\ud800")
"""Names of runs that are not there."""

NUMBERS = (42, 0, -5, 10**9, 10**18 - 1, 10**18, 2**63, -(2**63))
"""Ids that may be typed as numbers or as text."""

ODD = ("by-hand", "0", "-5", "007", "1e3", "9" * 30, str(2**63), "ü ☃", "$set", "a.b", "x" * 150)
"""Ids that people may choose, and that must not move the counter."""

ODDER = ("a/b", "..", "a\\b", "", " x ", "a\0b", "x" * 1_000, "\ud800", "*", "_x", ".x", "9" * 5_000, "%2F", "nul\n")
"""Ids that a store may refuse."""


class IdContract(StoreTests):
    """Ids: each run has two names, its own short one here and its uid everywhere."""

    def test_runs_have_two_names(self, store: RunStore) -> None:
        """A run is found by its short id, also when that is given as text, and by its uid."""
        record = sample_record()
        run_id = store.create(record)
        assert {store.load(name).uid for name in (run_id, str(run_id), record.uid)} == {record.uid}

    def test_lists_runs_in_order(self, store: RunStore) -> None:
        """The list of runs has all of them, in order of creation, each with both names."""
        records = [sample_record() for _ in range(self.amount(12))]
        ids = [store.create(record) for record in records]
        assert len(set(ids)) == len(records)
        assert store.ids() == list(zip(ids, [record.uid for record in records], strict=True))

    def test_create_twice_is_create_once(self, store: RunStore) -> None:
        """A uid that is here already keeps its id and its record."""
        record = sample_record()
        run_id = store.create(record)
        store.save(record.but(status=COMPLETED))
        assert store.create(record, id="77") == run_id
        assert (len(store.ids()), store.load(run_id).status) == (1, COMPLETED)

    def test_takes_the_wanted_id(self, store: RunStore) -> None:
        """An id that is free is given, and the next ones are free again."""
        assert str(store.create(sample_record(), id="77")) == "77"
        assert str(store.create(sample_record(), id="by-hand")) == "by-hand"
        assert str(store.create(sample_record())) not in {"77", "by-hand"}

    @pytest.mark.parametrize("number", NUMBERS)
    @pytest.mark.parametrize("types", [(int, str), (str, int)], ids=["as number", "as text"])
    def test_numbers_as_text(self, store: RunStore, number: int, types: tuple[type, type]) -> None:
        """An id that is a number is the same run's whether it is typed as number or as text, however odd it is."""
        typed, otherwise = (kind(number) for kind in types)
        record = sample_record()
        given = store.create(record, id=typed, bind=True)
        assert str(given) == str(number)
        for name in (typed, otherwise, given):
            assert (store.load(name).uid, store.load(name).id) == (record.uid, given), f"{name!r} is not found"
            with pytest.raises(RunExistsError):
                store.create(sample_record(), id=name, bind=True)
        assert store.ids() == [(given, record.uid)], "there are two runs that look alike"
        assert store.create(sample_record(), id=otherwise) != given

    def test_taken_id_gives_the_next(self, store: RunStore, run: RunId) -> None:
        """A wanted id that is taken is no error: the run gets another one."""
        assert store.create(sample_record(), id=run) != run

    def test_bind_insists(self, store: RunStore, run: RunId) -> None:
        """A bound id that is taken is an error, and nothing is created."""
        with pytest.raises(RunExistsError):
            store.create(sample_record(), id=run, bind=True)
        assert len(store.ids()) == 1

    def test_ids_of_choice_move_no_counter(self, store: RunStore, run: RunId) -> None:
        """Text, negative, huge and odd numbers are ids as they are, found again, taken once; counting goes on as before."""
        for wanted in ODD:
            record = sample_record()
            given = store.create(record, id=wanted, bind=True)
            assert str(given) == wanted
            assert store.load(wanted).uid == store.load(given).uid == record.uid, f"{wanted!r} finds another run"
        with pytest.raises(RunExistsError):
            store.create(sample_record(), id=ODD[0], bind=True)
        number = store.create(sample_record())
        assert _number(number) == _number(run) + 1, f"after {ODD} the counter stands at {number}"
        assert [str(key.id) for key in store.ids()[1:-1]] == list(ODD)

    @pytest.mark.parametrize("wanted", ODDER, ids=ascii)
    def test_odd_ids_are_taken_or_refused(self, store: RunStore, run: RunId, wanted: str) -> None:
        """An id that a store cannot have is refused by a sentence, and nothing is created; else it is given as it is."""
        try:
            given = store.create(sample_record(), id=wanted, bind=True)
        except StoreError:
            assert [key.id for key in store.ids()] == [run]
        else:
            assert str(given) == wanted
            assert store.load(wanted).id == given

    @pytest.mark.parametrize("use", _USES)
    def test_unknown_runs(self, store: RunStore, run: RunId, use: str) -> None:
        """Every method says that there is no such run, whatever it is called, and harms no other."""
        before = store.load(run)
        for name in NOBODY:
            with pytest.raises(RunNotFoundError):
                _USES[use](store, name)
        assert (store.load(run), len(store.ids())) == (before, 1)


def _number(run: RunId) -> int:
    """The number in an id; where a store cannot count for sure, it has a suffix."""
    return int(str(run).partition("-")[0])
