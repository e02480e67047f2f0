"""What gives access to a store, and is never shown: URLs of stores stand in records and in messages."""

from __future__ import annotations

import re

from expkit._support.secrets import MASK, names_secret
from expkit.record.masking import is_secret_name


def is_secret_option(name: str) -> bool:
    """Whether what an option of a store's URL says gives access."""
    from expkit._support import secret_texts

    return secret_texts.is_secret_option(name, _is_secret)


def without_access(text: str) -> str:
    """A URL, or a text with URLs in it, whose passwords are ``***``."""
    from expkit._support import secret_texts

    return secret_texts.without_access(text, _is_secret)


def shown(place: str) -> str:
    """The URL of a store that cannot be opened, most likely because it is mistyped, for people to see.

    Nobody can tell which part of it was meant to be a password. So left out is all that may be one: what stands between
    the first colon and the last ``@``, what follows a host and is no port, and what options say.
    """
    address, question, options = without_access(place).partition("?")
    address = re.sub(r":(?!//)[^\n]*@", f":{MASK}@", address, count=1)
    address = re.sub(r"(//[^/:]*):(?!\d*(?:/|$))[^/@]*(?=/|$)", rf"\1:{MASK}", address)
    return address + question + re.sub(r"([^=&;]+=)?[^&;]+", rf"\1{MASK}", options)


def _is_secret(name: str) -> bool:
    """Also where the settings take such names for harmless: they mean entries of configs."""
    return names_secret(name) or is_secret_name(name)
