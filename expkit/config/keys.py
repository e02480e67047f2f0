"""Which keys a config may have: the rules of ``SETTINGS.CONFIG``."""

from __future__ import annotations

import re

from expkit.config.paths import join
from expkit.errors import ConfigKeyError
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_JSONPICKLE_TAG = (
    "py/(b64|b85|bytes|function|id|initargs|iterator|mod|newargs|newargsex|newobj|object|property|ref|reduce|repr|seq"
    "|set|state|tuple|type)"
)
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ENFORCE_STRING_KEYS": (lambda key: isinstance(key, str), "must be a string"),
    "ENFORCE_KEYS_MONGO_COMPATIBLE": (
        lambda key: not isinstance(key, str) or ("." not in key and not key.startswith("$")),
        "must not contain '.' nor start with '$'",
    ),
    "ENFORCE_KEYS_JSONPICKLE_COMPATIBLE": (
        lambda key: not isinstance(key, str) or not re.fullmatch(_JSONPICKLE_TAG, key),
        "must not be one of jsonpickle's tags",
    ),
    "ENFORCE_VALID_PYTHON_IDENTIFIER_KEYS": (
        lambda key: not isinstance(key, str) or key.isidentifier(),
        "must be a Python identifier",
    ),
    "ENFORCE_KEYS_NO_EQUALS": (lambda key: not isinstance(key, str) or "=" not in key, "must not contain '='"),
}


def active_rules() -> list[str]:
    """Names of the settings that forbid some keys; usually none."""
    return [name for name in _RULES if SETTINGS.CONFIG[name]]


def check_key(key: object, above: tuple[Any, ...] = (), rules: list[str] | None = None) -> None:
    """Refuse a key that a setting forbids.

    Args:
        key: the key of an entry.
        above: the path of the dict that has this key.
        rules: the result of :func:`active_rules`, for whoever checks many keys.

    Raises:
        ConfigKeyError: the message names the key, its path and the setting.
    """
    for name in active_rules() if rules is None else rules:
        allowed, reason = _RULES[name]
        if not allowed(key):
            raise ConfigKeyError(f"config key {key!r} ({join((*above, key))}) {reason} (SETTINGS.CONFIG.{name})")
