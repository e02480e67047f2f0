"""Lists, tuples and sets as people type them on a command line."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Literal, Optional, Union

import pytest


class Colour(Enum):
    RED = "r"
    BLUE = "b"


def rows():
    files: list[str] = ["x"]
    paths: Optional[list[Path]] = None
    colours: set[Colour] = {Colour.RED}
    kinds: tuple[Literal["a", "b"], ...] = ("a",)
    pair: tuple[str, int] = ("a", 1)
    either: Union[str, list[str]] = "x"
    numbers: list[float] = [1.0]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("files=a,b", ["a", "b"]),
        ("files=[a,b]", ["a", "b"]),
        ("files=[a, b]", ["a", "b"]),
        ("files=(a,b,)", ["a", "b"]),
        ("files=a.txt", ["a.txt"]),
        ("files=1,2", ["1", "2"]),
        ("files=['a b',c]", ["a b", "c"]),
        ('files=["a","b"]', ["a", "b"]),
        ("paths=a/b,c", [Path("a/b"), Path("c")]),
        ("colours=RED,b", {Colour.RED, Colour.BLUE}),
        ("kinds=b,a", ("b", "a")),
        ("pair=b,2", ("b", 2)),
        ("either=a,b", "a,b"),
        ("numbers=1,2", [1.0, 2.0]),
        ("numbers=[1,nan]", None),
    ],
)
def test_text_is_split_at_commas(given, word, value):
    """Where a list of leaves is declared, a text that is no literal is split at its commas, with or without brackets."""
    found = given(rows, words=[word])[word.partition("=")[0]]
    assert found == value or (value is None and found[1] != found[1])


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("files=5", """; it should be a list, such as 'files=["a", "b"]'"""),
        ("numbers=5", "; it should be a list, such as 'numbers=[0.1, 0.2]'"),
        ("kinds=5", """; it should be a tuple, such as 'kinds=("a", "b")'"""),
        ("pair=5", """; it should be a tuple, such as 'pair=("a", 2)'"""),
        ("colours=5", """; it should be a set, such as 'colours={"RED", "BLUE"}'"""),
    ],
)
def test_examples_are_of_the_type(refused, word, advice):
    """Where a list is wanted and none was typed, the error shows one of the right type, quoted for the shell."""
    assert refused(rows, words=[word]).endswith(advice)


def test_a_wrong_element_is_named(refused):
    """Where an element of a split text does not fit, the error is about that element."""
    assert "numbers[1]='x' (command line) does not fit" in refused(rows, words=["numbers=1,x"])
