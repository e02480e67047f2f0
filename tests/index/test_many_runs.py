"""As many runs as it takes to use the index by itself, and questions as long as programs make them."""

import pytest

from expkit.record.query import And, Compare, Not, Or
from expkit.settings import SETTINGS
from expkit.stores import finding
from expkit.stores.folder.store import FolderStore
from expkit.stores.index import search
from expkit.testing.samples import sample_record

COUNT = 320


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with more runs than are looked at one by one."""
    store = FolderStore(tmp_path_factory.mktemp("many") / "runs")
    for number in range(COUNT):
        store.create(
            sample_record(status="COMPLETED", name=f"run{number % 7}", result=number % 3, config={"lr": number / 10})
        )
    return store.root


def _questions(uids):
    lrs = [number / 10 for number in range(-1000, 100)]
    return [
        Compare("uid", "in", [*uids[::2], *(f"none{number}" for number in range(1000))]),
        Compare("uid", "not in", uids[:300]),
        Compare("config.lr", "in", lrs[:400] + lrs[-100:]),
        Or(*(Compare("config.lr", "==", lr) for lr in lrs)),
        And(Not(Or(*(Compare("config.lr", "==", lr) for lr in lrs))), Compare("result", ">", 1)),
        Compare("name", "in", ["run1", "run3"]),
    ]


def test_answers_are_those_without_an_index(root, monkeypatch):
    """The index answers long and short questions as a look at each run does, and is not lost over them."""
    assert SETTINGS.INDEX.FROM <= COUNT >= search.MANY
    monkeypatch.setattr("expkit.stores.folder.looking.SETTLED", -1.0)
    store = FolderStore(root)
    keys = store.ids()
    without = [
        list(finding.find(store, question, ["id"], ["-config.lr"]))
        for question in _questions([key.uid for key in keys])
    ]
    monkeypatch.setattr(finding, "find", None)  # nothing is looked at one by one from here
    monkeypatch.setattr(search, "destroy", None)
    for question, expected in zip(_questions([key.uid for key in keys]), without, strict=True):
        assert list(store.find(question, ["id"], ["-config.lr"])) == expected
    assert sum(map(len, without)) > COUNT
