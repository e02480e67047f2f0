"""Types, looked at from outside: without what wraps them, and what lies inside them."""

from __future__ import annotations

from collections import abc
from enum import Enum
from operator import getitem
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Final, ForwardRef, Literal, Union, get_args, get_origin

from expkit.config.typed.shapes import Field, Shape, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable)
MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
_open: dict[Any, bool] = {}
_WRAPPERS = {"Final", "ClassVar", "Required", "NotRequired", "ReadOnly"}


def bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without what wraps it (``Annotated``, ``NewType``, ``Final``), and the marks of ``Annotated``."""
    marks: tuple[Any, ...] = ()
    while True:
        before = kind
        if get_origin(kind) is Annotated:
            kind, marks = kind.__origin__, (*kind.__metadata__, *marks)
        else:
            kind = _meant(_unwrapped(kind))
        if kind is before:
            return (type(None) if kind is None else kind), marks


def _unwrapped(kind: Any) -> Any:
    if hasattr(kind, "__supertype__"):
        return kind.__supertype__
    if type(kind).__name__ == "TypeAliasType":
        return kind.__value__
    if getattr(get_origin(kind), "_name", None) in _WRAPPERS:
        return get_args(kind)[0]
    return Any if kind is Final or kind is ClassVar else kind


def _meant(kind: Any) -> Any:
    """What stands for a type, as far as a value can be checked by it."""
    if type(kind).__name__ == "TypeVar":
        return Union[kind.__constraints__] if kind.__constraints__ else kind.__bound__ or Any
    if type(kind) is ForwardRef:  # of a type that names itself
        return kind.__forward_value__ if getattr(kind, "__forward_evaluated__", False) else Any
    return str if getattr(kind, "_name", "") == "LiteralString" else kind


def members(kind: Any) -> tuple[Any, ...]:
    """The members of a union, of a union inside it too, bare; the type alone if it is none."""
    kind = bare(kind)[0]
    return tuple(inner for member in get_args(kind) for inner in members(member)) if is_union(kind) else (kind,)


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The members of a union with their marks; those of a union inside it that has none of its own too."""
    kind, marks = bare(kind)
    if marks or not is_union(kind):
        return (getitem(Annotated, (kind, *marks)) if marks else kind,)
    return tuple(inner for member in get_args(kind) for inner in alternatives(member))


def is_union(kind: Any) -> bool:
    """Whether a bare type is a union, however it is written."""
    return get_origin(kind) is Union or type(kind).__name__ == "UnionType"


def optional(kind: Any) -> Any:
    """A type, or None."""
    return kind if type(None) in members(kind) or kind is Any else Union[kind, None]


def shapes_in(kind: Any) -> list[Shape]:
    """The classes of fields that a value of this type may be an object of."""
    return [shape for member in members(kind) if (shape := shape_of(bare(member)[0])) is not None]


def holds_shape(kind: Any, above: tuple[Any, ...] = ()) -> bool:
    """Whether objects of a class of fields may be in a value of this type.

    Args:
        kind: the type.
        above: types that it lies in; one of them again tells nothing new.
    """
    kind = bare(kind)[0]
    if shape_of(kind) is not None:
        return True
    inner = get_args(kind)
    if not inner or get_origin(kind) is Literal or any(kind is one for one in above):
        return False
    return any(holds_shape(part, (*above, kind)) for part in inner if _is_kind(part))


def is_part(kind: Any, whole: Any, above: tuple[Any, ...] = ()) -> bool:
    """Whether a type is another one, or a part of it that is no field."""
    whole = bare(whole)[0]
    if kind is whole or kind == whole:
        return True
    inner = get_args(whole) if get_origin(whole) is not Literal and not any(whole is one for one in above) else ()
    return any(is_part(kind, part, (*above, whole)) for part in inner if _is_kind(part))


def is_left_open(kind: Any) -> bool:
    """Whether an alias refers to itself by a name that only its author's module knows; the library may know it."""
    if type(kind).__name__ != "TypeAliasType" or kind in _open:
        return type(kind).__name__ == "TypeAliasType" and _open[kind]
    _open[kind] = _names_itself(kind.__value__)
    return _open[kind]


def _names_itself(kind: Any) -> bool:
    if type(kind) is ForwardRef or isinstance(kind, str):
        return not getattr(kind, "__forward_evaluated__", False)
    return get_origin(kind) is not Literal and any(map(_names_itself, get_args(kind)))


def kind_of(field: Field) -> Any:
    """The type of a field; one whose default is None may be None."""
    if field.default is None or field.kind is Any:
        return field.kind
    return optional(field.kind) if field.default() is None else field.kind


def inner_kind(kind: Any, keys: Iterable[Any]) -> Any:
    """The type of what lies at ``keys`` in a value of this type; None where nothing is said about it."""
    kinds = [kind]
    for key in keys:
        kinds = [inner for one in kinds for member in members(one) for inner in _inside(bare(member)[0], key)]
    return kinds[0] if len(kinds) == 1 else Union[tuple(kinds)] if kinds else None


def _inside(kind: Any, key: Any) -> Iterator[Any]:
    shape = shape_of(kind)
    if shape is not None:
        found = shape.fields.get(key) if isinstance(key, str) else None
        if found is not None:
            yield kind_of(found)
        return
    origin, inner = get_origin(kind), get_args(kind)
    if origin in MAPPINGS and len(inner) == 2:  # noqa: PLR2004 - keys and values
        yield inner[1]
    elif (origin in LISTS and inner) or (origin is tuple and inner[1:] == (...,)):
        yield inner[0]
    elif origin is tuple and isinstance(key, int) and -len(inner) <= key < len(inner):
        yield inner[key]


def checked_by_class(kind: Any, keys: Iterable[Any]) -> bool:
    """Whether what lies at ``keys`` is converted by a class of fields, so that it need not fit its annotation."""
    keys = tuple(keys)
    return any(
        keys[end] in shape.fields and shape.fields[keys[end]].soft
        for end in range(len(keys))
        if (above := inner_kind(kind, keys[:end]) if end else kind) is not None
        for shape in shapes_in(above)
    )


def is_leaf(kind: Any) -> bool:
    """Whether nothing can lie in a value of this type."""
    leaves = (bool, int, float, str, bytes, complex, type(None), PurePath, Enum)
    kinds = [bare(member)[0] for member in members(kind)]
    return all(get_origin(one) is Literal or (isinstance(one, type) and issubclass(one, leaves)) for one in kinds)


def takes_any_key(kind: Any) -> bool:
    """Whether it is a dict whose keys are the user's to choose."""
    for member in members(kind):
        origin = get_origin(member) or member
        if origin in MAPPINGS or any(shape.extra for shape in shapes_in(member)):
            return True
    return False


def choices(kind: Any) -> tuple[Any, ...]:
    """The values that a type allows, where these are few."""
    found: list[Any] = []
    for member in members(kind):
        if get_origin(member) is Literal:
            found += get_args(member)
        elif isinstance(member, type) and issubclass(member, Enum):
            found += list(member)
        elif member is not type(None):
            return ()
    return tuple(found)


def text_of(kind: Any) -> str:
    """A type as people write it."""
    if kind is type(None):
        return "None"
    if isinstance(kind, type) and not get_args(kind):
        return kind.__qualname__.rpartition("<locals>.")[2]
    if is_union(kind):
        return " | ".join(map(text_of, get_args(kind)))
    if type(kind) is ForwardRef:
        return str(kind.__forward_arg__)
    origin = getattr(get_origin(kind), "__qualname__", None)
    inner = get_args(kind)
    if origin and inner and get_origin(kind) is not Literal and get_origin(kind) is not Annotated:
        return f"{origin}[{', '.join('...' if one is ... else text_of(one) for one in inner)}]"
    name = kind.__name__ if hasattr(kind, "__supertype__") else repr(kind)
    return name.replace("typing.", "").replace("typing_extensions.", "")


def _is_kind(part: Any) -> bool:
    return not isinstance(part, (str, int, bytes, list))
