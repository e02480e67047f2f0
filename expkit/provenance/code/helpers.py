"""The packages that expkit uses itself: they are a program's only where it has imported them, too.

Nobody is told who imports what. A module that another one has imported by its name is among the other's names; what is
imported in a function, or under another name, can be seen in the source.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from expkit.provenance.code.modules import loaded, names_of, users_modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

HELPERS = frozenset(("docopt", "markdown_it", "mdurl", "psutil", "pygments", "rich", "wrapt", "yaml"))
"""Modules that expkit imports when it needs them, and those that they import."""


def only_ours() -> set[str]:
    """The helpers that are imported, but not by the user's code, nor by another package as far as that can be seen."""
    imported = {name: module for name in HELPERS if (module := sys.modules.get(name)) is not None}
    return imported.keys() - _wanted(imported) if imported else set()


def _wanted(helpers: Mapping[str, ModuleType]) -> set[str]:
    spaces = [names for name, names in loaded() if _is_foreign(name)]
    found = {name for name, module in helpers.items() if any(space.get(name) is module for space in spaces)}
    return found if found == helpers.keys() else found | _imported_in_sources(helpers.keys() - found)


def _is_foreign(name: str) -> bool:
    top = name.partition(".")[0]
    return top != "expkit" and top not in HELPERS


def _imported_in_sources(names: set[str]) -> set[str]:
    import re

    pattern = re.compile(rf"^[ \t]*(?:import|from)\b[^\n#]*\b(?:{'|'.join(sorted(names))})\b[^\n#]*", re.MULTILINE)
    lines = {line[0] for text in _texts() for line in pattern.finditer(text)}
    return {name for name in names for line in lines if re.search(rf"\b{name}\b", line)}


def _texts() -> Iterator[str]:
    """The user's sources, and what was executed in a notebook."""
    cells = names_of(sys.modules.get("__main__")).get("In")
    yield from (cell for cell in (cells if isinstance(cells, list) else ()) if isinstance(cell, str))
    for _, file in users_modules():
        if file.endswith(".py"):
            try:
                with open(file, encoding="utf-8", errors="replace") as source:
                    yield source.read()
            except OSError:
                continue
