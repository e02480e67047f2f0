"""A run that one store kept from starting: the others are owed its end like that of any other."""

import pytest

from expkit.stores.folder.store import FolderStore

REFUSED = """
import sys
from pathlib import Path
from expkit import Experiment, StoreObserver
from expkit.stores.memory import MemoryStore


class Full(MemoryStore):
    url = "full:"

    def create(self, *arguments, **named):
        Path("FAR.TROUBLE"[4:]).touch()
        raise ConnectionError("it is full")


observers = [*sys.argv[1:], StoreObserver(Full(), priority=1)]
ex = Experiment("refused", interactive=True, observers=observers)

@ex.main
def main():
    pass

ex.run()
"""


@pytest.mark.parametrize("before", [["folder:runs"], []], ids=["beside a folder", "alone"])
@pytest.mark.parametrize("trouble", ["down", "hang"])
def test_a_store_that_goes_away_while_another_fails_the_start(world, trouble, before):
    """A store that knew of the run, and was away when its start failed, is owed that end, and `expkit sync` delivers it."""
    code, _, err = world.run(REFUSED.replace("TROUBLE", trouble), *before, world.url)
    assert code == 1 and "cannot take in the run: it is full" in err
    assert "`expkit sync` delivers it" in err
    assert len(world.notes()) == 1
    world.mend()
    assert world.sync()[1].splitlines()[-1] == "nothing is owed"
    (record,) = world.same() if before else [FolderStore(world.far).load("1")]
    assert record.status == "FAILED" and "it is full" in record.cause
    assert not list((world.state / "spool").glob("*"))


def test_nothing_is_left_of_a_start_that_nobody_took_in(world):
    """A start that failed leaves neither a note nor a spool where everybody who knew of the run has heard of its end."""
    code, _, err = world.run(REFUSED.replace("TROUBLE", "other"), world.url)
    assert code == 1 and "has not taken everything" not in err
    assert FolderStore(world.far).load("1").status == "FAILED"
    assert not world.notes()
    assert not list((world.state / "spool").glob("*"))
