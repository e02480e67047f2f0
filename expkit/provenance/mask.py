"""Secrets that must not leave the process: in URLs, and in mappings by the names of their keys."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

MASK = "***"
"""What stands where a secret stood."""

_SECRET_NAMES = (
    "api key", "apikey", "access key", "auth key", "credential", "credentials", "passphrase", "passwd", "password",
    "private key", "pwd", "secret", "secrets", "token",
)  # fmt: skip


def is_secret_name(name: str) -> bool:
    """Whether something of this name is a secret, judged by whole words.

    ``api_key``, ``--db-password`` and ``githubToken`` are; ``tokenizer``, ``max_tokens`` and ``key_size`` are not.
    """
    import re

    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = f" {' '.join(re.findall(r'[a-z0-9]+', spaced.lower()))} "
    return any(f" {secret} " in words for secret in _SECRET_NAMES)


def masked_url(url: str) -> str:
    """``url``, or a text with URLs in it, without what gives access.

    Passwords, the whole user part of http(s) URLs (it may be a token) and secret query values become ``***``;
    the user of ``ssh://git@host/path`` stays.
    """
    if "://" not in url:
        return url
    import re

    url = re.sub(r"(?i)\b(https?://)[^\s/?#]+@", rf"\1{MASK}@", url)
    url = re.sub(r"(\b[a-zA-Z][\w+.-]*://[^\s/?#:@]*):[^\s/?#]*@", rf"\1:{MASK}@", url)
    return re.sub(r"([?&;])([^\s=&;#]+)=([^\s&;#]+)", _masked_parameter, url)


def stripped_url(url: str) -> str:
    """``url`` with nothing left of what :func:`masked_url` masks in its user part, so that it can be cloned from."""
    return masked_url(url).replace(f":{MASK}@", "@").replace(f"{MASK}@", "")


def masked_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which string values of secret names are ``***`` and URLs are masked; other values stay."""
    return {name: _masked(name, value) for name, value in mapping.items()}


def masked_arguments(arguments: Sequence[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    """A command line on which secrets are ``***``: the values of secret options, of ``name=value`` and in URLs.

    Args:
        arguments: as typed; a value is masked wherever it stands, also in ``-zVALUE``.
        options: long option names to their values.
    """
    secrets = [value for name, value in options.items() if isinstance(value, str) and value and is_secret_name(name)]
    return tuple(_masked_argument(argument, secrets) for argument in arguments)


def _masked_argument(argument: str, secrets: list[str]) -> str:
    for secret in secrets:
        argument = argument.replace(secret, MASK)
    name, equals, value = argument.partition("=")
    if equals and value and is_secret_name(name):
        return f"{name}={MASK}"
    return masked_url(argument)


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_masked(name, item) for item in value]) if type(value) in (list, tuple) else value
    if not isinstance(value, str) or not value:
        return value
    return MASK if is_secret_name(name) else masked_url(value)


def _masked_parameter(match: Any) -> str:
    mark, name, value = match.groups()
    return f"{mark}{name}={MASK if is_secret_name(name) else value}"
