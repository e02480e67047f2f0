"""Packages that only some questions need: loaded when these are asked, and missed in a sentence."""

from __future__ import annotations

from typing import Any

from expkit._support.loading import module_of
from expkit.errors import MissingExtraError


def needed(package: str, what: str, extra: str = "") -> Any:
    """An installed package.

    Args:
        package: its name.
        what: what needs it, for the message.
        extra: of expkit that brings it; by default called like the package.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return module_of(package)
    except ImportError as error:
        raise MissingExtraError(f"{what} needs {package}; type: pip install 'expkit[{extra or package}]'") from error
