"""The containers of a config: copied for whoever gets them, compared afterwards, or read-only.

Only containers are copied; what lies in them (arrays, classes, objects) is shared.
"""

from __future__ import annotations

from typing import Any, NoReturn

from expkit.config.paths import below
from expkit.errors import ReadOnlyConfigError

_CONTAINERS = frozenset((dict, list, tuple, set))
_MISSING = object()


def copy_containers(value: Any) -> Any:
    """A copy of plain dicts, lists, tuples and sets, all the way down; everything else is shared."""
    kind = type(value)
    if kind is dict:
        return {key: copy_containers(item) if type(item) in _CONTAINERS else item for key, item in value.items()}
    if kind is list:
        return [copy_containers(item) if type(item) in _CONTAINERS else item for item in value]
    if kind is tuple:
        return tuple([copy_containers(item) for item in value])
    return value.copy() if kind is set else value


def mutations(before: Any, after: Any, path: str = "") -> list[str]:
    """Where a container differs from the copy that was made of it: the dotted paths of the entries.

    Args:
        before: the original.
        after: the copy that somebody may have changed.
        path: what the original itself is called.

    Returns:
        Paths such as ``model.layers[0].units``; a list of another length is named as a whole.
    """
    if before is after:
        return []
    kind = type(before)
    if kind is type(after):
        if kind is dict:
            return _dict_mutations(before, after, path)
        if (kind is list or kind is tuple) and len(before) == len(after):
            pairs = enumerate(zip(before, after, strict=True))
            return [found for index, (old, new) in pairs for found in mutations(old, new, f"{path}[{index}]")]
    return [] if _equal(before, after) else [path]


def read_only(value: Any, path: str = "") -> Any:
    """A copy of plain containers that refuses every change; it pickles, copies and dumps like a plain one.

    Args:
        value: what to copy.
        path: the name of the entry, for the error that a change raises.
    """
    _teach_yaml()
    return _frozen(value, path)


class ReadOnlyDict(dict):  # type: ignore[type-arg]
    """A dict that cannot be changed; ``dict(d)``, ``d.copy()`` and ``deepcopy(d)`` are plain and can."""

    __slots__ = ("_path",)

    def __init__(self, values: Any = (), path: str = "") -> None:
        super().__init__(values)
        self._path = path

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        _refuse(self._path, "dict")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        from copy import deepcopy

        return {deepcopy(key, memo): deepcopy(item, memo) for key, item in self.items()}

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return ReadOnlyDict, (dict(self), self._path)


class ReadOnlyList(list):  # type: ignore[type-arg]
    """A list that cannot be changed; ``list(l)``, ``l.copy()`` and ``deepcopy(l)`` are plain and can."""

    __slots__ = ("_path",)

    def __init__(self, values: Any = (), path: str = "") -> None:
        super().__init__(values)
        self._path = path

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        _refuse(self._path, "list")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        from copy import deepcopy

        return [deepcopy(item, memo) for item in self]

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        return ReadOnlyList, (list(self), self._path)


def _refuse(path: str, kind: str) -> NoReturn:
    name = f"the config entry {path}" if path else "the config"
    raise ReadOnlyConfigError(
        f"{name} is read-only, as SETTINGS.CONFIG.READ_ONLY_CONFIG says; change a copy of it: {kind}(...)"
    )


def _frozen(value: Any, path: str) -> Any:
    kind = type(value)
    if kind is dict:
        return ReadOnlyDict({key: _frozen(item, below(path, key)) for key, item in value.items()}, path)
    if kind is list:
        return ReadOnlyList([_frozen(item, f"{path}[{index}]") for index, item in enumerate(value)], path)
    if kind is tuple:
        return tuple([_frozen(item, f"{path}[{index}]") for index, item in enumerate(value)])
    return frozenset(value) if kind is set else value


def _teach_yaml() -> None:
    import yaml  # it goes by exact types, so it has to be told

    for owner in (yaml.representer.SafeRepresenter, yaml.representer.Representer, yaml.SafeDumper, yaml.Dumper):
        if "yaml_representers" in vars(owner):  # the others inherit the table
            owner.add_representer(ReadOnlyDict, owner.represent_dict)
            owner.add_representer(ReadOnlyList, owner.represent_list)


def _dict_mutations(before: dict[Any, Any], after: dict[Any, Any], path: str) -> list[str]:
    found: list[str] = []
    for key, old in before.items():
        new = after.get(key, _MISSING)
        if new is not old:
            found += mutations(old, new, below(path, key))
    return found + [below(path, key) for key in after if key not in before]


def _equal(before: Any, after: Any) -> bool:
    try:
        return type(before) is type(after) and bool(before == after)
    except Exception:  # arrays and other objects that answer with more than yes or no
        return False
