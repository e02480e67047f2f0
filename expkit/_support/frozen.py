"""Frozen data classes that cost nothing to define.

A standard data class takes half a millisecond to define, and its module loads ``inspect``, ``ast`` and ``tokenize``:
thirty milliseconds for the classes that every run needs. These are generic instead of generated.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        return lambda kind: kind


class _Made:
    """The default of a field that is made anew for each object."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A field whose default is made anew for each object."""
    return _Made(default_factory)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Frozen:
    """Base of frozen data classes: annotated names are fields, given by keyword; with ``kw_only=False`` also by place.
    Fields and defaults are inherited, those of the base first.

    Objects are equal when they are of one class and their fields are equal; they have no hash.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _places: ClassVar[tuple[str, ...]] = ()
    _plain: ClassVar[dict[str, Any]] = {}
    _made: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, Frozen) and kind is not Frozen]
        cls._fields = tuple(dict.fromkeys(name for kind in kinds for name in kind.__annotations__))
        cls._places = () if kw_only else cls._fields
        usual = {name: vars(kind)[name] for kind in kinds for name in kind.__annotations__ if name in vars(kind)}
        cls._made = {name: value.make for name, value in usual.items() if isinstance(value, _Made)}
        cls._plain = {name: value for name, value in usual.items() if name not in cls._made}

    def __init__(self, *placed: Any, **values: Any) -> None:
        if placed:
            values = self._with_names(placed, values)
        mine = self.__dict__
        mine.update(self._plain)
        for name, make in self._made.items():
            if name not in values:
                mine[name] = make()
        mine.update(values)
        if len(mine) != len(self._fields) or not mine.keys() >= set(self._fields):
            raise TypeError(self._misfit(values))

    def but(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return type(self)(**{**self.__dict__, **changes})

    @classmethod
    def usual(cls) -> dict[str, Any]:
        """Fields that have a default, and their defaults."""
        return {**cls._plain, **{name: make() for name, make in cls._made.items()}}

    @classmethod
    def _with_names(cls, placed: tuple[Any, ...], values: dict[str, Any]) -> dict[str, Any]:
        named = dict(zip(cls._places, placed, strict=False))
        if len(placed) > len(named) or not named.keys().isdisjoint(values):
            raise TypeError(f"{cls.__name__}() was given too many values by place")
        return {**named, **values}

    @classmethod
    def _misfit(cls, values: dict[str, Any]) -> str:
        unknown = [name for name in values if name not in cls._fields]
        missing = [name for name in cls._fields if name not in {*values, *cls._plain, *cls._made}]
        return f"{cls.__name__}() has no fields {unknown}" if unknown else f"{cls.__name__}() needs {missing}"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: it is frozen; make another with but()")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: it is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._fields)})"
