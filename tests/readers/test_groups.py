"""Runs that agree, and what they say together."""

import math

import pytest

from expkit.errors import QueryError
from expkit.readers import runs
from expkit.readers.student import estimate, t_quantile
from expkit.stores.memory import MemoryStore

from .conftest import add


def test_groups_of_equal_configs(everything):
    """Runs whose configs agree but for the seed are one group, with number, mean, deviation and interval of every figure."""
    groups = everything.where(name="digits").group_by("config", except_="seed")
    assert [(group.n, group.key) for group in groups] == [(3, {"config.lr": 0.1}), (3, {"config.lr": 0.5})]
    acc = groups[0]["result.acc"]
    assert (acc.n, round(acc.mean, 9), round(acc.sd, 9)) == (3, 0.2, 0.1)
    assert (round(acc.low, 6), round(acc.high, 6)) == (round(0.2 - 0.248413771, 6), round(0.2 + 0.248413771, 6))
    assert groups[1]["metrics.loss.last"].mean == pytest.approx(0.05)
    assert {"result.acc", "metrics.loss.last", "metrics.loss.min", "metrics.loss.max"} == set(groups[0])
    assert [run.config.lr for run in groups[1].runs] == [0.5] * 3


def test_other_fields_and_figures(everything):
    """Groups go by any fields, and figures are those that are asked for; a run without a number is left out of that one."""
    groups = everything.group_by("name", figures=["duration", "metrics.loss.last"])
    assert [(group.n, group.key) for group in groups] == [(6, {"name": "digits"}), (1, {"name": "broken"})]
    assert (groups[0]["duration"].mean, groups[1]["duration"].n, "metrics.loss.last" in groups[1]) == (6.0, 1, False)
    two = everything.where(name="digits").group_by("config.lr", "config.seed")
    assert (len(two), two.varying) == (6, ["config.lr", "config.seed"])
    assert everything.group_by("config", except_=["config.seed", "net.units"])[0].n == 3


@pytest.mark.parametrize(
    "path",
    [
        "seed.no",
        "config.seed.no",
        '"seed.no"',
        'config["seed.no"]',
        "['seed.no']",
        "net.layers[0].seed",
        "net.layers.seed",
    ],
)
def test_entries_to_leave_out_are_said_as_in_questions(path):
    """A key with dots, in quotes or not, and what lies in lists are left out as a question would find them."""
    store = MemoryStore()
    inside = "layers" in path
    for number in range(3):
        seeds = {"net": {"layers": [{"seed": number}]}} if inside else {"seed.no": number}
        add(store, 0.1, 1, config={"lr": 0.1, **seeds})
    everything = runs(store=store)
    assert len(everything.group_by("config")) == 3
    assert [group.n for group in everything.group_by("config", except_=path)] == [3]


def test_best_group(everything):
    """The best group has the best mean, and the direction must be said."""
    groups = everything.where(name="digits").group_by("config", except_="seed")
    assert groups.best("result.acc", "max").key == {"config.lr": 0.5}
    assert groups.best("metrics.loss.last", "min").key == {"config.lr": 0.1}
    with pytest.raises(ValueError, match="'max' or 'min'"):
        groups.best("result.acc", "best")
    with pytest.raises(KeyError, match="did you mean result.acc"):
        groups.best("result.ac", "max")


def test_tables(some):
    """Groups are tables, for people and for pandas."""
    groups = some.where(name="digits").group_by("config", except_="seed", figures=["result.acc"])
    frame = groups.to_pandas()
    assert list(frame.columns) == [
        "config.lr",
        "n",
        *(f"result.acc.{part}" for part in ("n", "mean", "sd", "low", "high")),
    ]
    assert repr(groups).splitlines() == [
        "2 groups",
        "config.lr  n  result.acc",
        "0.1        3  0.2 ± 0.25",
        "0.5        3  0.6 ± 0.25",
    ]
    assert groups._repr_html_().count("<tr>") == 3
    assert repr(groups[0]) == "<Group of 3 runs: config.lr=0.1>"


def test_mistakes(some):
    """An entry to leave out that no run has, a figure that no run has, and no field at all are told."""
    with pytest.raises(QueryError, match="no run has an entry 'sed' that could be left out; did you mean seed"):
        some.group_by("config", except_="sed")
    with pytest.raises(ValueError, match="needs a field"):
        some.group_by()
    with pytest.raises(KeyError, match="did you mean result.acc"):
        some.group_by("name")[0]["result.ac"]
    with pytest.raises(ValueError, match="between 0 and 1"):
        some.group_by("name", confidence=95)


def test_no_runs():
    """Of no runs there are no groups."""
    groups = runs(store=MemoryStore()).group_by("config", except_="seed")
    assert (len(groups), repr(groups)) == (0, "0 groups")


def test_types_of_values_count():
    """``1`` and ``1.0`` and a text are different values, as in the config's hash."""
    store = MemoryStore()
    for lr in (1, 1.0, "1", 1):
        add(store, 0.1, 1, config={"lr": lr})
    assert [group.n for group in runs(store=store).group_by("config")] == [2, 1, 1]


@pytest.mark.parametrize(
    ("confidence", "freedom", "t"),
    [
        (0.95, 1, 12.7062047362),
        (0.95, 2, 4.3026527297),
        (0.9, 3, 2.3533634348),
        (0.99, 4, 4.6040948713),
        (0.95, 9, 2.2621571628),
        (0.999, 30, 3.6459586350),
        (0.95, 1000, 1.9623390808),
        (0.95, 1001, 1.9623367027),
        (0.99, 100_000, 2.5758785),
    ],
)
def test_quantiles(confidence, freedom, t):
    """Quantiles of Student's distribution are those of the published tables."""
    assert t_quantile(confidence, freedom) == pytest.approx(t, abs=2e-6)


def test_few_values():
    """One value has no deviation, none has no mean, and equal ones have an interval of one point."""
    assert estimate([])[0] == 0
    assert math.isnan(estimate([]).mean)
    assert (estimate([2.0]).mean, math.isnan(estimate([2.0]).low)) == (2.0, True)
    assert estimate([2.0, 2.0]) == (2, 2.0, 0.0, 2.0, 2.0)
    assert math.isnan(estimate([1.0, math.nan]).mean)
    assert math.isinf(estimate([1.0, math.inf]).mean)
