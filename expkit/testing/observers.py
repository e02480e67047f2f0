"""For observers: one that remembers, and the contract that every observer passes.

The contract is a class of tests for pytest; subclass it in your own test suite::

    class TestMine(ObserverContract):
        def make_observer(self):
            return MyObserver()
"""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from expkit.errors import RunInterrupt
from expkit.experiment import Experiment
from expkit.observers.base import EVENT_METHODS, RunObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.run.handle import Run
    from expkit.types import RunId


class RecordingObserver(RunObserver):
    """Remembers everything it is told.

    Args:
        priority: see :class:`~expkit.observers.base.RunObserver`.
        run_id: the answer to the start.
        fail_in: event methods that raise.
        tries: how often a failing event is tried.

    Attributes:
        calls: (name of the event method, its keyword arguments), in order.
        heard: (event, record after it), in order.
    """

    def __init__(
        self,
        priority: float = 0,
        run_id: RunId | None = None,
        fail_in: Sequence[str] = (),
        tries: int | None = 1,
    ) -> None:
        self.priority = priority
        self.tries = tries
        self.run_id = run_id
        self.fail_in = frozenset(fail_in)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.heard: list[tuple[Event, RunRecord]] = []

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Remember the event, then call the event method that fits."""
        self.heard.append((event, record))
        return super().notify(event, record)

    def names(self) -> list[str]:
        """Names of the event methods that were called, in order, repeated ones once in a row."""
        names = [name for name, _ in self.calls]
        return [name for before, name in zip(["", *names], names, strict=False) if name != before]

    def arguments(self, name: str) -> list[dict[str, Any]]:
        """The arguments of all calls of one event method."""
        return [arguments for called, arguments in self.calls if called == name]

    def points(self) -> dict[str, list[tuple[Any, Any]]]:
        """All points that were delivered: name to (step, value)."""
        found: dict[str, list[tuple[Any, Any]]] = {}
        for arguments in self.arguments("log_metrics"):
            for name, series in arguments["metrics_by_name"].items():
                found.setdefault(name, []).extend(zip(series["steps"], series["values"], strict=True))
        return found

    def _called(self, name: str, arguments: dict[str, Any]) -> RunId | None:
        self.calls.append((name, arguments))
        if name in self.fail_in:
            raise RuntimeError(f"{name} was asked to fail")
        return self.run_id if name in ("started_event", "queued_event") else None


def _recorder(name: str) -> Callable[..., Any]:
    def method(self: RecordingObserver, **arguments: Any) -> Any:
        return self._called(name, arguments)

    method.__name__ = name
    method.__doc__ = f"Remember a call of ``{name}``."
    return method


for _name in EVENT_METHODS:
    setattr(RecordingObserver, _name, _recorder(_name))


class ObserverContract:
    """What every observer must bear. Subclass it, and give it :meth:`make_observer`."""

    def make_observer(self) -> RunObserver:
        """A new observer, ready to be told of a run."""
        raise NotImplementedError

    def check(self, observer: RunObserver, run: Run) -> None:
        """Override it to look at what ``observer`` made of ``run`` after it has ended."""

    @pytest.fixture(autouse=True)
    def _own_state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EXPKIT_STATE", os.fspath(tmp_path / "state"))
        monkeypatch.chdir(tmp_path)

    def run(
        self, main: Callable[..., Any], config: dict[str, Any] | None = None, options: dict[str, Any] | None = None
    ) -> Run:
        """A finished run of ``main``, told to the observer and to a witness after it."""
        self.observer = self.make_observer()
        self.witness = RecordingObserver(priority=self.observer.priority - 1)
        experiment = Experiment("contract", interactive=True, observers=[self.observer, self.witness])
        experiment.add_config(config or {"a": 1})
        experiment.main(main)
        try:
            experiment.run(options=options)
        except (RunInterrupt, ZeroDivisionError):
            assert experiment.current_run is not None
        run = experiment.current_run
        assert run is not None
        assert run.recorder.owed == [], f"still owed: {[str(lane) for lane in run.recorder.owed]}"
        assert [lane.missed for lane in run.recorder.lanes] == [0] * len(run.recorder.lanes)
        self.check(self.observer, run)
        return run

    def test_a_run_that_completes(self) -> None:
        """A run with metrics, output, info and a result is taken from start to end."""

        def main(_run: Any) -> float:
            sys.stdout.write("hello from main\n")
            for step in range(5):
                _run.log_scalar("loss", 1.0 / (step + 1), step)
            _run.info["note"] = "fine"
            return 0.5

        assert self.run(main).status == "COMPLETED"
        assert self.witness.names()[-2:] == ["completed_event", "join"]

    def test_a_run_that_fails(self) -> None:
        """The end of a failed run is taken."""
        assert self.run(lambda: 1 / 0).status == "FAILED"

    def test_a_run_that_is_interrupted(self) -> None:
        """A status of the user's own is taken."""

        class Enough(RunInterrupt):
            STATUS = "ENOUGH"

        def main() -> None:
            raise Enough

        assert self.run(main).status == "ENOUGH"

    def test_files(self, tmp_path: Path) -> None:
        """Artifacts and resources are taken, also when the original is gone at once."""

        def main(_run: Any) -> None:
            (tmp_path / "in.txt").write_text("in")
            _run.add_resource(tmp_path / "in.txt")
            (tmp_path / "out.txt").write_text("out")
            _run.add_artifact(tmp_path / "out.txt", "results.txt", {"kind": "text"})
            (tmp_path / "out.txt").unlink()

        assert self.run(main).status == "COMPLETED"

    def test_odd_values(self) -> None:
        """Values that JSON does not know, and any string as key, are taken."""
        config = {"nan": math.nan, "inf": -math.inf, "tuple": (1, (2,)), "set": {1}, "big": 2**80, "a.b$": 1, "ü": "\0"}

        def main(_run: Any) -> Any:
            _run.log_scalar("ü/x y", math.nan)
            _run.log_scalar("big", 2**70, 10**12)
            _run.info["object"] = object()
            return {"deep": [(1, {2})]}

        assert self.run(main, config).status == "COMPLETED"

    def test_what_is_handed_out_is_a_copy(self) -> None:
        """Whatever the observer does with its arguments, others see what the program said."""
        run = self.run(lambda: {"result": [1]}, {"list": [1, 2]})
        started = self.witness.arguments("started_event")[0]
        assert started["config"]["list"] == [1, 2]
        assert run.result == {"result": [1]}
        assert self.witness.arguments("completed_event")[0]["result"] == {"result": [1]}

    def test_a_queued_run(self) -> None:
        """A run that is only queued is taken."""
        assert self.run(lambda: None, None, {"--queue": True}).status == "QUEUED"
