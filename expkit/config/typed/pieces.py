"""Values made to fit types that are no unions. What comes out is plain: objects of classes of fields are dicts by field names."""

from __future__ import annotations

from collections import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from expkit._support.odd import is_a, safe_repr
from expkit.config.typed.examples import example_of
from expkit.config.typed.kept import Kept
from expkit.config.typed.kinds import (
    LISTS,
    MAPPINGS,
    alternatives,
    bare,
    holds_shape,
    is_left_open,
    is_union,
    kind_of,
    text_of,
)
from expkit.config.typed.leaves import BUILTIN, At, fit_leaf, is_one, one_of, same
from expkit.config.typed.library import validated
from expkit.config.typed.problems import Problem, UnfitError, unfit
from expkit.config.typed.shapes import ABSENT, Field, Shape, shape_of
from expkit.config.values import differs
from expkit.record.tagged import Masked, Opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

_SETS = (set, frozenset, abc.Set, abc.MutableSet)


class Pieces:
    """How values are made to fit: what has marks, what lies in containers and in fields. Unions are left to others.

    Args:
        complete: fill defaults of fields in.
        strong: nested keys that were given on purpose; where a union holds several classes they decide.
        strict: refuse keys that no field has, and want all fields that must be given.
        kept: what values became before, and the objects that lie at paths.
        above: path of what is made to fit.
    """

    def __init__(
        self,
        *,
        complete: bool = True,
        strong: Any = None,
        strict: bool = False,
        kept: Kept | None = None,
        above: At = (),
    ) -> None:
        self.complete = complete
        self.strong = strong if is_a(strong, dict) else {}
        self.strict = strict
        self.kept = Kept() if kept is None else kept
        self.above = above

    def inside(self, key: Any) -> Self:
        """How the value of a field is made to fit."""
        return self._but(strong=self.strong.get(key), strict=self.strict)

    def _but(self, *, strong: Any = None, strict: bool) -> Self:
        return type(self)(complete=self.complete, strong=strong, strict=strict, kept=self.kept, above=self.above)

    def __call__(self, kind: Any, value: Any, at: At = ()) -> Any:
        """The value as one of this type, plain.

        Raises:
            UnfitError: it does not fit.
        """
        if type(value) is kind and kind in BUILTIN:
            return value
        if is_a(value, Masked):
            return value
        if is_left_open(kind):
            return validated(kind, (), value, at)
        kind, marks = bare(kind)
        if is_a(value, Opaque):
            value = _revived(value)
        return self._checked(kind, marks, value, at) if marks and not holds_shape(kind) else self._bare(kind, value, at)

    def _checked(self, kind: Any, marks: tuple[Any, ...], value: Any, at: At) -> Any:
        """A value that also passes the checks of ``Annotated``, which may change it: once."""
        done = self.kept.done.setdefault((*self.above, *at), [])
        if any(type(one) is type(value) and not differs(one, value) for one in done):
            return value
        fitted = self._bare(kind, value, at)
        try:
            fitted = validated(kind, marks, fitted, at)
        except UnfitError as error:
            error.bounded = True
            raise
        done.append(fitted)
        return fitted

    def _bare(self, kind: Any, value: Any, at: At) -> Any:
        if kind is Any or kind is object:
            return value
        if is_union(kind):
            return self.union(alternatives(kind), value, at)
        shape = shape_of(kind)
        if shape is not None:
            return self._fields(shape, value, at)
        origin = get_origin(kind)
        if origin is Literal:
            return one_of(get_args(kind), value, at)
        if _is_ours(origin or kind, kind, value):
            return self._container(origin or kind, get_args(kind), value, at)
        return fit_leaf(kind, value, at)

    def union(self, kinds: tuple[Any, ...], value: Any, at: At) -> Any:
        """The value as one of several types.

        Raises:
            UnfitError: it is none of them.
        """
        raise NotImplementedError

    # -- containers

    def _container(self, kind: Any, inner: tuple[Any, ...], value: Any, at: At) -> Any:
        if kind in MAPPINGS:
            return self._dict(inner, value, at)
        if not is_a(value, (list, tuple, set, frozenset)):
            if (
                kind is abc.Iterable
                and hasattr(type(value), "__iter__")
                and (type(value) is not str or inner == (str,))
            ):
                return value  # looking into it could use it up
            wanted = "list" if kind in LISTS else kind.__name__
            raise unfit(at, value, f"it should be a {wanted}", example_of(wanted, inner))
        items = list(value)
        kinds = _kinds_of_items(kind, inner, items, at)
        fitted = self._each(((index, *pair) for index, pair in enumerate(zip(kinds, items, strict=True))), at)
        return _container_for(kind, value)(fitted)

    def _dict(self, inner: tuple[Any, ...], value: Any, at: At) -> dict[Any, Any]:
        if not is_a(value, (dict, Mapping)):
            raise unfit(at, value, "it should be a dict", example_of("dict", inner))
        keys, values = inner or (Any, Any)
        fitted = self._each(((key, values, item) for key, item in value.items()), at)
        return dict(zip([self._key(keys, key, value, at) for key in value], fitted, strict=True))

    def _key(self, kind: Any, key: Any, value: Any, at: At) -> Any:
        fit = type(self)()
        try:
            return _fitted_key(fit, kind, key)
        except UnfitError as error:
            reason = f"its key {safe_repr(key)} does not fit {text_of(kind)}: {error.problems[0].reason}"
            raise unfit(at, value, reason) from None

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
        place = (*self.above, *at)
        if shape.is_made(value) and self.kept.imposed.get(place, type(value)) is not type(value):
            value = {}
        shape = _class_of(shape, value) or self.kept.meant(place, [shape], value) or shape
        given = _entries(shape, value, at)
        fitted: dict[str, Any] = {}
        problems: list[Problem] = []
        for field, found in self._begun(shape, given):
            try:
                fitted[field.name] = self.inside(field.name)(kind_of(field), found, (*at, field.name))
            except UnfitError as error:
                if not field.soft:
                    problems += error.problems
                fitted[field.name] = found  # the class converts it, or says what is wrong
        others = {key: item for key, item in given.items() if key not in shape.fields}
        if self.strict:
            problems += misspelt(shape, others, at) + _lacking(shape, fitted, at)
        if problems:
            raise UnfitError(*problems)
        whole = {**fitted, **others}
        if shape.is_made(value):
            self.kept.keep_given(place, whole, value)
        return whole

    def _begun(self, shape: Shape, given: dict[Any, Any]) -> Iterator[tuple[Field, Any]]:
        """The fields that have values, given ones or, where these are to be filled in, defaults."""
        for name, field in shape.fields.items():
            if name in given:
                yield field, given[name]
            elif self.complete and (default := _default_of(field)) is not ABSENT:
                yield field, default


def _default_of(field: Field) -> Any:
    """A field's default; the values of a class of which none must be given."""
    if field.default is not None:
        return field.default()
    return {} if _needs_nothing(field.kind, ()) else ABSENT


def _needs_nothing(kind: Any, above: tuple[Any, ...]) -> bool:
    shape = shape_of(bare(kind)[0])
    if shape is None or shape.kind in above:
        return False
    needed = (field.kind for field in shape.fields.values() if field.required)
    return all(_needs_nothing(inner, (*above, shape.kind)) for inner in needed)


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
        return not issubclass(kind, dict) and is_one(value, kind)  # a TypedDict does not like to be asked
    return False


def _class_of(shape: Shape, value: Any) -> Shape | None:
    """The class of an object of a class of fields: it may be a subclass of what is declared."""
    return shape_of(type(value)) if type(value) is not shape.kind and shape.is_made(value) else None


def _entries(shape: Shape, value: Any, at: At) -> dict[Any, Any]:
    if shape.is_made(value):
        return shape.apart(value)
    if is_a(value, dict):
        return {key if key in shape.fields else shape.named.get(key, key): item for key, item in value.items()}
    if is_a(value, (list, tuple)) and issubclass(shape.kind, tuple) and len(value) <= len(shape.fields):
        return dict(zip(shape.fields, value, strict=False))
    fields = ", ".join(shape.fields)
    raise unfit(at, value, f"{text_of(shape.kind)} has the entries {fields}: give {{'NAME': VALUE}}, or each by itself")


def misspelt(shape: Shape, others: dict[Any, Any], at: At) -> list[Problem]:
    """What is wrong with keys that no field of a class has.

    Args:
        shape: the class.
        others: the keys and their values.
        at: keys of the object.
    """
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


def _is_ours(origin: Any, kind: Any, value: Any) -> bool:
    """Whether we look into such a container ourselves; rarer ones are the library's."""
    if origin in (list, tuple, dict, set, frozenset, abc.Iterable):
        return True
    if type(value) in (set, frozenset) and origin in (abc.Collection, *_SETS):
        return True
    return origin in (*LISTS, *MAPPINGS, *_SETS) and (type(value) in (list, tuple, dict) or holds_shape(kind))


def _container_for(kind: Any, value: Any) -> Any:
    """What a value becomes: what its type names; where that leaves it open, what it is."""
    if kind in _SETS:
        return kind if isinstance(kind, type) and issubclass(kind, (set, frozenset)) else _own(value, set, frozenset)
    if kind not in LISTS or kind is list:
        return kind
    return _own(value, list, tuple, *((set, frozenset) if kind in (abc.Collection, abc.Iterable) else ()))


def _own(value: Any, otherwise: type, *others: type) -> type:
    return type(value) if type(value) in others else otherwise


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


def _fitted_key(fit: Pieces, kind: Any, key: Any) -> Any:
    """A key, or else what it means where it was typed, as one of a type."""
    try:
        return fit(kind, key)
    except UnfitError:
        from expkit.config.updates import parse_value

        if type(key) is not str:
            raise
        return fit(kind, parse_value(key))


def _revived(value: Opaque) -> Any:
    """What is left of a saved value whose class is not loaded, for its type to make something of."""
    from expkit.record.codec import decode

    return decode(value.tree["value"]) if "value" in value.tree else value
