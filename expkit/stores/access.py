"""What gives access to a store, and is never shown: URLs of stores stand in records and in messages."""

from __future__ import annotations

from expkit._support.secrets import names_secret
from expkit.record.masking import is_secret_name


def is_secret_option(name: str) -> bool:
    """Whether what an option of a store's URL says gives access."""
    from expkit._support import secret_texts

    return secret_texts.is_secret_option(name, _is_secret)


def without_access(text: str) -> str:
    """A URL, or a text with URLs in it, whose passwords are ``***``."""
    from expkit._support import secret_texts

    return secret_texts.without_access(text, _is_secret)


def _is_secret(name: str) -> bool:
    """Also where the settings take such names for harmless: they mean entries of configs."""
    return names_secret(name) or is_secret_name(name)
