"""What is said about the fields of a class: in metadata, in annotations, in its source."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

_WORDS = ("help", "doc", "description")


def doc_in(said: Any) -> str:
    """The doc in a field's metadata (a mapping, or a list of marks) or in an annotation; ``""`` if there is none."""
    if isinstance(said, (dict, MappingProxyType)):
        return next((str(said[word]) for word in _WORDS if said.get(word)), "")
    marks = said if isinstance(said, list) else getattr(said, "__metadata__", ())
    for mark in marks:
        text = getattr(mark, "documentation", None) or getattr(mark, "description", None)
        if isinstance(text, str):
            return text
    return ""


def written_docs(kind: type) -> dict[str, str]:
    """The comments and texts beside the fields in the source of a class and its bases; found only if it is loaded easily."""
    found: dict[str, str] = {}
    for base in reversed(getattr(kind, "__mro__", ())[:-1]):
        if "__annotations__" in vars(base) or "__annotate_func__" in vars(base):
            found.update(_of_class(base))
    return found


def places(kind: type) -> tuple[str, dict[str, int]]:
    """The file of a class, and the lines of its fields as far as they are known."""
    file, tree, _ = _source(kind)
    if tree is None:
        return file, {}
    import ast

    fields = [part for part in tree.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)]
    return file, {"": tree.lineno, **{part.target.id: part.lineno for part in fields}}  # type: ignore[union-attr]


def _of_class(kind: type) -> dict[str, str]:
    _, tree, lines = _source(kind)
    if tree is None:
        return {}
    import ast

    docs: dict[str, str] = {}
    for part, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            said = _text_of(after) or _comment(lines, part)
            if said:
                docs[part.target.id] = said
    return docs


def _text_of(node: Any) -> str:
    """The text that stands alone as a statement."""
    value = getattr(getattr(node, "value", None), "value", None)
    return " ".join(value.split()) if type(node).__name__ == "Expr" and isinstance(value, str) else ""


def _comment(lines: list[str], node: Any) -> str:
    behind: str = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
    if behind.startswith("#"):
        return behind.lstrip("#:").strip()
    above = lines[node.lineno - 2].strip() if node.lineno > 1 else ""
    return above.lstrip("#:").strip() if above.startswith("#") else ""


_sources: dict[str, tuple[str, Any, list[str]]] = {}


def _source(kind: type) -> tuple[str, Any, list[str]]:
    """File, tree and lines of a class, if its module's source is at hand."""
    import ast
    import linecache
    import sys

    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None) or ""
    if not file.endswith(".py"):
        return "", None, []
    lines = [line.rstrip("\n") for line in linecache.getlines(file)]
    key = f"{file}:{len(lines)}"
    if key not in _sources:
        try:
            tree = ast.parse("\n".join(lines))
        except (SyntaxError, ValueError):
            return file, None, lines
        _sources[key] = file, tree, lines
    return file, _class_in(_sources[key][1], kind.__qualname__.split(".")), lines


def _class_in(tree: Any, names: list[str]) -> Any:
    for name in names:
        if name == "<locals>":
            continue
        bodies = (part for part in getattr(tree, "body", ()) if getattr(part, "name", None) == name)
        tree = next(bodies, None)
    return tree if hasattr(tree, "bases") else None
