"""What the parts of the observer contract share: runs that are told to the observer under test."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunInterrupt
from expkit.experiment import Experiment
from expkit.observers.store import StoreObserver
from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.record.tagged import record_blobs
from expkit.record.wire import record_to_json
from expkit.testing.recording import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from expkit.observers.base import RunObserver
    from expkit.run.handle import Run
    from expkit.run.recording.recorder import Recorder
    from expkit.stores.base import RunStore


class ObserverTests:
    """What the parts of the contract share: how observers are made, told and looked at.

    Attributes:
        once: whether an event that is told twice, because the first answer got lost, changes nothing.
        observer: the one under test.
        witness: hears the same, after it.
    """

    once: bool = True
    observer: RunObserver
    witness: RecordingObserver

    def make_observer(self) -> RunObserver:
        """A new observer, ready to be told of runs; override this one."""
        raise NotImplementedError

    def check(self, observer: RunObserver, run: Run) -> None:
        """Override it to look at what ``observer`` made of ``run`` after it has ended."""

    def beside(self) -> Sequence[RunObserver]:
        """Further observers of every run; override it where yours needs company."""
        return ()

    def shown(self, observer: RunObserver, run: Run) -> str:
        """All that the observer has written down of a run, as text; override it where that is neither in a store nor in the observer."""
        store = _store_of(observer)
        if store is None:
            return repr(vars(observer))
        return f"{record_to_json(store.load(run.uid))} {store.read(run.uid, StreamKey(OUTPUT))!r}"

    @pytest.fixture(autouse=True)
    def _surroundings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("EXPKIT_STATE", os.fspath(tmp_path / "state"))
        monkeypatch.chdir(tmp_path)
        self._made: list[RunObserver] = []
        yield
        for observer in self._made:
            if (store := _store_of(observer)) is not None:
                store.close()

    def prepare(self) -> RunObserver:
        """Make the observer under test, and the witness."""
        self.observer = self.make_observer()
        self._made.append(self.observer)
        self.witness = RecordingObserver(priority=self.observer.priority - 1)
        return self.observer

    def experiment(
        self,
        main: Callable[..., Any],
        config: dict[str, Any] | None = None,
        observers: Sequence[RunObserver] | None = None,
    ) -> Experiment:
        """An experiment that is told to the observer, the witness and those beside them, or to others."""
        told = [self.observer, self.witness, *self.beside()] if observers is None else observers
        experiment = Experiment("contract", interactive=True, observers=[*told], save_git_info=False)
        experiment.add_config(config or {"a": 1})
        experiment.main(main)
        return experiment

    def ended(self, experiment: Experiment, options: dict[str, Any] | None = None) -> Run:
        """A run of it, however it ended."""
        try:
            experiment.run(options=options)
        except (RunInterrupt, ZeroDivisionError, KeyboardInterrupt, SystemExit):
            assert experiment.current_run is not None
        run = experiment.current_run
        assert run is not None
        return run

    def run(
        self, main: Callable[..., Any], config: dict[str, Any] | None = None, options: dict[str, Any] | None = None
    ) -> Run:
        """A finished run of ``main``, told to a new observer and to a witness after it, and looked at."""
        self.prepare()
        run = self.ended(self.experiment(main, config), options)
        self.look(run)
        return run

    def logged(self) -> dict[str, list[tuple[Any, Any]]]:
        """The points that the last run logged itself: name to (step, value)."""
        return {name: points for name, points in self.witness.points().items() if not name.startswith("system/")}

    def look(self, run: Run) -> None:
        """See that the observer has taken everything, and that what it keeps is what the run was."""
        assert_taken(run.recorder, self.observer)
        store = _store_of(self.observer)
        if store is not None:
            _assert_record(store, run.record)
            _assert_streams(store, run.uid, self.witness)
        self.check(self.observer, run)


def assert_taken(recorder: Recorder, observer: RunObserver) -> None:
    """See that an observer has everything that a run told it."""
    for lane in recorder.lanes:
        if lane.observer is observer:
            assert lane.missed == 0, f"{lane.missed} events were told and not taken; the last problem: {lane.problem!r}"
            assert lane not in recorder.owed, f"it has not taken everything when the run ended; {lane.problem!r}"


def _store_of(observer: RunObserver) -> RunStore | None:
    return observer.store if isinstance(observer, StoreObserver) else None


def _assert_record(store: RunStore, record: Any) -> None:
    stored, known = record_to_json(store.load(record.uid)), record_to_json(record)
    wrong = [key for key in stored.keys() | known.keys() if key != "_id" and stored.get(key) != known.get(key)]
    assert not wrong, "\n".join(f"{key} is {stored.get(key)!r}, and was {known.get(key)!r}" for key in sorted(wrong))
    for name in record_blobs(record):
        assert store.has_blob(name), f"the bytes {name} of a file or an array are missing"
        with store.open_blob(name) as file:
            assert sha256(file.read()).hexdigest() == name


def _assert_streams(store: RunStore, uid: str, witness: RecordingObserver) -> None:
    points: dict[str, list[tuple[Any, Any]]] = {}
    for point in store.read(uid, StreamKey(POINTS)):
        points.setdefault(point.name, []).append((point.step, point.value))  # type: ignore[union-attr]
    assert repr(points) == repr(witness.points()), "these are not the points that the run logged"
    said = [arguments["captured_out"] for arguments in witness.arguments("heartbeat_event")]
    output = store.read(uid, StreamKey(OUTPUT))
    assert isinstance(output, bytes)
    assert output.decode("utf-8", "replace").startswith(said[-1] if said else ""), "this is not what the run printed"
