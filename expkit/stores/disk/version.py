"""``format.json`` says which format a store has, and which version of expkit it takes to use it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit.errors import FormatError
from expkit.stores.disk import files, text

if TYPE_CHECKING:
    from expkit.stores.disk.layout import StoreLayout

FORMAT = 1
NEEDS = "0.1"
"""The first version of expkit that reads stores of this format."""


class FormatFile:
    """The format of one store."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._checked = False

    def check(self) -> None:
        """Let nobody use a store that this version does not understand; one without a format has not begun yet.

        Raises:
            FormatError: a newer version of expkit began the store, or took it over.
        """
        if not self._checked:
            tree = self._read()
            number = tree.get("format")
            if isinstance(number, int) and number > FORMAT:
                raise FormatError(
                    f"the store {self._layout.root} has format {number}, and this version of expkit knows formats up to"
                    f" {FORMAT}; it takes {_version(tree.get('needs'))} (see {self._layout.format})"
                )
            self._checked = bool(tree)

    def make(self) -> None:
        """Say which format the store has, unless that is said."""
        if not os.path.exists(self._layout.format):
            files.replace(self._layout.format, text.pretty({"format": FORMAT, "needs": NEEDS}), self._layout.scratch)

    def _read(self) -> dict[str, object]:
        """What the file says; damage to it is no reason to give up all runs."""
        try:
            tree = text.parsed(files.read(self._layout.format))
        except (OSError, ValueError):
            return {}
        return tree if isinstance(tree, dict) else {}


def _version(needs: object) -> str:
    return (
        f"expkit {needs} or newer" if isinstance(needs, str) else "the version of expkit that wrote it, or a newer one"
    )
