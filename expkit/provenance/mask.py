"""See :mod:`expkit.record.masking`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.record.masking import Secrets, is_secret_name, masked_mapping, masked_url, stripped_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["is_secret_name", "masked_arguments", "masked_mapping", "masked_url", "stripped_url"]


def masked_arguments(arguments: Sequence[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    """A command line on which secrets are ``***``."""
    secrets = Secrets()
    secrets.masked(dict(options))
    return secrets.arguments(arguments)
