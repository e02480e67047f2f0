"""Objects of classes of fields, remembered by the places where they were given or made.

A class may change its fields when it makes an object, so an object is made once: whoever asks gets a copy of it.
"""

from __future__ import annotations

from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_origin

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.typed.shapes import ABSENT, shape_of
from expkit.config.values import differs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from expkit.config.paths import Path
    from expkit.config.typed.shapes import Shape

_MOST = 64
"""That many objects are kept for a place."""


class Known(NamedTuple):
    """An object at a place.

    Attributes:
        plain: the values that mean it.
        value: the object; :data:`ABSENT` where it cannot be copied.
        shape: what its class is made of.
        converted: fields that do not have these values yet.
    """

    plain: dict[str, Any]
    value: Any
    shape: Shape
    converted: frozenset[str]

    @property
    def kind(self) -> type:
        """Its class."""
        return self.shape.kind  # type: ignore[no-any-return]

    def fresh(self) -> Any:
        """A copy of the object."""
        return _copied(self.value)


class Kept:
    """What became of values, and the objects that they are, by path.

    Attributes:
        done: what values became by types with checks of the user's; these are not to change them again.
        imposed: classes of objects that overrides give; of objects of others that configs give nothing counts.
    """

    def __init__(self) -> None:
        self.done: dict[Path, list[Any]] = {}
        self.imposed: dict[Path, type] = {}
        self._known: dict[Path, list[Known]] = {}

    def keep_given(self, path: Path, plain: Mapping[str, Any], value: Any) -> None:
        """Remember an object that was given, and its values as their types want them."""
        now = taken_apart(value)
        shape = shape_of(type(value))
        plain = {**_defaults(shape, shape.arguments), **plain} if shape is not None else plain
        self.keep(path, plain, value, frozenset(name for name in now if differs(now[name], plain.get(name))))

    def keep(self, path: Path, plain: Mapping[str, Any], value: Any, converted: frozenset[str] = frozenset()) -> None:
        """Remember the object that plain values of fields mean at a place.

        Args:
            path: of the place.
            plain: the values.
            value: the object; of one that cannot be copied only the class is remembered.
            converted: fields that do not have these values yet.
        """
        shape = shape_of(type(value))
        if shape is None:
            return
        known = self._known.setdefault(path, [])
        others = [one for one in known if one.kind is not shape.kind or differs(one.plain, plain)]
        known[:] = [*others[-_MOST:], Known(copy_containers(dict(plain)), _copied(value), shape, converted)]

    def take_over(self, other: Kept) -> None:
        """Remember what somebody else remembers."""
        for path, known in other._known.items():
            self._known.setdefault(path, []).extend(known)

    def find(self, path: Path, shape: Shape, plain: Mapping[str, Any]) -> Known | None:
        """The object of a class that these values mean at a place."""
        known = self._known.get(path, [])
        fits = (one for one in reversed(known) if one.kind is shape.kind and one.value is not ABSENT)
        return next((one for one in fits if not differs(one.plain, plain)), None)

    def meant(self, path: Path, shapes: Sequence[Shape], plain: Any) -> Shape | None:
        """The class of the object that lies at a place, if values can be its fields and it is one of some classes.

        Args:
            path: of the place.
            shapes: the classes; their subclasses will do.
            plain: the values; all fields of the class are among them.
        """
        if path not in self._known or not is_a(plain, dict):
            return None
        allowed = tuple(kind for shape in shapes if isinstance(kind := shape.kind, type) and not shape.is_dict)
        fits = [
            (not differs(known.plain, plain), len(known.shape.fields), place, known.shape)
            for place, known in enumerate(self._known[path])
            if issubclass(known.kind, allowed) and known.shape.fields.keys() <= plain.keys() and _has_tags(known, plain)
        ]
        best: Shape | None = max(fits, key=lambda fit: fit[:3])[-1] if fits else None
        same: list[Shape] = [shape for shape in shapes if best is not None and shape.kind is best.kind]
        return same[0] if same else best


def _has_tags(known: Known, plain: Mapping[Any, Any]) -> bool:
    """Whether values are the same in the fields whose types are literals: these tell classes apart."""
    tags = (name for name, field in known.shape.fields.items() if get_origin(field.kind) is Literal)
    return all(plain[name] == known.plain.get(name) for name in tags)


def _defaults(shape: Shape, names: Iterable[str]) -> dict[str, Any]:
    fields = [field for name in names if (field := shape.fields.get(name)) is not None]
    return {field.name: field.default() for field in fields if field.default is not None}


def _copied(value: Any) -> Any:
    """A deep copy, in which what lies in fields and is no container is shared, as everywhere in a config."""
    try:
        return deepcopy(value, {id(leaf): leaf for leaf in _leaves(taken_apart(value))})
    except Exception:  # it holds a lock, a file, ...
        return ABSENT


def _leaves(value: Any) -> Iterator[Any]:
    if is_a(value, (dict, list, tuple)):
        for item in value.values() if is_a(value, dict) else value:
            yield from _leaves(item)
    elif not is_a(value, (set, frozenset)):
        yield value


def taken_apart(value: Any) -> Any:
    """A value with plain dicts in the place of all objects of classes of fields in it; nothing is converted."""
    if is_a(value, dict):
        return {key: taken_apart(item) for key, item in value.items()}
    shape = shape_of(type(value))
    if shape is not None:
        return {name: taken_apart(item) for name, item in shape.apart(value).items()}
    if type(value) in (list, tuple):
        return type(value)(map(taken_apart, value))
    return value


def with_fields(value: Any, changed: Mapping[str, Any]) -> Any:
    """An object in which some fields have other values; its class is not asked."""
    if not changed:
        return value
    if is_a(value, tuple):
        return value._replace(**changed)
    other = copy(value)
    for name, item in changed.items():
        object.__setattr__(other, name, item)
    return other
