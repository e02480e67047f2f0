"""JSON trees as TOML; Python reads that format, but does not write it."""

from __future__ import annotations

import json
import re
from typing import Any

from expkit.config.paths import below, join
from expkit.errors import ConfigFileError
from expkit.record.tagged import TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(tree: dict[str, Any], name: str) -> str:
    """The text of a TOML file.

    Args:
        tree: strict JSON.
        name: of the file, for messages.

    Raises:
        ConfigFileError: a value is None; the message names the entry.
    """
    try:
        return "\n".join(_table(tree, ())).lstrip("\n") + "\n"
    except _NoneFoundError as error:
        raise ConfigFileError(f"{name}: TOML cannot say that {error} is None; save as .json or .yaml") from None


class _NoneFoundError(Exception):
    """The path of an entry whose value is None."""


def _table(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, dict) and TAG not in value}
    plain = [key for key in table if key not in inner]
    if path and (plain or not inner):
        yield f"\n[{'.'.join(map(_key, path))}]"
    for key in plain:
        yield f"{_key(key)} = {_value(table[key], join((*path, key)))}"
    for key, value in inner.items():
        yield from _table(value, (*path, key))


def _value(value: Any, path: str) -> str:
    if isinstance(value, dict):
        items = (f"{_key(key)} = {_value(item, below(path, key))}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item, f"{path}[{index}]") for index, item in enumerate(value)) + "]"
    if value is None:
        raise _NoneFoundError(path)
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # TOML's basic strings are JSON's, but for one more control character that has to be written as a number
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
