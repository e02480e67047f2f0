"""What the parts of the store contract share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores.urls import open_store
from expkit.testing.samples import sample_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from expkit.stores.base import RunStore
    from expkit.types import RunId

LOSS = StreamKey(POINTS)
TEXT = StreamKey(OUTPUT)


class StoreTests:
    """What the parts of the contract share: how stores come and go."""

    def make_store(self, folder: Path) -> RunStore:
        """A new, empty store; override this one. ``folder`` is new, empty, and gone after the test."""
        raise NotImplementedError

    def reopen(self, store: RunStore) -> RunStore:
        """Another object for the same stored runs; override it where the URL alone does not do."""
        return open_store(store.url)

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
