"""Where runs are kept, as a user names it: a path or a URL, and who knows the URL's scheme."""

from __future__ import annotations

import os
from pathlib import Path

from expkit._support.nearest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def split_url(place: str | os.PathLike[str]) -> tuple[str, str]:
    """The scheme in lower case and what follows its colon; a path is what follows ``folder:``.

    A text is a URL if it begins with a scheme: a letter, then letters, digits, ``+``, ``.`` or ``-``. One letter alone
    is a Windows drive, and a path object is never a URL.
    """
    text = os.fspath(place)
    scheme, colon, rest = text.partition(":")
    if not isinstance(place, str) or not colon or not _is_scheme(scheme):
        return "folder", text
    return scheme.lower(), rest


def folder_of(rest: str, base: str = "") -> Path:
    """The path behind ``folder:``; ``~`` is the home folder, and relative paths start at ``base``.

    Raises:
        ValueError: there is none; the message is for the user.
    """
    if not rest:
        raise ValueError("the URL of a folder needs a path: folder:runs")
    return Path(base, os.path.expanduser(rest))


def plugins(group: str) -> dict[str, Callable[[], Any]]:
    """What installed packages add to a group of entry points: a loader for each scheme."""
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in entry_points(group=group)}


def unknown_scheme(scheme: str, known: Iterable[str], *groups: str) -> str:
    """The sentence about a URL that nobody can open. It leaves out the rest of the URL, which may hold a password."""
    names = sorted(known)
    return (
        f"nothing is known by {scheme + ':'!r}{did_you_mean(scheme, names)}"
        f" (known: {', '.join(f'{name}:' for name in names)} and plain paths; 'folder:{scheme}:...' is a path)."
        f" Packages add schemes by entry points of the group {' or '.join(map(repr, groups))}"
    )


def _is_scheme(text: str) -> bool:
    inner = text.replace("+", "").replace(".", "").replace("-", "")
    return len(text) > 1 and text[0].isalpha() and text.isascii() and inner.isalnum()
