"""A look at a value, all the way down, that masks what is secret in it: :class:`Walk`."""

from __future__ import annotations

import sys
from collections import deque
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, safe_repr, tolerate
from expkit._support.secrets import MASK, Secret, may_hold_access, names_secret
from expkit.record.tagged import Masked, quoted
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from expkit.record.masking import Secrets

_NUMBERS = frozenset((int, float, bool, type(None)))
_REPR_LIMIT = 2_000
_AT_ONCE = 40
"""Containers in each other that are looked at by calls in each other: Python allows so many, and the program has its own."""
_Key = tuple[int, bool]
"""An object's id, and whether all in it is secret."""
_NUMERIC = "biufcMm"  # kinds of NumPy types


def secret_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Further secret names, and harmless ones, by ``SETTINGS.SECRETS``."""
    secrets = SETTINGS.SECRETS
    return tuple(secrets.NAMES), tuple(secrets.HARMLESS)


class _Walk:
    """One look at a value, all the way down.

    Attributes:
        paths: where something was masked.
        found: what was masked as a whole.
    """

    def __init__(self, secrets: Secrets, mark: type[str] = Masked) -> None:
        self.paths: list[str] = []
        self.found: list[str] = []
        self._secrets = secrets
        self._mark = mark
        self._above: list[tuple[Any] | int] = []
        self._on, (self._names, self._harmless) = SETTINGS.SECRETS.MASK, secret_names()
        self._done: dict[_Key, tuple[Any, Any]] = {}  # with the value: while it lives, its id is its own
        self._depth = 0
        self._later: list[tuple[Callable[..., None], tuple[Any, ...], list[tuple[Any] | int]]] = []

    def __call__(self, value: Any, secret: bool = False) -> Any:
        shown = self._look(value, secret)
        if self._later and not self._depth:
            self._catch_up()
        return shown

    def _catch_up(self) -> None:
        """Look into what was put off, from where there is room for further calls."""
        above = self._above
        while self._later:
            fill, what, self._above = self._later.pop()
            self._fill(fill, *what)
        self._above = above

    def _fill(self, fill: Callable[..., None], *what: Any) -> None:
        """Fill a container, or put that off."""
        if self._depth >= _AT_ONCE:
            self._later.append((fill, what, list(self._above)))
            return
        self._depth += 1
        try:
            fill(*what)
        finally:
            self._depth -= 1

    def _look(self, value: Any, secret: bool) -> Any:
        kind = type(value)
        if kind in _NUMBERS:
            return value
        if kind is str:
            return self._text(value, secret)
        write = _WRITERS.get(kind) or _writer_for(kind)
        if write is None:
            return value
        try:
            return write(self, value, secret)
        except RAISED as error:
            tolerate(error)
            # what goes too deep for a look goes too deep to be shown
            return self.mask() if secret or isinstance(error, RecursionError) else self.error(value, secret)

    def mask(self, shown: str = MASK) -> str:
        self.paths.append("".join(map(_step, self._above)).removeprefix("."))
        return self._mark(shown)

    def text(self, value: str, secret: bool) -> str:
        """A string of a subclass, such as a member of an enum; it stays what it is where there is nothing to mask."""
        plain = str.__str__(value)
        shown = self._text(plain, secret)
        return value if shown is plain else shown

    def _text(self, text: str, secret: bool) -> str:
        if secret and text and text != MASK:
            self.found.append(text)
            return self.mask()
        if not self._is_worth_a_look(text):
            return text
        shown = self._secrets.sure(text)
        return text if shown == text else self.mask(shown)

    def _is_worth_a_look(self, text: str) -> bool:
        for secret in self._secrets.known:
            if secret in text:
                return True
        return may_hold_access(text)

    def at(self, place: tuple[Any] | int, value: Any, secret: bool) -> Any:
        self._above.append(place)
        try:
            return self(value, secret)
        finally:
            self._above.pop()

    def entries(self, value: Any, secret: bool) -> dict[Any, Any]:
        key = id(value), secret
        if key not in self._done:
            made: dict[Any, Any] = {}
            self._done[key] = value, made  # before it is filled: it may hold itself
            self._fill(self._fill_entries, value, secret, made)
        return self._done[key][1]  # type: ignore[no-any-return]

    def _fill_entries(self, value: Any, secret: bool, made: dict[Any, Any]) -> None:
        for name, item in dict.items(value):
            shown = self.key(name, made) if self._secrets.known else name
            made[shown] = self._named(shown, item, secret or self._is_secret(name))

    def _named(self, name: Any, item: Any, secret: bool) -> Any:
        return item if type(item) in _NUMBERS else self.at((name,), item, secret)

    def key(self, name: Any, made: dict[Any, Any]) -> Any:
        """A key without known secrets, and unlike all others."""
        if type(name) is not str and not isinstance(name, (str, tuple, PurePath, bytes, frozenset)):
            return name
        if type(name) is str and not self._is_worth_a_look(name):
            return name
        shown = str(self._secrets.sure(name)) if isinstance(name, str) else self(name)
        if shown == name:
            return name
        self.mask()
        while shown in made:
            shown = f"{shown}+"
        return shown

    def items(self, value: Any, secret: bool) -> list[Any]:
        key = id(value), secret
        if key not in self._done:
            made: list[Any] = []
            self._done[key] = value, made
            self._fill(self._fill_items, value, secret, made)
        return self._done[key][1]  # type: ignore[no-any-return]

    def _fill_items(self, value: Any, secret: bool, made: list[Any]) -> None:
        made += self.each(list.__iter__(value), secret)

    def each(self, items: Iterable[Any], secret: bool) -> Iterator[Any]:
        for index, item in enumerate(items):
            yield item if type(item) in _NUMBERS else self.at(index, item, secret)

    def _is_secret(self, name: Any) -> bool:
        return self._on and type(name) is str and names_secret(name, self._names, self._harmless)

    def tuple(self, value: Any, secret: bool) -> Any:
        names = getattr(type(value), "_fields", None)
        if names is None:
            return tuple(self.each(value, secret))
        return tuple.__new__(type(value), self.fields(dict(zip(names, value, strict=True)), secret).values())

    def fields(self, fields: dict[str, Any], secret: bool) -> dict[str, Any]:
        """Those of an object; at once, because the object cannot be made without them."""
        return {name: self._named(name, item, secret or self._is_secret(name)) for name, item in fields.items()}

    def set(self, value: Any, secret: bool) -> Any:
        return type(value)([self(item, secret) for item in value])

    def dataclass(self, value: Any, secret: bool) -> Any:
        """The object itself where nothing of it has to change, else a masked copy."""
        key = id(value), secret
        if key in self._done:  # met again, perhaps in itself
            return self._copy_of(key)
        self._done[key] = value, None
        try:
            return self._dataclass(value, key)
        except BaseException:
            del self._done[key]
            raise

    def _dataclass(self, value: Any, key: _Key) -> Any:
        from dataclasses import fields as fields_of

        fields = {each.name: getattr(value, each.name) for each in fields_of(value) if hasattr(value, each.name)}
        shown = self.fields(fields, secret=key[1])
        held = self._done[key][1]
        if all(shown[name] is item or (item is value and shown[name] is held) for name, item in fields.items()):
            self._done[key] = value, value
            return value
        made = self._copy_of(key)
        for name, item in shown.items():
            object.__setattr__(made, name, item)
        return made

    def _copy_of(self, key: _Key) -> Any:
        value, made = self._done[key]
        if made is None:
            self._done[key] = value, (made := object.__new__(type(value)))
        return made

    def secret(self, value: Secret, _: bool) -> str:
        self.found.append(value.reveal())
        return self.mask()

    def bytes(self, value: bytes, secret: bool) -> Any:
        text = value.decode(errors="replace")
        shown = self._text(text, secret)
        return value if shown is text else shown

    def path(self, value: PurePath, _: bool) -> Any:
        text = value.as_posix()
        shown = self._secrets.sure(text)
        return value if shown == text else self.mask(shown)

    def member(self, value: Enum, _: bool) -> Any:
        shown = self(value.value)
        return value if shown is value.value else shown

    def deque(self, value: deque[Any], secret: bool) -> Any:
        return type(value)(self.each(value, secret), value.maxlen)

    def error(self, value: Any, _: bool) -> Any:
        """An exception, and whatever cannot be looked into."""
        text = safe_repr(value, _REPR_LIMIT)
        shown = self._secrets.hide(text)
        return value if shown == text else self.mask(shown)

    def array(self, value: Any, secret: bool) -> Any:
        if value.dtype.kind not in "SUOV":
            return value
        items = value.ravel().tolist()
        shown = list(self.each(items, secret))
        if all(one is other for one, other in zip(items, shown, strict=True)):
            return value
        from expkit.record.arrays import object_array

        return object_array(shown, list(value.shape))

    def frame(self, value: Any, secret: bool) -> Any:
        """A frame or series; a copy where texts, labels or index hold something."""
        columns = [(value.name, value)] if value.ndim == 1 else list(value.items())
        shown = [self.column(column, secret or self._is_secret(name)) for name, column in columns]
        index = self.labels(value.index)
        names = self.labels(value.columns) if value.ndim > 1 else None
        if index is value.index and all(one is column for one, (_, column) in zip(shown, columns, strict=True)):
            return value if names is None or names is value.columns else value.set_axis(names, axis=1)
        if value.ndim == 1:
            return shown[0].set_axis(index)
        made = value.copy()
        for number, column in enumerate(shown):
            made.isetitem(number, column)
        return made.set_axis(names, axis=1).set_axis(index, axis=0)

    def column(self, value: Any, secret: bool) -> Any:
        found = [] if value.dtype.kind in _NUMERIC else value.tolist()
        shown = list(self.each(found, secret))
        if all(one is other for one, other in zip(found, shown, strict=True)):
            return value
        return type(value)(shown, index=value.index, name=value.name, dtype=object)

    def labels(self, labels: Any) -> Any:
        if labels.dtype.kind in _NUMERIC:
            return labels
        found = labels.tolist()
        shown = list(self.each(found, False))
        if shown == found:
            return labels
        return (
            labels.from_tuples(shown, names=labels.names)
            if labels.nlevels > 1
            else type(labels)(shown, name=labels.name)
        )

    def masked(self, value: Masked, _: bool) -> str:
        return self.mask(str(value))

    def keeper(self, value: Any, _: bool) -> str:
        kept = value.get_secret_value()
        self.found.append(kept.decode(errors="replace") if isinstance(kept, bytes) else str(kept))
        return self.mask()


def _step(place: tuple[Any] | int) -> str:
    key = place if isinstance(place, int) else place[0]
    return f".{quoted(key)}" if isinstance(key, str) else f"[{key!r}]"


_WRITERS: dict[type, Callable[[_Walk, Any, bool], Any]] = {
    dict: _Walk.entries,
    list: _Walk.items,
    tuple: _Walk.tuple,
    set: _Walk.set,
    frozenset: _Walk.set,
    bytes: _Walk.bytes,
    deque: _Walk.deque,
    Secret: _Walk.secret,
    Masked: _Walk.masked,
}


def _writer_for(kind: type) -> Callable[[_Walk, Any, bool], Any] | None:
    """How to look into a value of a kind that is not plain; None where nothing is to be seen."""
    if hasattr(kind, "__dataclass_fields__"):
        return _Walk.dataclass
    if hasattr(kind, "get_secret_value"):  # pydantic's
        return _Walk.keeper
    if issubclass(kind, str):
        return _Walk.text
    return next((write for base, write in _BY_BASE if issubclass(kind, base)), _rare_writer_for(kind))


_BY_BASE: list[tuple[type, Callable[[_Walk, Any, bool], Any]]] = [
    (Enum, _Walk.member),
    (dict, _Walk.entries),
    (list, _Walk.items),
    (tuple, _Walk.tuple),
    (PurePath, _Walk.path),
    (bytes, _Walk.bytes),
    (BaseException, _Walk.error),
]


def _rare_writer_for(kind: type) -> Callable[[_Walk, Any, bool], Any] | None:
    for module, names, write in (
        ("numpy", ("ndarray", "memmap"), _Walk.array),
        ("pandas", ("DataFrame", "Series"), _Walk.frame),
    ):
        loaded = sys.modules.get(module)
        if loaded is not None and issubclass(kind, tuple(getattr(loaded, name, ()) for name in names)):
            return write
    return None


Walk = _Walk
"""One look at a value: called with the value, and whether all in it is secret, it returns the masked copy."""
