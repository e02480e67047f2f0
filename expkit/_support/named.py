"""Named tuples that cost next to nothing to define: :class:`NamedTuple`.

The standard library generates and compiles code for each of them, and a dozen methods: a tenth of a millisecond for each
that every run needs, and more to clear it away. Here all methods are shared.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from operator import itemgetter

    class _Kind(type):
        """Makes fields of annotated names, and their defaults of what is assigned to them."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            names = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in names if field in body}
            getters = {field: property(itemgetter(place)) for place, field in enumerate(names)}
            more = {"__slots__": (), "__match_args__": names, "_fields": names, "_field_defaults": defaults}
            return super().__new__(cls, name, bases, {**body, **getters, **more})

    class NamedTuple(tuple, metaclass=_Kind):  # noqa: SLOT001 - the metaclass does
        """Base of tuples whose annotated names are fields, as of :class:`typing.NamedTuple`."""

        def __new__(cls, *values: Any, **named: Any) -> NamedTuple:  # noqa: PYI034 - `Self` needs Python 3.11
            if len(named) == len(cls._fields) and not values and all(map(named.__contains__, cls._fields)):
                return tuple.__new__(cls, map(named.__getitem__, cls._fields))
            missing = len(cls._fields) - len(values)
            if named or missing:
                usual = tuple(cls._field_defaults.values())
                fits = not named and 0 < missing <= len(usual)
                values = values + usual[-missing:] if fits else cls._completed(values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _completed(cls, values: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
            given = {**dict(zip(cls._fields, values, strict=False)), **named}
            whole = {**cls._field_defaults, **given}
            if len(given) != len(values) + len(named) or whole.keys() != set(cls._fields):
                raise TypeError(f"{cls.__name__}() takes {', '.join(cls._fields)}, not {values} and {named}")
            return [whole[field] for field in cls._fields]

        @classmethod
        def _make(cls, values: Any) -> NamedTuple:
            return cls(*values)

        def _replace(self, **changes: Any) -> NamedTuple:
            return type(self)(**{**self._asdict(), **changes})

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"


__all__ = ["NamedTuple"]
