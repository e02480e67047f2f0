"""``expkit metrics``: a table, plots, every point."""

import csv
import io
import json
import math

import pytest

from expkit.console.plotting import plot, sparkline
from expkit.record.model import Point, StreamKey

from .conftest import add


def test_the_table(store, expkit, golden):
    """Without a name there is a table of all metrics."""
    golden("metrics.txt", expkit("metrics", "1").out)


def test_plots(store, expkit, golden):
    """Metrics that are named, also by patterns, are plotted."""
    golden("metrics-plot.txt", expkit("metrics", "1", "loss", "val/*", "--height=6").out)
    assert expkit("metrics", "1", "--plot", "--height=6").out == expkit("metrics", "1", "*", "--height=6").out


def test_every_point(store, expkit):
    """CSV and JSON have every point with its step, its value and its time."""
    rows = list(csv.DictReader(io.StringIO(expkit("metrics", "1", "val/acc", "--csv").out)))
    assert [float(row["value"]) for row in rows] == [0, 0.25, 0.5, 0.75]
    assert {row["name"] for row in rows} == {"val/acc"}
    points = [json.loads(line) for line in expkit("metrics", "1", "--json").out.splitlines()]
    assert len(points) == 24
    assert points[1] == {
        "name": "loss",
        "step": 1,
        "value": 0.05,
        "time": points[0]["time"] + 1,
        "segment": 0,
        "rank": 0,
    }


def test_a_metric_that_is_not_there(store, expkit):
    """It is a failure with near names; the others are shown."""
    done = expkit("metrics", "1", "los", "val/acc")
    assert (done.code, done.err) == (1, "this run has no metric 'los'; did you mean loss?\n")
    assert done.out.startswith("val/acc  0.75")


def test_no_metrics(store, expkit):
    """A run without metrics is no failure."""
    assert expkit("metrics", "4") == (0, "", "run 4 has logged no metrics\n")


def test_awkward_values(store, expkit):
    """Values that are no numbers, infinities, names with control characters: all are shown somehow."""
    run = add(store, 6, 0.1)
    values = ["a", float("nan"), float("inf"), 1e300, -1e308, 1e308]
    points = [Point("a\x1b[2J", step, value, 0.0) for step, value in enumerate(values)]
    store.append(run, StreamKey(), 24, points)
    for words in ([], ["--plot"], ["--csv"], ["--json"]):
        done = expkit("metrics", "6", *words)
        assert done.code == 0
        assert "--csv" in words or "\x1b" not in done.out


def dots(lines):
    """How many cells of a plot are drawn."""
    return sum(not char.isspace() for line in lines for char in line.partition("┤")[2] or line.partition("│")[2])


@pytest.mark.parametrize("points", [[(0, 1)], [(0, 1), (1, 1)], [(0, -1e308), (1, 1e308)], [(5, 1), (3, 2), (1, 1)]])
def test_plots_of_few_points(points, expkit):
    """One point, a level line, numbers far apart, steps that go back: each gives a plot of the size that was asked for."""
    lines = plot(points, 30, 5)
    assert len(lines) == 7
    assert max(map(len, lines)) <= 30
    assert dots(lines) >= 1


def test_plots_of_many_points(expkit):
    """More points than dots draw the whole curve."""
    lines = plot([(step, math.sin(step / 2000)) for step in range(20_000)], 60, 10)
    assert dots(lines) > 80
    assert (lines[0][:4], lines[9][:4]) == (" 1 ┤", "-1 ┤")


def test_nothing_to_plot(expkit):
    """Without a finite number there is a sentence."""
    assert plot([(0, math.nan)], 30, 5) == ["no finite numbers to plot"]
    assert sparkline([1]) == ""
    assert sparkline([1, 1, 1]) == "▁▁▁"
