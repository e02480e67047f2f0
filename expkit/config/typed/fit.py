"""Values made to fit types. What comes out is plain: objects of classes of fields are dicts by field names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from expkit._support.odd import is_a
from expkit.config.typed.kinds import LISTS, MAPPINGS, bare, holds_shape, kind_of, members, shapes_in, text_of
from expkit.config.typed.leaves import BUILTIN, At, fit_leaf, one_of, same
from expkit.config.typed.library import validated
from expkit.config.typed.problems import Problem, UnfitError, choose_one, unfit
from expkit.config.typed.shapes import ABSENT, Shape, shape_of
from expkit.config.values import differs
from expkit.record.tagged import Masked, Opaque

_SETS = (set, frozenset)


class Fitting:
    """How values are made to fit.

    Args:
        complete: fill defaults of fields in.
        strong: nested keys that were given on purpose; where a union holds several classes they decide.
        strict: refuse keys that no field has, and want all fields that must be given.
        done: what values became before, by path.
        above: path of what is made to fit.
    """

    def __init__(
        self,
        *,
        complete: bool = True,
        strong: Any = None,
        strict: bool = False,
        done: dict[At, list[Any]] | None = None,
        above: At = (),
    ) -> None:
        self.complete = complete
        self.strong = strong if is_a(strong, dict) else {}
        self.strict = strict
        self.done = {} if done is None else done
        self.above = above

    def inside(self, key: Any) -> Fitting:
        """How the value of a field is made to fit."""
        return self._but(strong=self.strong.get(key), strict=self.strict)

    def _but(self, *, strong: Any = None, strict: bool) -> Fitting:
        return Fitting(complete=self.complete, strong=strong, strict=strict, done=self.done, above=self.above)

    def __call__(self, kind: Any, value: Any, at: At = ()) -> Any:
        """The value as one of this type, plain.

        Raises:
            UnfitError: it does not fit.
        """
        if type(value) is kind and kind in BUILTIN:
            return value
        kind, marks = bare(kind)
        if is_a(value, Masked):
            return value
        if is_a(value, Opaque):
            value = _revived(value)
        return self._checked(kind, marks, value, at) if marks and not holds_shape(kind) else self._bare(kind, value, at)

    def _checked(self, kind: Any, marks: tuple[Any, ...], value: Any, at: At) -> Any:
        """A value that also passes the checks of ``Annotated``, which may change it: once."""
        done = self.done.setdefault((*self.above, *at), [])
        if any(type(one) is type(value) and not differs(one, value) for one in done):
            return value
        fitted = validated(kind, marks, self._bare(kind, value, at), at)
        done.append(fitted)
        return fitted

    def _bare(self, kind: Any, value: Any, at: At) -> Any:
        if kind is Any or kind is object:
            return value
        if len(members(kind)) > 1:
            return self._union(members(kind), value, at)
        shape = shape_of(kind)
        if shape is not None:
            return self._fields(shape, value, at)
        origin = get_origin(kind)
        if origin is Literal:
            return one_of(get_args(kind), value, at)
        if (origin or kind) in (*LISTS, *MAPPINGS, *_SETS, tuple) and _is_ours(origin or kind, kind):
            return self._container(origin or kind, get_args(kind), value, at)
        return fit_leaf(kind, value, at)

    # -- containers

    def _container(self, kind: Any, inner: tuple[Any, ...], value: Any, at: At) -> Any:
        if kind in MAPPINGS:
            return self._dict(inner, value, at)
        if not is_a(value, (list, tuple, set, frozenset)):
            wanted = "list" if kind in LISTS else kind.__name__
            raise unfit(at, value, f"it should be a {wanted}, {_example(wanted)}")
        items = list(value)
        kinds = _kinds_of_items(kind, inner, items, at)
        fitted = self._each(((index, *pair) for index, pair in enumerate(zip(kinds, items, strict=True))), at)
        return fitted if kind in LISTS else kind(fitted)

    def _dict(self, inner: tuple[Any, ...], value: Any, at: At) -> dict[Any, Any]:
        if not is_a(value, (dict, Mapping)):
            raise unfit(at, value, "it should be a dict, {'name': value}")
        keys, values = inner or (Any, Any)
        fitted = self._each(((key, values, item) for key, item in value.items()), at)
        return dict(zip([_key(keys, key, at) for key in value], fitted, strict=True))

    def _each(self, parts: Any, at: At) -> list[Any]:
        strict = self._but(strict=True)
        strict.complete = True
        fitted: list[Any] = []
        problems: list[Problem] = []
        for key, kind, item in parts:
            try:
                fitted.append(strict(kind, item, (*at, key)))
            except UnfitError as error:
                problems += error.problems
        if problems:
            raise UnfitError(*problems)
        return fitted

    # -- classes of fields

    def _fields(self, shape: Shape, value: Any, at: At) -> dict[str, Any]:
        given = _entries(shape, value, at)
        fitted: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, field in shape.fields.items():
            found = given.get(name, ABSENT)
            if found is ABSENT and self.complete and field.default is not None:
                found = field.default()
            if found is ABSENT:
                continue
            try:
                fitted[name] = self.inside(name)(kind_of(field), found, (*at, name))
            except UnfitError as error:
                if not field.soft:
                    problems += error.problems
                fitted[name] = found  # the class converts it, or says what is wrong
        others = {key: item for key, item in given.items() if key not in shape.fields}
        if self.strict:
            problems += _misspelt(shape, others, at) + _lacking(shape, fitted, at)
        if problems:
            raise UnfitError(*problems)
        return {**fitted, **others}

    def _union(self, kinds: tuple[Any, ...], value: Any, at: At) -> Any:
        for kind in kinds:
            if is_exactly(kind, value):
                return self(kind, value, at)
        shapes = shapes_in(get_union(kinds))
        if shapes and is_a(value, (dict, Mapping)):
            return self._class_of(shapes, dict(value), at)
        problems: list[tuple[Problem, ...]] = []
        for kind in kinds:
            try:
                return self(kind, value, at)
            except UnfitError as error:
                problems.append(error.problems)
        raise _closest(kinds, value, problems, at)

    def _class_of(self, shapes: list[Shape], value: dict[Any, Any], at: At) -> dict[str, Any]:
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


def is_exactly(kind: Any, value: Any) -> bool:
    """Whether a value is one of a type without any conversion."""
    kind = bare(kind)[0]
    origin = get_origin(kind)
    if kind in BUILTIN:
        return type(value) is kind
    if origin is Literal:
        return any(same(choice, value) for choice in get_args(kind))
    if origin in (list, set, frozenset) and type(value) is origin:
        return all(is_exactly(get_args(kind)[0], item) for item in value)
    if origin is dict and type(value) is dict:
        keys, values = get_args(kind)
        return all(is_exactly(keys, key) and is_exactly(values, item) for key, item in value.items())
    if isinstance(kind, type) and origin is None and not is_a(value, dict):
        return not issubclass(kind, dict) and is_a(value, kind)  # a TypedDict does not like to be asked
    return False


def get_union(kinds: tuple[Any, ...]) -> Any:
    """The union of some types."""
    from typing import Union

    return Union[kinds]


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


def _entries(shape: Shape, value: Any, at: At) -> dict[Any, Any]:
    if shape.is_made(value):
        return shape.apart(value)
    if is_a(value, dict):
        return dict(value)
    if is_a(value, (list, tuple)) and issubclass(shape.kind, tuple) and len(value) <= len(shape.fields):
        return dict(zip(shape.fields, value, strict=False))
    fields = ", ".join(shape.fields)
    raise unfit(at, value, f"{text_of(shape.kind)} has the entries {fields}: give {{'NAME': VALUE}}, or each by itself")


def _misspelt(shape: Shape, others: dict[Any, Any], at: At) -> list[Problem]:
    from expkit._support.nearest import did_you_mean

    if shape.extra:
        return []
    known = f"; there are {', '.join(shape.fields)}"
    return [
        Problem(
            (*at, key),
            value,
            f"{text_of(shape.kind)} has no field {key}{did_you_mean(str(key), shape.fields) or known}",
        )
        for key, value in others.items()
    ]


def _lacking(shape: Shape, given: dict[str, Any], at: At) -> list[Problem]:
    return [
        Problem(at, given, f"{text_of(shape.kind)} needs {name}")
        for name, field in shape.fields.items()
        if field.required and name not in given
    ]


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


def _closest(kinds: tuple[Any, ...], value: Any, problems: list[tuple[Problem, ...]], at: At) -> UnfitError:
    """The error for a union: that of its only member besides None, or what it could have been."""
    real = [found for kind, found in zip(kinds, problems, strict=True) if kind is not type(None)]
    if len(real) == 1:
        return UnfitError(*real[0])
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    if choices:
        return unfit(at, value, choose_one(value, choices))
    return unfit(at, value, f"it should be {' or '.join(map(text_of, kinds))}")


def _is_ours(origin: Any, kind: Any) -> bool:
    """Whether we look into such a container ourselves; rarer ones are the library's."""
    return origin in (list, tuple, dict, *_SETS) or holds_shape(kind)


def _kinds_of_items(kind: Any, inner: tuple[Any, ...], items: list[Any], at: At) -> list[Any]:
    if not inner and kind is not tuple:
        return [Any] * len(items)
    if kind is not tuple or inner[1:] == (...,):
        return [inner[0]] * len(items)
    if not inner:
        return [Any] * len(items)
    wanted = [part for part in inner if part != ()]
    if len(wanted) != len(items):
        raise unfit(at, tuple(items), f"it should have {len(wanted)} elements, not {len(items)}")
    return wanted


def _key(kind: Any, key: Any, at: At) -> Any:
    fit = Fitting()
    try:
        return fit(kind, key, at)
    except UnfitError:
        from expkit.config.updates import parse_value

        if type(key) is not str:
            raise
        return fit(kind, parse_value(key), at)


def _revived(value: Opaque) -> Any:
    """What is left of a saved value whose class is not loaded, for its type to make something of."""
    from expkit.record.codec import decode

    return decode(value.tree["value"]) if "value" in value.tree else value


def _example(name: str) -> str:
    return {"list": "[1, 2]", "tuple": "(1, 2)"}.get(name, "{1, 2}")
