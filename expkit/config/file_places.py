"""In which line of a config file an entry stands.

Parsers tell values, not places. As they keep the order of a file, its keys are found again one behind the other.
"""

from __future__ import annotations

import re
from typing import Any

from expkit.config.paths import below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.config.origin import Origin

_BEFORE_KEY = re.compile(r"""(?:^|[-{,\[.])\s*["']?$""")
_BEHIND_KEY = re.compile(r"""["']?\s*[:=\].]""")


def file_places(origin: Origin, text: str, entries: dict[Any, Any]) -> dict[str, Origin]:
    """Path of an entry to its line.

    Args:
        origin: the file.
        text: its text.
        entries: what the file says.
    """
    places: dict[str, Origin] = {}
    position, line = 0, 1
    for path, key in _keys(entries, ""):
        found = _find(text, key, position)
        if found >= 0:
            line += text.count("\n", position, found)
            position = found
        places[path] = origin._replace(line=line if found >= 0 else 0)
    return places


def _keys(entries: Any, above: str) -> Iterator[tuple[str, str]]:
    for key, value in entries.items():
        path = below(above, key)
        yield path, str(key)
        if isinstance(value, dict):
            yield from _keys(value, path)


def _find(text: str, key: str, start: int) -> int:
    found = text.find(key, start)
    while found >= 0 and not _is_key(text, found, found + len(key)):
        found = text.find(key, found + 1)
    return found


def _is_key(text: str, start: int, end: int) -> bool:
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return _BEHIND_KEY.match(text, end) is not None and _BEFORE_KEY.search(line) is not None
