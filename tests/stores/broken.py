"""Stores that are each broken in one way, under the contract; ``test_broken.py`` sees it fail."""

from __future__ import annotations

import json
from io import BytesIO

from expkit.record.tagged import record_blobs
from expkit.stores import rules
from expkit.stores.base import Capabilities
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore
from expkit.testing.stores import StoreContract


class LosesAppends(MemoryStore):
    def append(self, run, stream, offset, batch):
        return super().append(run, stream, offset, batch[:-1] if len(batch) > 3 else batch)


class AppendsTwice(MemoryStore):
    def append(self, run, stream, offset, batch):
        return super().append(run, stream, self.streams(run).get(stream, 0), batch)


class LeavesGaps(MemoryStore):
    def append(self, run, stream, offset, batch):
        return super().append(run, stream, min(max(offset, 0), self.streams(run).get(stream, 0)), batch)


class MixesUpIds(MemoryStore):
    def create(self, record, **options):
        super().create(record.but(uid=record.uid[::-1]))
        return super().create(record, **options)

    def load(self, run):
        return super().load(1 if isinstance(run, int) else run)


class TakesSignsForText(MemoryStore):
    def _uid(self, run):
        if str(run)[:1] == "-" and isinstance(run, str):
            raise rules.not_found(run, self.url)
        return super()._uid(run)


class CountsFromHugeIds(MemoryStore):
    def create(self, record, *, id=None, **options):
        numbers = [int(key.id) for key in self.ids() if str(key.id).isdecimal()]
        return super().create(record, id=str(max(numbers, default=0) + 1) if id is None else id, **options)


class GivesIdsAgain(MemoryStore):
    def delete(self, run):
        super().delete(run)
        self._last_id -= 1


class ForgetsAnnotations(MemoryStore):
    def save(self, record):
        super().save(record)
        self._runs[record.uid].annotations.clear()


class SweepsLateResults(MemoryStore):
    def sweep(self, grace=86400.0):
        named = set().union(*(record_blobs(self.load(uid)) for uid in self._runs))
        self._blobs = {name: kept for name, kept in self._blobs.items() if name in named}
        return 1


class ClaimsToLast(MemoryStore):
    capabilities = Capabilities(durable=True)


class ClaimsNotToLast(FolderStore):
    capabilities = Capabilities(folder=True)


class ClaimsNotToCount(MemoryStore):
    capabilities = Capabilities(counts=False)


class ClaimsAFolder(MemoryStore):
    capabilities = Capabilities(folder=True)


class SharesContainers(MemoryStore):
    def create(self, record, **options):
        self.kept = record
        return super().create(record, **options)

    def load(self, run):
        return self.kept


class RoundsNumbers(MemoryStore):
    def load(self, run):
        record = super().load(run)
        rounded = json.loads(json.dumps(dict(record.config)), parse_int=lambda text: int(float(text)))
        return record.but(config=rounded)


class KeepsHalves(MemoryStore):
    def put_blob(self, source):
        found = b""
        try:
            while part := source.read(1000):
                found += part
        except OSError:
            pass
        return super().put_blob(BytesIO(found))


class StampsNoLease(MemoryStore):
    def renew(self, run, lease):
        self._run(run).lease = lease


class TellsOfNoDeletion(MemoryStore):
    def changes(self, since=""):
        changes, cursor = super().changes(since)
        return [change for change in changes if change.what != "deleted"], cursor


class ForgetsOldFormats(MemoryStore):
    pass


class SaysNothingOfOldFormats(MemoryStore):
    pass


def contract_of(kind):
    """The contract, for one kind of store."""

    class Contract(StoreContract):
        def make_store(self, folder):
            return kind(folder / "runs") if issubclass(kind, FolderStore) else kind()

        older = None if kind is SaysNothingOfOldFormats else ("version 1",)

        def older_store(self, name, folder):
            return self.make_store(folder)

    Contract.__name__ = Contract.__qualname__ = f"Test{kind.__name__}"
    return Contract


for _kind in [*MemoryStore.__subclasses__(), *FolderStore.__subclasses__()]:
    globals()[f"Test{_kind.__name__}"] = contract_of(_kind)
