"""Markup of templates as HTML, so that no value that is filled in can break it."""

from __future__ import annotations

import re

_TOKENS = re.compile(r"\{\{|\}\}|\{[^{}]*\}|```|[`*_]")
_TAGS = {"*": "b", "_": "i", "`": "code", "```": "pre"}


def escaped(text: str) -> str:
    """Text in which nothing is a tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_html(template: str) -> str:
    """A template whose ``*bold*``, ``_italic_``, ```code``` and fenced blocks are tags; placeholders stay.

    There is no markup within markup, and what is not closed stays as it is written.
    """
    parts: list[str] = []
    opened, at = -1, 0
    for match in _TOKENS.finditer(template):
        parts += escaped(template[at : match.start()]), match[0]
        at = match.end()
        if match[0] not in _TAGS:
            continue
        if opened < 0:
            opened = len(parts) - 1
        elif parts[opened] == match[0]:
            tag = _TAGS[match[0]]
            parts[opened], parts[-1] = f"<{tag}>", f"</{tag}>"
            opened = -1
    return "".join(parts) + escaped(template[at:])
