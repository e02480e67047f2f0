from __future__ import annotations

from library import answer, experiment, seconds

ex = experiment()


@ex.config
def config():
    a = 1


@ex.main
def main(a):
    return a


def hundred():
    for _ in range(100):
        ex.run()


ex.run()
answer(seconds=seconds(hundred) / 100)
