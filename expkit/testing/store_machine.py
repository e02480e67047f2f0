"""A store and the memory store, driven side by side by hypothesis."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from expkit.record.model import COMPLETED, OUTPUT, POINTS, QUEUED, RUNNING, StreamKey
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_annotation, sample_lease, sample_points, sample_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.stores.base import RunStore

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_TREES = st.dictionaries(st.text(), _JSON, max_size=4)
_STATUSES = st.sampled_from([QUEUED, RUNNING, COMPLETED])
_KEYS = st.builds(StreamKey, st.sampled_from([POINTS, OUTPUT]), st.integers(0, 1), st.integers(0, 1))


def check_beside_memory(make_store: Callable[[Path], RunStore], folder: Path, examples: int = 15) -> None:
    """Drive new stores in sub-folders of ``folder`` beside the memory store; raises where they differ.

    Args:
        make_store: makes a new, empty store in a new, empty folder.
        folder: for everything that the stores write.
        examples: how many stores to try.
    """

    class Machine(StoreMachine):
        def make(self) -> RunStore:
            return make_store(Path(tempfile.mkdtemp(dir=folder)))

    run_machine(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


class StoreMachine(RuleBasedStateMachine):
    """Does the same to both and compares the answers; runs are known by their uid."""

    runs: Bundle[str] = Bundle("runs")

    def make(self) -> RunStore:
        """The store to try."""
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        """Two empty stores."""
        self.memory: RunStore = MemoryStore()
        self.store = self.make()

    def teardown(self) -> None:
        """Let go of the store."""
        self.store.close()

    def both(self, act: Callable[[RunStore], Any]) -> None:
        """Do it to both; the answers must be equal."""
        assert _answer(act, self.store) == _answer(act, self.memory)

    @rule(target=runs, config=_TREES, status=_STATUSES)
    def create(self, config: Any, status: str) -> str:
        """A new run."""
        record = sample_record(config=config, status=status)
        for store in (self.store, self.memory):
            store.create(record)
        return record.uid

    @rule(run=runs)
    def create_again(self, run: str) -> None:
        """A run that is there."""
        self.both(lambda store: store.create(sample_record(uid=run)) == store.load(run).id)

    @rule(run=runs, info=_TREES, result=_JSON, status=_STATUSES, segment=st.integers(0, 2))
    def save(self, run: str, info: Any, result: Any, status: str, segment: int) -> None:
        """A changed record."""
        record = sample_record(uid=run, info=info, result=result, status=status, segment=segment)
        self.both(lambda store: store.save(record))

    @rule(run=runs, expected=_STATUSES, status=_STATUSES)
    def set_status(self, run: str, expected: str, status: str) -> None:
        """Compare and set."""
        self.both(lambda store: store.set_status(run, expected, status))

    @rule(run=runs, key=_KEYS, offset=st.integers(0, 12), count=st.integers(0, 8))
    def append(self, run: str, key: StreamKey, offset: int, count: int) -> None:
        """More of a stream, also repeated, overlapping or after a gap."""
        batch = sample_points(count, offset) if key.content == POINTS else bytes(range(offset, offset + count))
        self.both(lambda store: store.append(run, key, offset, batch))

    @rule(run=runs, key=_KEYS, offset=st.integers(0, 12), limit=st.none() | st.integers(0, 5))
    def read(self, run: str, key: StreamKey, offset: int, limit: int | None) -> None:
        """Part of a stream."""
        self.both(lambda store: store.read(run, key, offset, limit))

    @rule(run=runs)
    def renew(self, run: str) -> None:
        """A sign of life."""
        self.both(lambda store: store.renew(run, sample_lease()))

    @rule(run=runs, value=_JSON, action=st.sampled_from(["note", "name", "result"]), minutes=st.integers(0, 5))
    def annotate(self, run: str, value: Any, action: str, minutes: int) -> None:
        """A later fact."""
        self.both(lambda store: store.annotate(run, sample_annotation(value, action, minutes)))

    @rule(run=consumes(runs), again=st.booleans())
    def delete(self, run: str, again: bool) -> None:
        """A run goes, perhaps twice."""
        for _ in range(1 + again):
            self.both(lambda store: store.delete(run))

    @rule()
    def close(self) -> None:
        """The store is closed, and used on."""
        self.store.close()

    @invariant()
    def same_runs(self) -> None:
        """Both have the same runs, in the same order, with the same content."""
        if hasattr(self, "store"):
            self.both(lambda store: [key.uid for key in store.ids()])
            for key in self.memory.ids():
                self.both(lambda store, uid=key.uid: _content(store, uid))  # type: ignore[misc]

    @rule()
    def same_changes(self) -> None:
        """Both tell of the same changes; a store may say of more runs that they were saved, such as of late points."""
        self.both(lambda store: [told for told in _told(store) if told[1] != "saved"])
        assert set(_told(self.memory)) <= set(_told(self.store))


def _told(store: RunStore) -> list[tuple[str, str]]:
    return [(change.uid, change.what) for change in store.changes()[0]]


def _answer(act: Callable[[RunStore], Any], store: RunStore) -> Any:
    """What it returns, or what kind of error it raises."""
    try:
        answer = act(store)
    except Exception as error:
        return type(error)
    return list(answer) if isinstance(answer, tuple) else answer


def _content(store: RunStore, uid: str) -> Any:
    lease = store.lease(uid)
    return store.load(uid).but(id=None), dict(store.streams(uid)), store.annotations(uid), lease is None
