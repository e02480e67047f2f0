"""From what people ask by (texts, keywords, names of fields) to what stores understand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from expkit.errors import QueryError
from expkit.readers.values import flat
from expkit.record.fields import friendly, is_list, known
from expkit.record.misspelt import meant_state, no_field, trouble
from expkit.record.paths import Path
from expkit.record.query import And, Compare, Exists, Not, Or, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.record.query import Query

    Where = Union[Query, str]
    """A question: a text such as ``"config.lr < 0.1 and state == 'COMPLETED'"``, or a tree of nodes."""

_TREES = (And, Or, Not, Compare, Exists)


def query_of(where: Iterable[Where], named: Mapping[str, Any]) -> Query | None:
    """One question that asks all of these.

    Args:
        where: texts and trees.
        named: fields and what they should be: a dict asks for each of its leaves, a tuple for one of its items, and of
            a list of texts (``tags``) the value should be among them.

    Raises:
        QueryError: a text that cannot be read, or a field that no run has.
        TypeError: something that is no question.
    """
    parts = [_query(part) for part in where]
    parts += [_equal(path, value) for path, value in flat(dict(named)).items() if path]
    for field in fields_of(And(*parts)):
        _check(field)
    for part in parts:
        _check_states(part)
    return And(*parts) if len(parts) > 1 else parts[0] if parts else None


def asked_in(words: Iterable[str]) -> set[str]:
    """The fields that questions among what was typed look at.

    Args:
        words: names of runs, and questions that can be read.
    """
    from expkit.record.expression import is_question

    return set().union(*(fields_of(_query(word)) for word in words if is_question(word)))


def both(first: Query | None, second: Query | None) -> Query | None:
    """The question that asks both."""
    return And(first, second) if first is not None and second is not None else first or second


def field_of(name: str) -> str:
    """The field that a name means, as stores know it: ``start_time`` for ``start``.

    Raises:
        QueryError: no run has such a field.
    """
    if not isinstance(name, str):
        raise TypeError(f"fields are named by texts such as 'config.lr', not by {name!r}")
    from expkit.record.expression import parse_field

    return parse_field(name)


def ordered_by(name: str) -> str:
    """The same for a field to sort by, with ``-`` in front where the greatest is to come first."""
    return f"-{field_of(name[1:])}" if str(name).startswith("-") else field_of(name)


def _query(where: Any) -> Query:
    if isinstance(where, _TREES):
        return where
    if not isinstance(where, str):
        raise TypeError(f"{where!r} is no question about runs; give a text such as 'config.lr < 0.1'")
    from expkit.record.expression import parse

    return parse(where)


def _equal(path: str, value: Any) -> Query:
    field = friendly(path)
    if isinstance(value, tuple):
        return Compare(field, "in", list(value))
    return Compare(field, "contains" if is_list(field) else "==", value)


def _check(field: str) -> None:
    """Refuse what no run can have; what lies below ``config`` and its like may be anything."""
    first = Path.parse(field).first
    if first not in known():
        raise QueryError(no_field(first, field))
    if problem := trouble(field):
        raise QueryError(problem)


def _check_states(part: Query) -> None:
    """Refuse texts that are nearly a state."""
    if isinstance(part, Compare) and part.field in ("state", "status") and part.op in ("==", "in"):
        for value in part.value if isinstance(part.value, (list, tuple)) else [part.value]:
            if near := meant_state(value):
                raise QueryError(f"there is no state {value!r}; did you mean {near}?")
