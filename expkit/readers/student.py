"""Means and how sure they are: :func:`estimate`.

The interval is Student's: mean ± t · s / √n, with the sample standard deviation s and n - 1 degrees of freedom. The
distribution function is computed by its finite series, Abramowitz and Stegun, *Handbook of Mathematical Functions*,
26.7.3 and 26.7.4; beyond a thousand degrees of freedom by the expansion 26.7.5.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_MANY = 1000


class Estimate(NamedTuple):
    """What several runs say about one figure.

    Attributes:
        n: how many runs have it.
        mean: of them; NaN for none.
        sd: sample standard deviation; NaN for fewer than two.
        low, high: ends of the confidence interval of the mean; NaN for fewer than two.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Number, mean, standard deviation and confidence interval of numbers.

    Args:
        values: of independent runs.
        confidence: how often such an interval holds the true mean, where runs scatter normally.
    """
    n = len(values)
    if not n:
        return Estimate(0, math.nan, math.nan, math.nan, math.nan)
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(1, mean, math.nan, math.nan, math.nan)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if math.isfinite(mean) else math.nan
    half = t_quantile(confidence, n - 1) * sd / math.sqrt(n)
    return Estimate(n, mean, sd, mean - half, mean + half)


@lru_cache(maxsize=64)
def t_quantile(confidence: float, freedom: int) -> float:
    """The t for which a Student variable lies between -t and t with this probability.

    Raises:
        ValueError: no probability between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is a number between 0 and 1 such as 0.95, not {confidence!r}")
    if freedom > _MANY:
        return _expanded(confidence, freedom)
    low, high = 0.0, 1.0
    while _between(high, freedom) < confidence:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < confidence else (low, middle)
    return high


def _between(t: float, freedom: int) -> float:
    """Probability of a Student variable between -t and t: 26.7.3 for odd, 26.7.4 for even degrees of freedom."""
    theta = math.atan(t / math.sqrt(freedom))
    sin, cos2 = math.sin(theta), math.cos(theta) ** 2
    odd = freedom % 2
    term = math.cos(theta) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * cos2
        total += term
    return 2 / math.pi * (theta + sin * total) if odd else sin * total


def _expanded(confidence: float, freedom: int) -> float:
    from statistics import NormalDist

    x = NormalDist().inv_cdf((1 + confidence) / 2)
    first, second = (x**3 + x) / 4, (5 * x**5 + 16 * x**3 + 3 * x) / 96
    return x + first / freedom + second / freedom**2
