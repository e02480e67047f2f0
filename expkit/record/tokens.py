"""The words of the expression language, each with its place, and what is said where one is wrong there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from expkit.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD, TEXT, SIGN, END = "word", "text", "sign", "end"

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>==|!=|<=|>=|!~|=|<|>|~|[()\[\],])
      | (?P<word>[^\s()\[\],"'<>=!~&|{}\\;`]+)
      | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\([\\\"'])")
_INSTEAD = {"&": "and", "|": "or", "!": "not"}
_WIDTH = 100


class Token(NamedTuple):
    """One word.

    Attributes:
        kind: ``word`` (a name, a number, a keyword), ``text`` (in quotes), ``sign``, ``end``.
        value: the word; of a text what is between its quotes.
        start, end: its place in the expression.
    """

    kind: str
    value: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The words of an expression, the last being its end.

    Raises:
        QueryError: a character that means nothing, or a text without its closing quote.
    """
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            raise error(text, place, _complaint(text[place]))
        kind = match.lastgroup or END
        place = match.end()
        yield Token(kind, _value(kind, match[kind]), match.start(kind), place)
        if kind == END:
            return


def _value(kind: str, found: str) -> str:
    return _ESCAPE.sub(r"\1", found[1:-1]) if kind == TEXT else found


def _complaint(char: str) -> str:
    if char in "\"'":
        return f"this text has no closing {char}"
    if char in _INSTEAD:
        return f"{char} means nothing here; write {_INSTEAD[char]!r}"
    return f"{char!r} means nothing here; put texts in quotes"


def error(text: str, place: int, problem: str) -> QueryError:
    """What is wrong at a place of an expression, with a caret below it."""
    line_start = max(text.rfind("\n", 0, place) + 1, place - _WIDTH)
    line = text[line_start : line_start + 2 * _WIDTH].partition("\n")[0]
    shown = "".join(char if char.isprintable() else " " for char in line)
    return QueryError(f"{problem}\n  {shown}\n  {' ' * (place - line_start)}^")
