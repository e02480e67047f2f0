"""Files of other tools with any damage: what can be read is, and the rest is a sentence."""

import random

import pytest

from expkit.errors import StoreError
from expkit.stores import copy, open_store
from expkit.stores.memory import MemoryStore

PLACES = [
    ("tensorboard", "", "**/events*"),
    ("wandb", "", "**/*.wandb"),
    ("mlflow", "mlruns", "*/*/meta.yaml"),
    ("mlflow", "mlruns", "*/*/metrics/loss"),
    ("mlflow", "mlflow.db", "../mlflow.db"),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("name", "place", "files"), PLACES)
def test_any_damage(sample, name, place, files, seed):
    """Bytes that are others, or missing, raise nothing but errors of stores, and no run is lost without a word."""
    chance = random.Random(seed)
    root = sample(name) / place
    for path in sorted((root.parent if place == "mlflow.db" else root).glob(files.removeprefix("../"))):
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))] if seed % 2 else data)
    store = open_store(f"{name}:{root}")
    try:
        report = copy(store, MemoryStore())
    except StoreError as error:
        assert len(str(error)) > 20
        return
    assert all(run.what == "copied" or run.problems for run in report.runs)
    assert not [problem for problem in report.problems if "Error:" in problem]


def test_endless_aliases(sample):
    """A file of a few lines whose aliases would unfold to billions of items costs nothing."""
    folder = sample("mlflow") / "mlruns"
    names = "abcdefghij"
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip(names, names[1:], strict=False)
    )
    for path in folder.glob("*/*/meta.yaml"):
        path.write_text(path.read_text().replace("run_name:", f"{bomb}run_name: *j\nwas:"))
    store = open_store(f"mlflow:{folder}")
    assert [store.load(key.uid).uid for key in store.ids()]
