"""Observers that are each broken in one way, under the contract; ``test_broken.py`` sees it fail."""

from __future__ import annotations

from expkit.observers import RunObserver, StoreObserver
from expkit.observers.delivery import current
from expkit.record.events import Beat, Completed, FileAdded
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import ObserverContract


class AnswersNonsense(RunObserver):
    def started_event(self, _id):
        return ["run", 1]


class WantsAResult(RunObserver):
    def completed_event(self, result):
        self.best = result["best"]


class HearsOneRunOnly(RunObserver):
    def started_event(self, _id):
        if hasattr(self, "run"):
            raise RuntimeError("I know a run already")
        self.run = _id


class OpensTheOriginal(RunObserver):
    def completed_event(self, result):
        with open("out.txt", "rb") as file:
            self.artifact = file.read()


class ExitsAtTheEnd(RunObserver):
    def interrupted_event(self, status):
        raise SystemExit(status)


class ChangesTheResult(RunObserver):
    def notify(self, event, record):
        if isinstance(event, Completed) and isinstance(event.result, dict):
            event.result["result"] = "mine"


class WritesDownSecrets(RunObserver):
    def notify(self, event, record):
        self.config = current.get().live.secrets.known


class Kept(StoreObserver):
    def __init__(self):
        super().__init__(MemoryStore())


class LosesTheEnd(Kept):
    def catch_up(self, delivery):
        if not isinstance(delivery.event, Completed):
            super().catch_up(delivery)


class LosesBytes(Kept):
    def _send_blobs(self, wanted, delivery):
        if not isinstance(delivery.event, FileAdded):
            super()._send_blobs((), delivery)


class CountsTwice(Kept):
    def catch_up(self, delivery):
        super().catch_up(delivery)
        if isinstance(delivery.event, Beat):
            for stream, end in self.store.streams(delivery.record.uid).items():
                self.store.append(delivery.record.uid, stream, end, self.store.read(delivery.record.uid, stream))


class ForgetsTheFirstSegment(Kept):
    def take_in(self, record, run_id, **options):
        if record.segment:
            self.store.delete(record.uid)
        return super().take_in(record, run_id, **options)


def contract_of(kind):
    """The contract, for one kind of observer."""

    class Contract(ObserverContract):
        def make_observer(self):
            return kind()

    Contract.__name__ = Contract.__qualname__ = f"Test{kind.__name__}"
    return Contract


for _kind in [*Kept.__subclasses__(), *(each for each in RunObserver.__subclasses__() if each.__module__ == __name__)]:
    globals()[f"Test{_kind.__name__}"] = contract_of(_kind)
