"""The table of faults itself."""

from .kinds import BACKENDS
from .table import ALL, NEAR, SAMPLE


def test_the_sample():
    """Each fault is tried with two backends at least, each backend with some; most with a server away, killed and stopped."""
    for fault, names in SAMPLE.items():
        assert len({name for name in names if fault not in BACKENDS[name].lacks}) >= 2, fault
    for fault in ("refused", "killed in the middle", "paused"):
        assert set(NEAR) <= set(SAMPLE[fault])
    assert {name for names in SAMPLE.values() for name in names} == set(ALL)


def test_what_backends_lack():
    """What a backend cannot be tried with is a fault of the table, and says why."""
    for backend in BACKENDS.values():
        assert set(backend.lacks) <= set(SAMPLE)
        assert all(backend.lacks.values())
