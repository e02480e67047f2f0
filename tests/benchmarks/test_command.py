from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "--without-sacred", "--quick", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_table_has_limit_figure_ratio_and_goal():
    """One figure is measured against its limit and judged by its goal, in one line of the table."""
    done = benchmarks("captured_call")
    assert done.returncode == 0, done.stderr
    head, _, row = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in head[:6]] == [
        "figure",
        "limit, measured here",
        "Sacred 0.8.7, measured here",
        "expkit",
        "ratio",
        "goal",
    ]
    figure, limit, sacred, expkit, ratio, goal, verdict = (cell.strip() for cell in row)
    assert figure.startswith("captured call")
    assert limit.endswith(" ns")
    assert sacred == "–"
    assert expkit.endswith(" ns")
    assert ratio.endswith("× limit")
    assert goal == "≤ 2 × limit"
    assert verdict in ("reached", "MISSED")


def test_unknown_figures_are_refused():
    """A misspelt figure is an error that names those that there are."""
    done = benchmarks("captured_cal")
    assert done.returncode == 2
    assert "captured_call" in done.stderr
