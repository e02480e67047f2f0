"""The language of questions about runs: ``config.lr < 0.1 and state in ("COMPLETED", "RUNNING") and "best" in tags``.

A text becomes a tree of :mod:`expkit.record.query`; nothing is evaluated. ``docs/reference/queries.md`` describes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Union

from expkit._support.nearest import did_you_mean
from expkit.record.fields import known
from expkit.record.query import And, Exists, Not, Or
from expkit.record.sides import Path, Value, between, named
from expkit.record.tokens import END, SIGN, TEXT, WORD, Token, error, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from expkit.record.query import Query

    Side = Union[Path, Value]

_FUNCTIONS = ("exists",)
_KEYWORDS = ("and", "or", "not", "in")
_SIGNS = {"=": "==", "!~": "not glob", "~": "glob"}
_CONSTANTS: Final = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf|nan")
_QUESTION = re.compile(r"[=<>!~()\"'&|]|\s(?:and|or|in)\s|^\s*not\s")
_REFERENCE = re.compile(r"~\w*|last(~\d+)?|best:.*")
_DEEPEST = 50
_VALUE = "a value is expected here: a number, a text in quotes, true, false, null or a list"


def parse(text: str, now: datetime | None = None) -> Query:
    """The question that a text asks.

    Args:
        text: such as ``config.lr < 0.1 and name ~ "digit*"``.
        now: what ``today`` and ``2 days ago`` count from; None: this moment.

    Raises:
        QueryError: it is none; the message shows where, and what is expected there.
    """
    return _Parser(text, now).whole()


def parse_field(text: str) -> str:
    """The path of one field, as stores know it: ``start_time`` for ``start``, ``config."a.b"`` for ``config["a.b"]``.

    Raises:
        QueryError: no run has such a field.
    """
    return _Parser(text, None).field()


def is_question(text: str) -> bool:
    """Whether a word that may be the id of a run is meant as a question."""
    return _QUESTION.search(text) is not None


def split(words: Iterable[str], is_known: Callable[[str], object]) -> tuple[list[str], list[str]]:
    """What people call runs by, and questions about runs, which they may type side by side.

    Args:
        words: what was typed.
        is_known: whether a word is the id or the uid of a run: these are no questions, whatever they look like.
    """
    words = list(words)
    asked = [not is_known(word) and not _REFERENCE.fullmatch(word) and is_question(word) for word in words]
    typed = list(zip(words, asked, strict=True))
    return [word for word, is_asked in typed if not is_asked], [word for word, is_asked in typed if is_asked]


class _Parser:
    def __init__(self, text: str, now: datetime | None) -> None:
        self._text = text
        self._now = now
        self._tokens = list(tokens(text))
        self._place = 0
        self._depth = 0

    def whole(self) -> Query:
        if self._next.kind == END:
            raise self._error("a comparison is expected here, such as config.lr < 0.1")
        query = self._or()
        if self._next.kind != END:
            raise self._error(self._after())
        return query

    def field(self) -> str:
        side = self._side()
        if self._next.kind != END or not isinstance(side, Path):
            raise self._error("a field is expected here, such as config.lr")
        return named(self._text, side)

    # -- words -----------------------------------------------------------------------------------------

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += token.kind != END
        return token

    def _takes(self, kind: str, *values: str) -> bool:
        found = self._next.kind == kind and self._next.value in values
        self._place += found
        return found

    def _expect(self, sign: str, what: str) -> None:
        if not self._takes(SIGN, sign):
            raise self._error(what)

    def _error(self, problem: str, token: Token | None = None) -> Exception:
        return error(self._text, (token or self._next).start, problem)

    def _after(self) -> str:
        token = self._next
        if token.kind == WORD and token.value.lower() in ("and", "or"):
            return f"write {token.value.lower()!r} in lower case"
        return "'and', 'or' or the end is expected here; put texts with spaces in quotes"

    # -- logic -----------------------------------------------------------------------------------------

    def _or(self) -> Query:
        return self._joined("or", self._and, Or)

    def _and(self) -> Query:
        return self._joined("and", self._not, And)

    def _joined(self, word: str, part: Callable[[], Query], node: type[And | Or]) -> Query:
        parts = [part()]
        while self._takes(WORD, word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else node(*parts)

    def _not(self) -> Query:
        negated = False
        while self._takes(WORD, "not"):
            negated = not negated
        part = self._primary()
        return Not(part) if negated else part

    def _primary(self) -> Query:
        token = self._next
        if self._takes(SIGN, "("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise self._error(f"more than {_DEEPEST} parentheses within each other", token)
            query = self._or()
            self._expect(")", "a closing parenthesis is expected here")
            self._depth -= 1
            return query
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if token.kind == WORD and token.value not in _KEYWORDS and (following.kind, following.value) == (SIGN, "("):
            return self._function()
        return self._comparison()

    def _function(self) -> Query:
        token = self._take()
        if token.value not in _FUNCTIONS:
            hint = did_you_mean(token.value, _FUNCTIONS) or f"; there is {', '.join(_FUNCTIONS)}"
            raise self._error(f"there is no function {token.value!r}{hint}", token)
        self._take()
        side = self._side()
        if not isinstance(side, Path):
            raise error(self._text, side.start, "a field is expected here, such as config.lr")
        self._expect(")", "a closing parenthesis is expected here")
        return Exists(named(self._text, side))

    # -- comparisons -----------------------------------------------------------------------------------

    def _comparison(self) -> Query:
        left, parts = self._side(), []
        while op := self._operator():
            right = self._list_or_side()
            parts.append(between(self._text, left, op, right, self._now))
            left = right
        if not parts:
            raise self._alone(left)
        return parts[0] if len(parts) == 1 else And(*parts)

    def _alone(self, side: Side) -> Exception:
        if isinstance(side, Path) and self._next.kind == END:
            shown = self._text[side.start :].strip()
            hint = f", such as {shown} == 1, or exists({shown})" if side.first in known() else ""
            return self._error(f"a comparison is expected here{hint}")
        return self._error("a comparison is expected here: == != < <= > >= in ~")

    def _operator(self) -> str | None:
        token = self._next
        if token.kind == SIGN and token.value not in "()[],":
            self._place += 1
            return _SIGNS.get(token.value, token.value)
        if self._takes(WORD, "in"):
            return "in"
        if self._takes(WORD, "not"):
            if not self._takes(WORD, "in"):
                raise self._error("'in' is expected here")
            return "not in"
        return None

    def _list_or_side(self) -> Side:
        token = self._next
        for opening, closing in ("()", "[]"):
            if self._takes(SIGN, opening):
                return Value(self._items(closing), token.start)
        return self._side()

    def _items(self, closing: str) -> list[Any]:
        """The values up to the end of a list; a comma may stand behind the last."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"more than {_DEEPEST} lists within each other")
        items: list[Any] = []
        while not self._takes(SIGN, closing):
            side = self._list_or_side()
            items.append(side.value if isinstance(side, Value) else side.word(self._text))
            if not self._takes(SIGN, ",") and (self._next.kind, self._next.value) != (SIGN, closing):
                raise self._error(f"a comma or {closing} is expected here")
        self._depth -= 1
        return items

    def _side(self) -> Side:
        token = self._next
        if token.kind == TEXT:
            return Value(self._take().value, token.start)
        if token.kind != WORD or token.value in _KEYWORDS:
            raise self._error(_VALUE)
        if token.value in _CONSTANTS:
            return Value(_CONSTANTS[self._take().value], token.start)
        if _NUMBER.fullmatch(token.value):
            return Value(self._number(self._take()), token.start)
        return self._path()

    def _number(self, token: Token) -> int | float:
        digits = token.value.replace("_", "")
        try:
            return int(digits) if re.fullmatch(r"[+-]?\d+", digits) else float(digits)
        except ValueError:
            raise self._error("this number has too many digits", token) from None

    def _path(self) -> Path:
        """A word, and whatever clings to it: ``["key"]``, ``[0]``, ``.rest``, ``."key"``."""
        first = self._take()
        steps, end = [first.value], first.end
        while self._next.start == end and (step := self._step(steps[-1])) is not None:
            steps.append(step)
            end = self._tokens[self._place - 1].end
        return Path(first.value, steps, first.start)

    def _step(self, before: str) -> str | None:
        token = self._next
        if token.kind == TEXT and before.endswith("."):
            return self._key(self._take())
        if token.kind == WORD and token.value.startswith("."):
            return self._take().value
        if not self._takes(SIGN, "["):
            return None
        token = self._take()
        if token.kind != TEXT and not (token.kind == WORD and token.value.isdecimal() and token.value.isascii()):
            raise self._error('a key in quotes or a number is expected here, such as config["a.b"] or layers[0]', token)
        self._expect("]", "a closing bracket is expected here")
        return f"[{token.value}]" if token.kind == WORD else f".{self._key(token)}"

    def _key(self, token: Token) -> str:
        for quote in "\"'":
            if quote not in token.value:
                return f"{quote}{token.value}{quote}"
        raise self._error("a key that has both kinds of quotes cannot be asked for", token)
