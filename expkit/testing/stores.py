"""The contract that every store passes: subclass :class:`StoreContract` in a test module of yours.

::

    class TestMyStore(StoreContract):
        def make_store(self, folder: Path) -> RunStore:
            return MyStore(folder / "runs")

Each test says the rule it holds in its docstring. Each subject has a class and a file of its own, whose name begins with
``store_``. What a store cannot do it says by its capabilities, and the contract asks no more of it: those tests are skipped.
What it claims is tried.
"""

from __future__ import annotations

from expkit.testing.store_annotations import AnnotationContract, ChangeContract
from expkit.testing.store_blobs import BlobContract, SweepContract
from expkit.testing.store_claims import HonestyContract
from expkit.testing.store_concurrency import ProcessContract, ReaderContract, ThreadContract
from expkit.testing.store_faults import FaultContract
from expkit.testing.store_find import FindContract
from expkit.testing.store_ids import IdContract
from expkit.testing.store_leases import LeaseContract
from expkit.testing.store_life import LifeContract
from expkit.testing.store_older import OlderContract
from expkit.testing.store_streams import StreamContract
from expkit.testing.store_values import ValueContract

__all__ = [
    "SUBJECTS",
    "AnnotationContract",
    "BlobContract",
    "ChangeContract",
    "FaultContract",
    "FindContract",
    "HonestyContract",
    "IdContract",
    "LeaseContract",
    "LifeContract",
    "OlderContract",
    "ProcessContract",
    "ReaderContract",
    "StoreContract",
    "StreamContract",
    "SweepContract",
    "ThreadContract",
    "ValueContract",
]


class StoreContract(
    IdContract,
    LifeContract,
    ValueContract,
    StreamContract,
    LeaseContract,
    BlobContract,
    SweepContract,
    AnnotationContract,
    ChangeContract,
    FindContract,
    ThreadContract,
    ReaderContract,
    ProcessContract,
    FaultContract,
    OlderContract,
    HonestyContract,
):
    """Everything that a store must do; the class to subclass."""


SUBJECTS = StoreContract.__bases__
"""What the contract is about, one class each."""
