"""Values made to fit types, unions among them, and the classes of fields that dicts may mean."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from expkit._support.odd import is_a
from expkit.config.typed.kinds import bare, shapes_in, text_of
from expkit.config.typed.pieces import Pieces, is_exactly
from expkit.config.typed.problems import UnfitError, choose_one, unfit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.config.typed.leaves import At
    from expkit.config.typed.shapes import Shape


class Fitting(Pieces):
    """How values are made to fit any type."""

    def union(self, kinds: tuple[Any, ...], value: Any, at: At) -> Any:
        """The value as one of several types: the first that it is already, else the first that takes it.

        Raises:
            UnfitError: it is none of them.
        """
        exact = [kind for kind in kinds if is_exactly(kind, value)]
        shapes = [shape for kind in kinds for shape in shapes_in(kind)]
        if shapes and not exact and is_a(value, (dict, Mapping)):
            return self._class_of(shapes, dict(value), at)
        errors: list[tuple[Any, UnfitError]] = []
        for kind in (*exact, *kinds):
            try:
                return self(kind, value, at)
            except UnfitError as error:
                errors.append((kind, error))
        raise _closest(kinds, value, errors, at)

    def _class_of(self, shapes: list[Shape], value: dict[Any, Any], at: At) -> dict[str, Any]:
        meant = self.kept.meant((*self.above, *at), shapes, value)
        if meant is not None and _has(meant, self.strong):
            return self._fields(meant, value, at)
        refuse_tag(shapes, value, at)
        shape = chosen(shapes, value, self.strong)
        known = {name for other in shapes for name in other.fields}
        foreign = [key for key in value if key in known and key not in shape.fields and key not in self.strong]
        if foreign or not _takes(shape, value):  # what was said about another class does not count for this one
            value = dict(self.strong)
        return self._fields(shape, value, at)


def chosen(shapes: list[Shape], value: Mapping[Any, Any], strong: Mapping[Any, Any] = {}) -> Shape:
    """The class among several whose fields a dict has.

    Args:
        shapes: the classes.
        value: the dict.
        strong: what was given on purpose; only a class that takes it counts, if there is one.
    """

    def misfit(shape: Shape) -> tuple[bool, bool, int, int]:
        unknown = sum(key not in shape.fields for key in value)
        lacking = sum(field.required and name not in value for name, field in shape.fields.items())
        return not _has(shape, strong), not _takes(shape, value), unknown, lacking

    return min(shapes, key=misfit)


def lacking_fields(kind: Any, value: Any, at: At = ()) -> list[At]:
    """Where a plain value of a class of fields lacks what must be given."""
    if not is_a(value, dict):
        return []
    shapes = shapes_in(kind)
    if not shapes:
        return []
    shape = chosen(shapes, value) if len(shapes) > 1 else shapes[0]
    found: list[At] = []
    for name, field in shape.fields.items():
        if name in value:
            found += lacking_fields(field.kind, value[name], (*at, name))
        elif field.required:
            inner = shapes_in(field.kind)
            found += lacking_fields(field.kind, {}, (*at, name)) if inner else [(*at, name)]
    return found


def begun(kind: Any, above: tuple[Shape, ...] = ()) -> dict[str, Any]:
    """What is known about an object of a class of fields before anything is given: the defaults of its fields.

    Args:
        kind: the type; of one that is no class, or may be several, nothing is known.
        above: classes that it lies in.
    """
    shapes = shapes_in(kind)
    if len(shapes) != 1 or shapes[0] in above:
        return {}
    fields = shapes[0].fields
    inner = {name: begun(field.kind, (*above, shapes[0])) for name, field in fields.items() if field.required}
    known = {name: value for name, value in inner.items() if value}
    try:
        known.update(Fitting()(shapes[0].kind, {}))
    except UnfitError:  # told when the object is made
        pass
    return {name: known[name] for name in fields if name in known}


def refuse_tag(shapes: Sequence[Shape], value: Mapping[Any, Any], at: At = ()) -> None:
    """Refuse a dict whose tag (a field that is a ``Literal`` in all of the classes) belongs to none of them.

    Args:
        shapes: the classes.
        value: the dict.
        at: its keys, for messages.

    Raises:
        UnfitError: the message lists the tags of all of them.
    """
    for name in set.intersection(*(set(shape.fields) for shape in shapes)) & value.keys():
        kinds = [bare(shape.fields[name].kind)[0] for shape in shapes]
        choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
        tagged = all(get_origin(kind) is Literal for kind in kinds)
        if tagged and not any(is_exactly(kind, value[name]) for kind in kinds) and not _is_member(choices, value[name]):
            raise unfit((*at, name), value[name], choose_one(value[name], choices))


def _is_member(choices: list[Any], value: Any) -> bool:
    return any(is_a(choice, Enum) and value in (choice.value, choice.name) for choice in choices)


def _has(shape: Shape, strong: Mapping[Any, Any]) -> bool:
    return all(key in shape.fields for key in strong) and _takes(shape, strong)


def _takes(shape: Shape, value: Mapping[Any, Any]) -> bool:
    try:
        Fitting(complete=False)(shape.kind, {key: item for key, item in value.items() if key in shape.fields})
    except UnfitError:
        return False
    soft = {name: field for name, field in shape.fields.items() if field.soft}
    literals = {name: field for name, field in soft.items() if get_origin(bare(field.kind)[0]) is Literal}
    return all(name not in value or is_exactly(field.kind, value[name]) for name, field in literals.items())


def _closest(kinds: tuple[Any, ...], value: Any, errors: list[tuple[Any, UnfitError]], at: At) -> UnfitError:
    """The error for a union: of the type whose bounds refuse it, of the only one besides None, or of all together."""
    bounded = list({id(kind): error for kind, error in errors if error.bounded}.values())
    real = list({id(kind): error for kind, error in errors if bare(kind)[0] is not type(None)}.values())
    for found in (bounded, real):
        if len(found) == 1:
            return found[0]
    if bounded:
        reasons = dict.fromkeys(error.problems[0].reason for error in bounded)
        return unfit(at, value, " or ".join(reasons), bounded=True)
    deep = [error for error in real if all(len(problem.at) > len(at) for problem in error.problems)]
    if len(deep) == 1:
        return deep[0]
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    if choices:
        return unfit(at, value, choose_one(value, choices))
    return unfit(at, value, f"it should be {' or '.join(map(text_of, kinds))}")
