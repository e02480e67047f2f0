"""Which functions of a source changed, by its syntax tree: comments and layout do not count."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REST = "(module)"
"""What a source says outside of its functions and classes."""

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class FunctionChange(NamedTuple):
    """What became of one function.

    Attributes:
        name: dotted, as in ``Model.forward``; ``(module)`` for what stands outside of functions. A class stands for what it
            has beside its methods.
        what: ``added``, ``removed`` or ``changed``.
    """

    name: str
    what: str


def changed_functions(before: str, after: str) -> tuple[FunctionChange, ...] | None:
    """What became of each function, those that stayed as they were left out; None where a source cannot be parsed."""
    try:
        old, new = dict(_parts(before)), dict(_parts(after))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = dict.fromkeys((*new, *old))
    found = (FunctionChange(name, _what(name in old, name in new)) for name in names if old.get(name) != new.get(name))
    return tuple(found)


def _what(was: bool, is_: bool) -> str:
    return CHANGED if was and is_ else ADDED if is_ else REMOVED


def _parts(source: str) -> Iterator[tuple[str, str]]:
    module = ast.parse(source)
    yield from _body(module.body, "")
    yield REST, _dump([node for node in module.body if not isinstance(node, (*_FUNCTIONS, ast.ClassDef))])


def _body(nodes: list[ast.stmt], inside: str) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            counts[node.name] = number = counts.get(node.name, 0) + 1
            name = f"{inside}{node.name}" + (f" ({number})" if number > 1 else "")  # a property and its setter
            if isinstance(node, ast.ClassDef):
                yield from _body(node.body, f"{name}.")
                kept = [item for item in node.body if not isinstance(item, (*_FUNCTIONS, ast.ClassDef))]
                yield name, _dump([*node.decorator_list, *node.bases, *node.keywords, *kept])
            else:
                yield name, ast.dump(node)


def _dump(nodes: Sequence[ast.AST]) -> str:
    return "\n".join(map(ast.dump, nodes))
