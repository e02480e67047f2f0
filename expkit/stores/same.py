"""Whether two stores are one place."""

from __future__ import annotations

import os


def is_same(one: object, other: object) -> bool:
    """Whether two stores are one place, as far as that can be seen: one object, one folder, one URL."""
    if one is other:
        return True
    root, url = getattr(one, "root", None), getattr(one, "url", "memory:")
    if root is not None:
        return type(one) is type(other) and _is_same_folder(root, getattr(other, "root", ""))
    return url == getattr(other, "url", None) != "memory:"


def _is_same_folder(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
