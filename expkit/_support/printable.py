"""Text that moves no cursor and changes no colour, wherever it is shown."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    r"""Text whose control characters are written as ``\x1b``.

    Args:
        text: any.
        keep: characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )
