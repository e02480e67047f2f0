"""The contract of stores: what older versions wrote is read, and goes on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expkit.testing import older
from expkit.testing.store_tests import StoreTests

if TYPE_CHECKING:
    from expkit.stores.base import RunStore


class OlderContract(StoreTests):
    """Older formats: those that :attr:`StoreTests.older` names."""

    def test_samples_fit_this_version(self, store: RunStore) -> None:
        """What a sample of the present format holds is read by the present version."""
        older.fill(store)
        older.check(store)

    def test_older_formats_are_read(self, tmp_path: Path) -> None:
        """A store that any older version wrote is read as it was, and goes on: nothing is lost, ids count on."""
        assert self.older is not None, (
            "which formats have there been? Name them in `older`, and give samples by `older_store`;"
            " `older = ()` says that nothing has been released yet, or that nothing outlives the process"
        )
        if not self.older:
            pytest.skip("it says that there are no older formats")
        for name in self.older:
            with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
                self._check(name, Path(folder))

    def _check(self, name: str, folder: Path) -> None:
        store = self.older_store(name, folder)
        try:
            older.check(store)
        except Exception as error:
            raise AssertionError(f"what {name} wrote is not what is read: {error}") from error
        finally:
            store.close()
