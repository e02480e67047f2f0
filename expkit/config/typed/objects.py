"""Objects made of plain values: where a type names a class of fields, an object of it."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.typed.fit import chosen
from expkit.config.typed.kinds import LISTS, MAPPINGS, bare, holds_shape, inner_kind, members, shapes_in
from expkit.config.typed.library import validated
from expkit.config.typed.problems import Problem, UnfitError, from_library
from expkit.config.typed.shapes import ABSENT, Shape, shape_of


def made(kind: Any, value: Any, at: tuple[Any, ...] = ()) -> Any:
    """A value with objects in it; the same where its type names no class of fields.

    Args:
        kind: the type.
        value: plain, and fitting.
        at: its keys, for messages.

    Raises:
        UnfitError: a class refuses the values of its fields.
    """
    if not holds_shape(kind):
        return value
    kind, marks = bare(kind)
    marks = tuple(mark for mark in marks if not getattr(mark, "discriminator", None))
    result = _made(kind, value, at)
    return validated(Any, marks, result, at) if marks else result


def _made(kind: Any, value: Any, at: tuple[Any, ...]) -> Any:
    shapes = shapes_in(kind)
    if is_a(value, dict) and shapes:
        return _object(chosen(shapes, value) if len(shapes) > 1 else shapes[0], value, at)
    for member in members(kind):
        origin, inner = get_origin(member), get_args(member)
        if is_a(value, dict) and origin in MAPPINGS:
            return {key: made(inner[1], item, (*at, key)) for key, item in value.items()}
        if is_a(value, (list, tuple, set, frozenset)) and origin in (*LISTS, tuple, set, frozenset):
            items = [made(inner_kind(member, [index]) or Any, item, (*at, index)) for index, item in enumerate(value)]
            return items if origin in LISTS else origin(items)
    return value


def _object(shape: Shape, value: dict[Any, Any], at: tuple[Any, ...]) -> Any:
    plain = {key: copy_containers(item) for key, item in value.items()}
    fields = {name: made(field.kind, plain[name], (*at, name)) for name, field in shape.fields.items() if name in plain}
    others = {key: item for key, item in plain.items() if key not in shape.fields} if shape.extra else {}
    try:
        return shape.make({**fields, **others})
    except Exception as error:
        raise UnfitError(*[_with_value(problem, value, at) for problem in from_library(error, at).problems]) from None


def _with_value(problem: Problem, value: Any, at: tuple[Any, ...]) -> Problem:
    return problem._replace(value=value) if problem.at == at else problem


def defaults_of(shape: Shape) -> dict[str, Any]:
    """The defaults of a class's fields."""
    made_now = {name: field.default() for name, field in shape.fields.items() if field.default is not None}
    return {name: value for name, value in made_now.items() if value is not ABSENT}


def rebuilds(value: Any) -> bool:
    """Whether an object of a class of fields is the same as one that is made of its fields."""
    from expkit.config.typed.fit import Fitting

    kind = type(value)
    try:
        return shape_of(kind) is not None and bool(made(kind, Fitting()(kind, value)) == value)
    except Exception:
        return False
