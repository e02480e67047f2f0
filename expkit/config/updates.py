"""What is typed behind ``with``: updates of entries, and names of named configs.

::

    a.b=1                    set an entry
    layers[0].units=64       ... inside a list (negative indices count from the end)
    layers[+]=3              append to a list
    ~a.b                     remove an entry
    a."x.y"=1                keys with other signs are quoted
    small, data.small, my.yaml    without "=": a named config, or a config file

A value is a Python literal, else a JSON literal, else ``nan`` or ``inf``, else text. It is never evaluated.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from expkit._support.frozen import Frozen
from expkit._support.odd import is_a, safe_repr
from expkit.config.origin import Origin
from expkit.config.paths import APPEND, Append, Path, join, read_path, split
from expkit.errors import ConfigUpdateError
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMMAND_LINE = Origin("command line")
_NUMBER_WORDS = frozenset(sign + word for sign in ("", "+", "-") for word in ("nan", "NaN", "inf", "Infinity"))


class Update(Frozen, kw_only=False):
    """One entry to set or to remove.

    Attributes:
        path: keys, indices and :data:`~expkit.config.paths.APPEND`.
        value: the new value; None if the entry is removed.
        remove: whether the entry is removed.
        origin: who said so.
        text: the update as it was typed; empty if it was not typed.
    """

    path: Path
    value: Any
    remove: bool = False
    origin: Origin = COMMAND_LINE
    text: str = ""

    @property
    def name(self) -> str:
        """The entry's path as text."""
        return join(self.path)

    @property
    def said(self) -> str:
        """The update as it was typed, or as it could have been."""
        return self.text or (f"~{self.name}" if self.remove else f"{self.name}={safe_repr(self.value)}")

    @property
    def value_text(self) -> str:
        """The value as it was typed; empty if it was not typed."""
        if not self.text or self.remove:
            return ""
        with suppress(ConfigUpdateError):  # it may have been made by hand
            text = self.text.strip()
            return text[read_path(text)[1] + 1 :].strip()
        return ""


class NamedConfigToken(Frozen, kw_only=False):
    """The name of a named config, or of a config file, as it was typed."""

    text: str
    origin: Origin = COMMAND_LINE

    def __str__(self) -> str:
        return self.text


def parse_update(token: str, origin: Origin = COMMAND_LINE) -> Update | NamedConfigToken:
    """Read one token.

    Raises:
        ConfigUpdateError: the token is no update; the message says what to type.
    """
    text = token.strip()
    removes = text.startswith("~") and not text.startswith("~/")
    if removes:
        return Update(_removed_path(text), None, remove=True, origin=origin, text=token)
    if "=" not in text:
        return _named_config(text, origin)
    path, end = read_path(text)
    if end == len(text):
        raise ConfigUpdateError(f"{text!r} sets nothing: the '=' is part of the name; write NAME=VALUE")
    return Update(path, parse_value(text[end + 1 :].strip(), text), origin=origin, text=token)


def updates_from_mapping(mapping: Mapping[Any, Any], origin: Origin) -> list[Update]:
    """The updates that a dict means. Its own keys may be paths (``"a.b"``); keys further inside are keys.

    Raises:
        ConfigUpdateError: a key is no path, or two keys contradict each other.
        TypeError: it is no dict.
    """
    if not hasattr(mapping, "items"):
        raise TypeError(f"config updates are a dict such as {{'lr': 0.1}}, not {safe_repr(mapping)}")
    updates = [
        Update(split(key) if isinstance(key, str) else (key,), value, origin=origin) for key, value in mapping.items()
    ]
    check_conflicts(updates)
    return updates


def parse_value(text: str, token: str = "") -> Any:
    """The value that a text means; the text itself if it is no literal.

    Args:
        text: what stands behind ``=``.
        token: the whole update, for the error message.

    Raises:
        ConfigUpdateError: no literal, and ``SETTINGS.COMMAND_LINE.STRICT_PARSING`` is on.
    """
    for read in (_python_literal, _json_literal, _number_word):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return read(text)
    if SETTINGS.COMMAND_LINE.STRICT_PARSING:
        quoted = (token or text).removesuffix(text) + repr(text)
        raise ConfigUpdateError(f'{text!r} is no Python or JSON literal; for a text, type "{quoted}"')
    return text


def check_conflicts(updates: Iterable[Update]) -> None:
    """Refuse updates that contradict each other, such as ``a=1 a.b=2``. Of equal paths the last one wins.

    Raises:
        ConfigUpdateError: the message names both updates.
    """
    by_path = {update.path: update for update in updates}
    for update in by_path.values():
        for length in range(1, len(update.path)):
            above = by_path.get(update.path[:length])
            if above and not above.remove and not _can_hold(above.value, update.path[length]):
                raise ConfigUpdateError(
                    f"{above.said!r} and {update.said!r} contradict each other: "
                    f"{above.name} cannot be {safe_repr(above.value)} and have {update.name}"
                )


def _removed_path(text: str) -> Path:
    path, end = read_path(text[1:].strip())
    if end < len(text[1:].strip()) or path[-1] is APPEND:
        raise ConfigUpdateError(f"{text!r} cannot be read; a removal is written ~NAME, without a value")
    return path


def _named_config(text: str, origin: Origin) -> NamedConfigToken:
    if not text:
        raise ConfigUpdateError("an empty update; write NAME=VALUE, or the name of a named config")
    return NamedConfigToken(text, origin)


def _python_literal(text: str) -> Any:
    import ast
    import warnings

    with warnings.catch_warnings():  # of a text such as '\d'
        warnings.simplefilter("ignore")
        value = ast.literal_eval(text)
    if value is ...:
        raise ValueError(text)
    return value


def _json_literal(text: str) -> Any:
    import json

    return json.loads(text)


def _number_word(text: str) -> float:
    if text not in _NUMBER_WORDS:
        raise ValueError(text)
    return float(text)


def _can_hold(value: Any, part: Any) -> bool:
    if isinstance(part, str):
        return is_a(value, dict)
    if isinstance(part, Append):
        return is_a(value, list)
    return is_a(value, (dict, list))
