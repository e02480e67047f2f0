"""The contract of stores: what older versions wrote is read, and goes on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from expkit.testing import older
from expkit.testing.store_tests import StoreTests

if TYPE_CHECKING:
    from expkit.stores.base import RunStore


class OlderContract(StoreTests):
    """Older formats: those in which :meth:`StoreTests.older_stores` has samples."""

    def test_samples_fit_this_version(self, store: RunStore) -> None:
        """What a sample of the present format holds is read by the present version."""
        older.fill(store)
        older.check(store)

    def test_older_formats_are_read(self, tmp_path: Path) -> None:
        """A store that any older version wrote is read as it was, and goes on: nothing is lost, ids count on."""
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            for name, store in self.older_stores(Path(folder)).items():
                try:
                    older.check(store)
                except Exception as error:
                    raise AssertionError(f"what {name} wrote is not what is read: {error}") from error
                finally:
                    store.close()
