"""For observers: one that remembers, and the contract that every observer passes.

The contract is a class of tests for pytest; subclass it in your own test suite::

    class TestMine(ObserverContract):
        def make_observer(self):
            return MyObserver()

Each test says the rule it holds in its docstring. Each subject has a class of its own, in a file whose name begins with
``observer_``. An observer that writes into a store is looked at through that store; what any other one has made of a run,
``check`` looks at.
"""

from __future__ import annotations

from expkit.testing.observer_ends import EndContract, LateContract
from expkit.testing.observer_faults import TroubleContract
from expkit.testing.observer_files import FileContract
from expkit.testing.observer_telling import TellingContract
from expkit.testing.recording import RecordingObserver

__all__ = [
    "EndContract",
    "FileContract",
    "LateContract",
    "ObserverContract",
    "RecordingObserver",
    "TellingContract",
    "TroubleContract",
]


class ObserverContract(TellingContract, FileContract, EndContract, LateContract, TroubleContract):
    """What every observer must bear; the class to subclass."""
