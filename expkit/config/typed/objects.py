"""Objects made of plain values: where a type names a class of fields, an object of it."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.typed.fit import Fitting, chosen, refuse_tag
from expkit.config.typed.kept import Kept, taken_apart, with_fields
from expkit.config.typed.kinds import LISTS, MAPPINGS, bare, holds_shape, inner_kind, members, shapes_in
from expkit.config.typed.library import validated
from expkit.config.typed.pieces import misspelt
from expkit.config.typed.problems import Problem, UnfitError, from_library
from expkit.config.typed.shapes import ABSENT, Field, Shape, shape_of
from expkit.config.values import differs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.config.paths import Path


class Maker:
    """Makes objects of plain values, each once: of values that were given or made as an object it gives a copy of that.

    Args:
        kept: the objects that are known; gets those that are made.
        above: path of the values.
        strict: refuse keys that no field has.
    """

    def __init__(self, kept: Kept, above: Path = (), *, strict: bool = False) -> None:
        self._kept = kept
        self._above = above
        self._strict = strict

    def __call__(self, kind: Any, value: Any, at: Path = ()) -> Any:
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
        result = self._made(kind, value, at)
        return validated(Any, marks, result, at) if marks else result

    def _made(self, kind: Any, value: Any, at: Path) -> Any:
        shapes = shapes_in(kind)
        if is_a(value, dict) and shapes:
            shape = self._kept.meant((*self._above, *at), shapes, value)
            if shape is None and len(shapes) > 1:
                refuse_tag(shapes, value, at)
            return self._object(shape or (chosen(shapes, value) if len(shapes) > 1 else shapes[0]), value, at)
        for member in members(kind):
            origin, inner = get_origin(member), get_args(member)
            if is_a(value, dict) and origin in MAPPINGS:
                return {key: self(inner[1], item, (*at, key)) for key, item in value.items()}
            if is_a(value, (list, tuple, set, frozenset)) and origin in (*LISTS, tuple, set, frozenset):
                kinds = (inner_kind(member, [index]) or Any for index in range(len(value)))
                items = [self(kind, item, (*at, index)) for index, (kind, item) in enumerate(zip(kinds, value))]  # noqa: B905
                return type(value)(items) if origin in LISTS else origin(items)
        return value

    def _object(self, shape: Shape, value: dict[Any, Any], at: Path) -> Any:
        place = (*self._above, *at)
        others = {key: item for key, item in value.items() if key not in shape.fields}
        if self._strict and (problems := misspelt(shape, others, at)):
            raise UnfitError(*problems)
        known = self._kept.find(place, shape, value)
        if known is not None and (found := known.fresh()) is not ABSENT:
            return with_fields(found, self._fields(shape, known.converted, value, at))
        names = [name for name in shape.fields if shape.checks_defaults or not _is_default(shape.fields[name], value)]
        fields = self._fields(shape, names, value, at)
        made = _made_by(shape, {**fields, **(others if shape.extra else {})}, value, at)
        self._kept.keep(place, value, made)
        return made

    def _fields(self, shape: Shape, names: Iterable[str], value: dict[Any, Any], at: Path) -> dict[str, Any]:
        return {
            name: self(shape.fields[name].kind, copy_containers(value[name]), (*at, name))
            for name in names
            if name in value and name in shape.fields
        }


def _is_default(field: Field, value: Mapping[Any, Any]) -> bool:
    if field.default is None or field.name not in value:
        return False
    default = taken_apart(field.default())
    return type(default) is type(value[field.name]) and not differs(default, value[field.name])


def _made_by(shape: Shape, fields: dict[str, Any], value: dict[Any, Any], at: Path) -> Any:
    try:
        return shape.make(fields)
    except Exception as error:
        raise UnfitError(*[_told(problem, shape, value, at) for problem in from_library(error, at).problems]) from None


def _told(problem: Problem, shape: Shape, value: dict[Any, Any], at: Path) -> Problem:
    """A problem that the class told, by the names of the fields."""
    if problem.at == at:
        return problem._replace(value=value)
    name, *inner = problem.at[len(at) :]
    if problem.value is None and not inner:
        problem = problem._replace(value=value.get(shape.named.get(name, name)))
    return problem._replace(at=(*at, shape.named.get(name, name), *inner))


def finished(kind: Any, value: Any, kept: Kept, above: Path, *, strict: bool) -> Any:
    """What the objects of plain values hold in the end, where they can be made again from that; else the same values.

    Args:
        kind: the type.
        value: plain, and fitting.
        kept: the objects that are known.
        above: path of the values.
        strict: refuse keys that no field has.

    Raises:
        UnfitError: a class refuses the values of its fields.
    """
    made = Maker(kept, above, strict=strict)(kind, value)
    now = _plain_of(kind, made, value, above)
    if now is ABSENT or not differs(now, value):
        return value
    again = Kept()
    try:
        if not _same(made, Maker(again, above)(kind, now)):
            return value
    except UnfitError:
        return value
    kept.take_over(again)
    return now


def _plain_of(kind: Any, made: Any, value: Any, above: Path) -> Any:
    try:
        return _with_arguments(made, Fitting(above=above)(kind, made), value)
    except UnfitError:
        return ABSENT


def _with_arguments(made: Any, now: Any, value: Any) -> Any:
    """Plain values with those that objects do not keep, but that they were made with."""
    shape = shape_of(type(made))
    if is_a(now, dict) and is_a(value, dict) and (shape is not None or is_a(made, dict)):
        kept = {name: value[name] for name in shape.arguments & value.keys()} if shape is not None else {}
        inner = made if shape is None else shape.apart(made)
        return {key: kept[key] if key in kept else _inside(inner, key, item, value) for key, item in now.items()}
    if type(now) in (list, tuple) and is_a(value, (list, tuple)) and len(now) == len(value) == len(made):
        return type(now)(_with_arguments(*items) for items in zip(made, now, value, strict=True))
    return now


def _inside(made: Mapping[Any, Any], key: Any, now: Any, value: Mapping[Any, Any]) -> Any:
    return _with_arguments(made[key], now, value[key]) if key in made and key in value else now


def _same(one: Any, other: Any) -> bool:
    """Whether two objects are equal; those that cannot tell, by their fields."""
    try:
        if type(one) is type(other) and bool(one == other):
            return True
    except Exception:  # arrays answer with more than yes or no
        pass
    return type(one) is type(other) and not differs(taken_apart(one), taken_apart(other))


def defaults_of(shape: Shape) -> dict[str, Any]:
    """The defaults of a class's fields."""
    made_now = {name: field.default() for name, field in shape.fields.items() if field.default is not None}
    return {name: value for name, value in made_now.items() if value is not ABSENT}
