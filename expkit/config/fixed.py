"""Containers that keep what updates fixed, while config functions work with them as usual.

A fixed value wins over whatever is assigned, silently, so that what depends on it follows.
What was assigned instead is remembered, for telling what an update changed.
"""

from __future__ import annotations

from typing import Any

from expkit._support.odd import is_a
from expkit._support.secrets import Secret
from expkit.config.paths import below, flatten, join
from expkit.config.values import differs, plain, simple_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.config.summary import ConfigSummary

_MISSING = object()
_INHERITED = object()


def impose(fixed: Any, value: Any) -> Any:
    """What an entry holds after ``value`` was assigned to it and an update had said ``fixed``.

    Dicts are merged: fixed leaves are kept, other keys are taken over. A text for a secret is a secret, too.
    """
    if is_a(fixed, dict):
        return FixedDict(fixed, value if is_a(value, dict) else {})
    if is_a(fixed, list):
        return FixedList([impose(item, item) for item in fixed])
    if type(fixed) is tuple:
        return tuple([impose(item, item) for item in fixed])
    return Secret(str(fixed)) if type(value) is Secret and type(fixed) in {str, int} else fixed


def protected(value: Any) -> Any:
    """A copy whose present content cannot be changed; adding keys to its dicts is possible."""
    return impose(value, value)


class FixedList(list):  # type: ignore[type-arg]
    """A list that ignores every change."""

    def _ignore(self, *_args: object, **_kwargs: object) -> None:
        pass

    def _stay(self, _other: object) -> FixedList:
        return self

    __setitem__ = __delitem__ = _ignore
    append = clear = extend = insert = remove = reverse = sort = _ignore
    __iadd__ = __imul__ = _stay

    def pop(self, index: Any = -1) -> Any:
        """The element, which stays."""
        return self[index]

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return list, (list(self),)


class FixedDict(dict):  # type: ignore[type-arg]
    """A dict in which some keys are fixed; other keys are as free as in any dict.

    Attributes:
        fixed: the values that win.
        assigned: what was assigned to fixed keys instead.
    """

    __slots__ = ("assigned", "fixed")

    def __init__(self, fixed: Mapping[Any, Any], values: Mapping[Any, Any] = {}) -> None:
        super().__init__()
        self.fixed = fixed
        self.assigned: dict[Any, Any] = {}
        self.update(values)
        for key in fixed:
            if key not in self:
                super().__setitem__(key, impose(fixed[key], {}))

    def inherit(self, key: Any) -> None:
        """Count what was assigned to a fixed key as the value of an earlier config, not as one of this."""
        self.assigned[key] = _INHERITED
        held = self[key]
        if isinstance(held, FixedDict):
            for inner in list(held.assigned):
                held.inherit(inner)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key not in self.fixed:
            super().__setitem__(key, value)
        elif value is not self.get(key, _MISSING):
            self.assigned[key] = value
            super().__setitem__(key, impose(self.fixed[key], value))
        else:
            self.assigned.setdefault(key, value)

    def __delitem__(self, key: Any) -> None:
        if key not in self.fixed:
            super().__delitem__(key)

    def __ior__(self, other: Any) -> FixedDict:  # type: ignore[misc]  # noqa: PYI034
        self.update(other)
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several keys."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value, which is set first if there is none."""
        if key not in self or (key in self.fixed and key not in self.assigned):
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """The value; it stays if it is fixed."""
        return self[key] if key in self.fixed else super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        """The last key that is not fixed, and its value."""
        free = [key for key in self if key not in self.fixed]
        if not free:
            raise KeyError("popitem(): all entries are fixed by updates")
        return free[-1], super().pop(free[-1])

    def clear(self) -> None:
        """Remove what is not fixed."""
        for key in list(self):
            del self[key]

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return dict, (dict(self),)


def settled(value: Any, fixed: Any, path: tuple[Any, ...] = ()) -> Any:
    """The plain value in the end: leaves that are fixed as they were given, the rest as the config left it."""
    if not is_a(fixed, dict):
        return value if type(value) is Secret else plain(fixed, path)
    entries = {}
    for key, item in value.items():
        here = (*path, key)
        entries[key] = settled(item, fixed[key], here) if key in fixed else plain(item, here)
    return entries


def beneath(entries: FixedDict, preset: Mapping[Any, Any]) -> dict[Any, Any]:
    """What a config's entries are filled up from: the preset, without the dicts that the config itself replaced.

    An update that is a dict hides that replacement; what was there before must not come back below it.
    """
    return {
        key: beneath(entries[key], value) if _is_open(entries, key) and is_a(value, dict) else value
        for key, value in preset.items()
        if not _is_open(entries, key) or is_a(entries.assigned.get(key, {}), dict) or _is_inherited(entries, key)
    }


def _is_open(entries: FixedDict, key: Any) -> bool:
    return isinstance(entries.get(key), FixedDict)


def _is_inherited(entries: FixedDict, key: Any) -> bool:
    return entries.assigned.get(key) is _INHERITED


def note_changes(entries: FixedDict, summary: ConfigSummary, path: str = "") -> None:
    """Note in ``summary`` what the fixed values in ``entries`` changed."""
    for key, fixed in entries.fixed.items():
        _note(below(path, key), fixed, entries.assigned.get(key, _MISSING), entries[key], summary)


def _note(path: str, fixed: Any, own: Any, imposed: Any, summary: ConfigSummary) -> None:
    if own is _INHERITED and isinstance(imposed, FixedDict):
        note_changes(imposed, summary, path)
        return
    if own is _MISSING or own is _INHERITED:
        summary.added.update(_leaves(path, fixed))
        return
    if own is imposed:  # fetched from the container and put back: no value of its own
        own = fixed
    if is_a(own, dict) and is_a(fixed, dict):
        _note_dict(path, imposed, summary)
        return
    if is_a(fixed, dict):
        summary.replaced[path] = own
    summary.assigned.update(dict.fromkeys(_leaves(path, fixed), own))
    if own is not None and fixed is not None and simple_type(own) is not simple_type(fixed):
        summary.typechanged[path] = (type(own), type(fixed))
    elif differs(own, fixed):
        summary.modified.add(path)


def _note_dict(path: str, entries: FixedDict, summary: ConfigSummary) -> None:
    if all(key in entries.fixed and key not in entries.assigned for key in entries):
        summary.open.add(path)
    note_changes(entries, summary, path)


def _leaves(path: str, value: Any) -> list[str]:
    if not is_a(value, dict) or not value:
        return [path]
    return [path + _tail(leaf) for leaf, _ in flatten(value)]


def _tail(path: tuple[Any, ...]) -> str:
    text = join(path)
    return text if text.startswith("[") else f".{text}"
