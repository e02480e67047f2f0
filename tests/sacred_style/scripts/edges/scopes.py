"""Shapes of config functions that people write."""
import os

from sacred import Experiment

ex = Experiment("scopes")
DEFAULT = 7


def helper(n):
    return n * 2


@ex.config
def cfg(_log):
    n = DEFAULT  # from the module
    doubled = helper(n)
    path = os.path.join("a", "b")
    flag = n > 5
    if flag:
        chosen = "large"
    else:
        chosen = "small"
    squares = [i * i for i in range(3)]
    lst = [1, "two", 3.0, None, True]
    nested = {"a": {"b": {"c": 1}}, "t": (1, 2)}
    del doubled
    x = y = 5
    s, t = 1, "one"
    nothing = None
    big = 10**20
    text = """several
    lines"""
    n_again: int = n + 1
    total = 0
    total += n


@ex.config
def second(n, nested):
    nested["a"]["d"] = n
    other = {"n": n}
    other["m"] = n + 1


@ex.config
def third(other):
    other = {"k": 1}


@ex.named_config
def variant():
    n = 1
    nested = {"a": {"b": {"e": 5}}}
    squares = [9]


@ex.automain
def main(n, path, chosen, squares, lst, nested, x, y, s, t, nothing, big, text, n_again, other, total):
    print(n, path, chosen, squares, lst, nothing, big, n_again, total)
    print(nested["a"], list(nested["t"]))
    print(x, y, s, t, len(text.splitlines()), other)
