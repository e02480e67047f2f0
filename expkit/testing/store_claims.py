"""The contract of stores: what their capabilities claim is true, no more and no less."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from expkit.stores.base import IsLocalLog
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_annotation, sample_points, sample_record
from expkit.testing.store_machine import check_beside_memory
from expkit.testing.store_tests import LOSS, StoreTests, at_once, skip_unless

if TYPE_CHECKING:
    from expkit.stores.base import RunStore

_LOOK = """
from expkit.errors import RunNotFoundError
from expkit.record.wire import record_to_json

try:
    record = record_to_json(store.load(uid))
    answer = [record, len(store.read(uid, LOSS)), len(store.annotations(uid)), store.has_blob(blob)]
except RunNotFoundError:
    answer = None
"""


class HonestyContract(StoreTests):
    """Claims: each capability flag is tried both ways.

    Attributes:
        examples: how many stores are driven beside the memory store.
    """

    examples = 15

    def test_counts_is_true(self, store: RunStore) -> None:
        """``counts``: ids of its own choice are 1, 2, 3 ..., also to several at once; without it they are unique and say so."""
        count = self.amount(8)
        ids = [str(found) for found in at_once(lambda _: store.create(sample_record()), count)]
        assert len(set(ids)) == count
        if store.capabilities.counts:
            assert sorted(ids, key=lambda found: (len(found), found)) == [str(number + 1) for number in range(count)]
        else:
            assert all(found.partition("-")[0].isdecimal() for found in ids)
            assert not any(found.isdecimal() for found in ids), "it counts, and claims that it does not"

    def test_durable_is_true(self, store: RunStore) -> None:
        """``durable``: what was acknowledged, another process has, whole; without it another process finds nothing."""
        record = sample_record()
        run_id = store.create(record)
        store.append(run_id, LOSS, 0, sample_points(3))
        store.annotate(run_id, sample_annotation("x"))
        blob = store.put_blob(b"bytes").sha256
        found = self.elsewhere(store, f"uid, blob = {record.uid!r}, {blob!r}\n{_LOOK}")
        if store.capabilities.durable:
            assert found is not None, "it claims to be durable, and another process finds nothing in it"
            assert found[0]["config"] == record.config
            assert (str(found[0]["_id"]), *found[1:]) == (str(run_id), 3, 1, True)
        else:
            assert found is None, "it keeps runs, and claims not to be durable"

    def test_durable_means_reopened(self, store: RunStore) -> None:
        """What a durable store acknowledged, another object for the same store has."""
        skip_unless(store.capabilities.durable, "durable")
        record = sample_record()
        run_id = store.create(record)
        store.append(run_id, LOSS, 0, sample_points(3))
        other = self.reopen(store)
        assert other.load(record.uid) == record.but(id=run_id)
        assert list(other.read(run_id, LOSS)) == sample_points(3)
        other.close()

    def test_shared_is_true(self, store: RunStore) -> None:
        """``shared``: objects for the same store claim different ids, lose nothing and see each other's changes.

        Several processes are tried as well. That a store which claims less might bear them anyway cannot be tried.
        """
        skip_unless(store.capabilities.shared, "shared")
        assert store.capabilities.durable, "processes can share only what is kept outside of them"
        count = self.amount(24)
        stores = [store] + [self.reopen(store) for _ in range(3)]
        ids = at_once(lambda number: stores[number % 4].create(sample_record()), count)
        assert len(set(ids)) == len(store.ids()) == len(stores[1].ids()) == count
        assert all(len(each.changes()[0]) == count for each in stores)
        for other in stores[1:]:
            other.close()

    def test_at_once_is_true(self, store: RunStore) -> None:
        """``at_once``: so many threads may bring bytes at the same time, and all of them are kept."""
        data = [bytes([number]) * 50_000 for number in range(store.capabilities.at_once * 2)]
        kept = at_once(lambda number: store.put_blob(data[number]).sha256, len(data))
        assert len(set(kept)) == len(data)
        assert all(map(store.has_blob, kept))

    def test_folder_is_true(self, store: RunStore) -> None:
        """``folder``: every run has a folder of its own under ``root``, that runs can be written into; without it there is no log."""
        run = store.create(sample_record())
        if store.capabilities.folder:
            assert isinstance(store, IsLocalLog), "it claims folders, and lacks what IsLocalLog asks for"
            assert os.path.isdir(os.path.join(store.root, str(run)))
            assert FolderStore(store.root).load(run).uid == store.load(run).uid
            store.post("job", b"one")
            assert (store.posted("job"), store.posted("other")) == (b"one", b"")
        else:
            assert not hasattr(store, "open_log"), "runs have a log here, and it claims that they have no folder"

    def test_behaves_like_memory(self) -> None:
        """Whatever is done to it, in whatever order, a store answers like the memory store."""
        with tempfile.TemporaryDirectory() as folder:
            check_beside_memory(self.make_store, Path(folder), self.examples)
