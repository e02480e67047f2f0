from __future__ import annotations

import timeit

from library import answer, experiment

ex = experiment(observed=False)


@ex.config
def config():
    a = 1
    b = 2
    c = 3


@ex.capture
def function(a, b, c):
    return c


@ex.main
def main():
    answer(seconds=min(timeit.repeat(function, number=20_000, repeat=25)) / 20_000)


ex.run()
