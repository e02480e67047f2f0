"""How often a store is asked, and which runs are meant."""

import pytest

from expkit.readers import runs
from expkit.stores.memory import MemoryStore

from .conftest import add


@pytest.fixture
def store():
    """A store that counts how often it is asked for runs."""

    class Counting(MemoryStore):
        looks = 0

        def find(self, *args, **named):
            self.looks += 1
            return super().find(*args, **named)

    made = Counting()
    for seed in range(4):
        add(made, 0.1 * seed, seed)
    return made


@pytest.mark.parametrize("kind", [list, tuple, sorted, lambda some: [*some], lambda some: list(map(str, some))])
def test_a_list_is_one_look(store, kind):
    """Who makes a list of runs asks the store once."""
    some = runs(store=store)
    assert len(kind(some) if kind is not sorted else sorted(some, key=lambda run: run.uid)) == 4
    assert store.looks == 1


def test_each_look_is_new(store):
    """Each list, each loop and each number is of the runs that are there now."""
    some = runs(store=store)
    assert (len(some), len(list(some))) == (4, 4)
    add(store, 1, 5)
    assert (len(list(some)), len(some)) == (5, 5)
    for run in some:
        add(store, 2, 6)
        assert (run.config.seed, len(some)) == (0, 6)
        break
    assert len(some) == 6


def test_last_is_the_newest_however_they_are_sorted(store):
    """``last`` is the newest run of a selection, in whatever order it is."""
    some = runs(store=store)
    for selection in (some, some.where("config.lr >= 0")):
        for fields in ((), ("start",), ("-start",), ("-config.lr",), ("config.lr",)):
            assert selection.sort(*fields)["last"].config.seed == 3
            assert selection.sort(*fields)["last~2"].config.seed == 1


def test_among_looks_into_the_trash(store):
    """Runs that were chosen stay chosen, and groups keep their runs, also those that were thrown away since."""
    some = runs(store=store)
    group = some.group_by("name")[0]
    some["2"].trash()
    assert [run.id for run in some] == [1, 3, 4]
    assert [run.id for run in group.runs] == [1, 2, 3, 4]
    assert [run.id for run in some.sort("-config.lr").among([some["2"].uid, some["4"].uid])] == [4, 2]
