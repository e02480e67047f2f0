"""What comments say about config entries.

The comment on the same line, else the nearest comment line above; of a value over several lines, also the comment
behind its opening or its closing bracket. The first assignment that has one speaks for the entry.
"""

from __future__ import annotations

import re

from expkit.config.paths import below
from expkit.config.scope_compile import display_items, target_names
from expkit.config.scope_source import statements
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence


def find_docs(function: ast.FunctionDef, lines: Sequence[str]) -> dict[str, str]:
    """Paths of entries, and what comments say about them.

    Args:
        function: the config function.
        lines: all lines of its file.
    """
    comments = _Comments(function, lines)
    docs: dict[str, str] = {}
    for statement in statements(function.body):
        for name in target_names(statement):
            for path, comment in comments.of_statement(name, statement):
                docs.setdefault(path, comment)
    return docs


class _Comments:
    def __init__(self, function: ast.FunctionDef, lines: Sequence[str]) -> None:
        self._lines = lines
        patterns = [f"(?:{pattern})" for pattern in SETTINGS.CONFIG.IGNORED_COMMENTS]
        self._ignored = re.compile("|".join(patterns) or "(?!)")
        self._tails: dict[int, str] = {}
        for statement in statements(function.body):
            self._note_tail(statement)

    def of_statement(self, name: str, statement: ast.AST) -> Iterator[tuple[str, str]]:
        """What is said about an assigned name, and about the keys of the dict that is assigned."""
        start, end, value = statement.lineno, statement.end_lineno, statement.value  # type: ignore[attr-defined]
        inside = self._inside(start, end)
        opening = (
            inside.get(start, "") if self._lines[start - 1].partition("#")[0].rstrip().endswith(("(", "[", "{")) else ""
        )
        said = self._accepted(opening) or self._accepted(self._tails.get(end, "")) or self._above(start)
        if said:
            yield name, said
        if inside:
            yield from self._of_keys(name, value, {line: text for line, text in inside.items() if start < line < end})

    def _of_keys(self, path: str, value: ast.expr, inside: dict[int, str]) -> Iterator[tuple[str, str]]:
        for key, line, item in display_items(value):
            inner = below(path, key)
            said = self._accepted(inside.get(item.end_lineno or line, ""))
            if not said and self._is_comment(line - 1):
                said = self._accepted(inside.get(line - 1, ""))
            if said:
                yield inner, said
            yield from self._of_keys(inner, item, inside)

    def _note_tail(self, statement: ast.AST) -> None:
        line = getattr(statement, "end_lineno", None)
        if not line or hasattr(statement, "body"):
            return
        self._tails.setdefault(line, "")
        if "#" in self._lines[line - 1]:
            behind = self._lines[line - 1].encode()[statement.end_col_offset :]  # type: ignore[attr-defined]
            tail = behind.decode().lstrip(" \t;")
            self._tails[line] = tail if tail.startswith("#") else self._tails[line]

    def _inside(self, start: int, end: int) -> dict[int, str]:
        lines = self._lines[start - 1 : end]
        if start == end or not any("#" in line for line in lines):
            return {}
        import tokenize

        feed = iter([f"{line}\n" for line in lines])
        found: dict[int, str] = {}
        try:
            for token in tokenize.generate_tokens(lambda: next(feed, "")):
                if token.type == tokenize.COMMENT:
                    found[start + token.start[0] - 1] = token.string
        except (tokenize.TokenError, SyntaxError):  # the lines of a block that goes on, as in `if x: a = {`
            pass
        return found

    def _above(self, start: int) -> str:
        line = start - 1
        while line and not self._lines[line - 1].strip():
            line -= 1
        if line and self._is_comment(line) and line not in self._tails:
            return self._accepted(self._lines[line - 1].strip())
        return ""

    def _is_comment(self, line: int) -> bool:
        return self._lines[line - 1].lstrip().startswith("#")

    def _accepted(self, comment: str) -> str:
        text = comment.lstrip("#:").strip()
        return "" if self._ignored.search(text) else text
