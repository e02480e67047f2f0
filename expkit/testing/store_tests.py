"""What the parts of the store contract share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores.urls import open_store
from expkit.testing.processes import Neighbour, neighbours
from expkit.testing.samples import sample_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from expkit.stores.base import RunStore
    from expkit.types import RunId

LOSS = StreamKey(POINTS)
TEXT = StreamKey(OUTPUT)

_BEGINNING = """
from expkit.record.model import *
from expkit.stores.urls import open_store
from expkit.testing.samples import *
LOSS, TEXT = StreamKey(POINTS), StreamKey(OUTPUT)
"""


class StoreTests:
    """What the parts of the contract share: how stores come and go.

    Attributes:
        scale: how much is done where the amount matters; slow servers may be asked for less (0.2, say), never for
            nothing.
        older: the names of the formats in which runs have ever been stored, from which :meth:`older_store` makes stores.
            ``()`` says that there are none: nothing has been released yet, or nothing outlives the process.
    """

    scale: float = 1.0
    older: Sequence[str] | None = None

    def make_store(self, folder: Path) -> RunStore:
        """A new, empty store; override this one. ``folder`` is new, empty, and gone after the test."""
        raise NotImplementedError

    def address(self, store: RunStore) -> str:
        """The URL that opens the same stored runs; override it where ``store.url`` masks what gives access."""
        return store.url

    def reopen(self, store: RunStore) -> RunStore:
        """Another object for the same stored runs; override it where no URL opens them."""
        return open_store(self.address(store))

    def program(self, store: RunStore) -> str:
        """Python code that makes ``store`` in another process; override it where no URL opens it."""
        return f"store = open_store({self.address(store)!r})"

    def older_store(self, name: str, folder: Path) -> RunStore:
        """A store as :func:`~expkit.testing.older.fill` left it in the format ``name``; override it where ``older`` names any.

        Keep what each version wrote among your tests, and bring it here to where this version can open it.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no sample of {name!r}; override older_store")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        """The store under test."""
        store = self.make_store(tmp_path)
        yield store
        store.close()

    @pytest.fixture
    def run(self, store: RunStore) -> RunId:
        """A run in it."""
        return store.create(sample_record())

    def amount(self, number: int) -> int:
        """So many, scaled; 2 at least."""
        return max(2, round(number * self.scale))

    def code(self, store: RunStore, task: str) -> str:
        """Code for another process, which opens the store, does the task (that may assign ``answer``), and closes it."""
        return f"{_BEGINNING}\n{self.program(store)}\n{task}\nstore.close()\n"

    def elsewhere(self, store: RunStore, task: str) -> Any:
        """What another process answers, which opens the store and does the task."""
        (other,) = neighbours(1)
        return other.do(self.code(store, task))

    def in_processes(self, store: RunStore, task: str, count: int) -> list[Any]:
        """What so many processes answer that do the task at once, each with its ``number``."""
        others = neighbours(count)
        for number, other in enumerate(others):
            other.ask(f"number = {number}\n{self.code(store, task)}")
        return [other.answer() for other in others]

    def in_a_process_of_its_own(self, store: RunStore, task: str) -> Neighbour:
        """A process that has begun with the task, and may be killed."""
        other = Neighbour()
        other.ask(self.code(store, task))
        return other


def skip_unless(claimed: bool, what: str) -> None:
    """Skip a test of what a store does not claim: it is not passed, for nothing was tried."""
    if not claimed:
        pytest.skip(f"it claims not to be {what}")


def at_once(act: Callable[[int], Any], count: int) -> list[Any]:
    """What ``act(0)``, ``act(1)``, ... return, called at once by as many threads; the first error is raised."""
    barrier = threading.Barrier(count)
    answers: list[Any] = [None] * count

    def work(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = act(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def points_of(store: RunStore, run: RunId) -> list[Any]:
    """All points of a run's first stream."""
    return list(store.read(run, LOSS))
