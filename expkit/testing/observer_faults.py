"""The contract of observers: whatever happens between a run and an observer, the run is not changed, and nothing is told in vain."""

from __future__ import annotations

import sys
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import pytest

from expkit.record.events import Queued, Started
from expkit.settings import SETTINGS
from expkit.testing.observer_tests import ObserverTests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from expkit.observers.base import RunObserver
    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.run.handle import Run

_PATIENCE = 60.0


class TroubleContract(ObserverTests):
    """Trouble: slow ones, such that raise, events that are told again."""

    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(SETTINGS.LANES, "RETRY_FIRST", 0.01)

    def test_told_again(self, tmp_path: Path) -> None:
        """An event whose answer got lost is told again; where that is promised, this changes nothing."""
        told: list[Event] = []

        def lose_the_answer(tell: Callable[[], Any], event: Event) -> Any:
            answer = tell()
            if not any(event is one for one in told):
                told.append(event)
                raise ConnectionError("the answer got lost")
            return answer

        run = self._troubled(lose_the_answer, tmp_path)
        if self.once or not told:
            self.look(run)

    def test_raises_once(self, tmp_path: Path) -> None:
        """An event that fails is tried again, and is not lost."""
        told: list[Event] = []

        def fail_first(tell: Callable[[], Any], event: Event) -> Any:
            if not any(event is one for one in told):
                told.append(event)
                raise OSError("away for a moment")
            return tell()

        run = self._troubled(fail_first, tmp_path)
        if self.observer.tries is None or self.observer.tries > 1:
            self.look(run)

    def test_raises_always(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that takes nothing after the start, whatever it raises, changes neither the run nor what others hear."""
        monkeypatch.setattr(SETTINGS.LANES, "END_PATIENCE", 0.2)

        def refuse(_: Callable[[], Any], __: Event) -> Any:
            raise SystemExit("no")  # worse than an exception

        run = self._troubled(refuse, tmp_path)
        for lane in run.recorder.lanes:
            lane.abandon()

    def test_slow(self, tmp_path: Path) -> None:
        """The program never waits for one that is slow, and nothing is lost on it."""
        gate, waited = Flag(), []

        def wait(tell: Callable[[], Any], _: Event) -> Any:
            waited.append(gate.wait(_PATIENCE))
            return tell()

        run = self._troubled(wait, tmp_path, gate.set)
        assert all(waited), "the program waited for the observer"
        self.look(run)

    def _troubled(
        self, around: Callable[[Callable[[], Any], Event], Any], folder: Path, last: Callable[[], None] = lambda: None
    ) -> Run:
        """A run whose events, after the start, pass through ``around`` on their way to the observer."""
        _put_around(self.prepare(), around)

        def main(_run: Any) -> dict[str, int]:
            (folder / "out.txt").write_text("out")
            for number in range(3):
                sys.stdout.write(f"{number}\n")
                _run.log_scalar("loss", number / 2)
                _run.add_artifact(folder / "out.txt", f"{number}.txt")
            last()
            return {"best": 7}

        run = self.ended(self.experiment(main))
        assert (run.status, run.result) == ("COMPLETED", {"best": 7})
        assert self.witness.names()[-2:] == ["completed_event", "join"]
        assert self.logged() == {"loss": [(0, 0.0), (1, 0.5), (2, 1.0)]}
        assert len(self.witness.arguments("artifact_event")) == 3  # noqa: PLR2004 - as many as main adds
        return run


def _put_around(observer: RunObserver, around: Callable[[Callable[[], Any], Event], Any]) -> None:
    notify = observer.notify

    def told(event: Event, record: RunRecord) -> Any:
        if isinstance(event, (Queued, Started)):
            return notify(event, record)
        return around(lambda: notify(event, record), event)

    observer.notify = told  # type: ignore[method-assign]
