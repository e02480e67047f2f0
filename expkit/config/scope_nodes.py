"""The nodes that are put into a config function's tree, at the user's lines."""

from __future__ import annotations

import ast
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BIND = "__expkit_bind__"
"""``(name, value) -> value``: called after each binding."""
KEEPS = "__expkit_keeps__"
"""``(name) -> bool``: whether ``del name`` is to be ignored."""
LOCALS = "__expkit_locals__"
"""Python's ``locals``, whatever the user has made of that name."""
OPEN = "__expkit_open__"
"""``(dict) -> dict``: makes what ``locals()`` gave writable."""
PENDING = "__expkit_pending__"
"""What was written into ``locals()`` and has to be put into variables."""
GIVEN = "__expkit_given__"
"""``(name) -> [value] or []``: the value that was given for a name that is only annotated."""
SKIPS = "__expkit_skips__"
"""``(*names) -> what to catch``: lets a statement be left out that needs an entry that must be given."""
HELPERS = (BIND, KEEPS, LOCALS, OPEN, PENDING, GIVEN, SKIPS)


def at(where: Any, node: Any) -> Any:
    """``node`` at the place of ``where``."""
    node.lineno, node.col_offset = where.lineno, where.col_offset
    node.end_lineno, node.end_col_offset = where.end_lineno, where.end_col_offset
    return node


def call(helper: str, where: Any, *arguments: ast.expr) -> Any:
    """A call of a helper with these arguments, at the place of ``where``."""
    placed = [argument if hasattr(argument, "lineno") else at(where, argument) for argument in arguments]
    return at(where, ast.Call(func=at(where, ast.Name(helper, ast.Load())), args=placed, keywords=[]))


def assign(name: str, where: Any, value: ast.expr) -> ast.stmt:
    """``NAME = VALUE``."""
    statement: ast.stmt = at(where, ast.Assign(targets=[at(where, ast.Name(name, ast.Store()))], value=value))
    return statement


def deferred(kind: ast.expr, where: Any) -> ast.expr:
    """``lambda: KIND``: evaluates an annotation where the function's variables are."""
    for part in ast.walk(kind):
        if isinstance(part, ast.expr):
            at(where, part)
    none = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    made: ast.expr = at(where, ast.Lambda(args=none, body=kind))
    return made


def if_given(name: str, where: Any, kind: Sequence[ast.expr]) -> ast.stmt:
    """``for NAME in GIVEN(NAME): pass``: the name stays unbound where nothing was given."""
    values = call(GIVEN, where, ast.Constant(name), *kind)
    target = at(where, ast.Name(name, ast.Store()))
    loop: ast.stmt = at(where, ast.For(target=target, iter=values, body=[at(where, ast.Pass())], orelse=[]))
    return loop


def skippable(statement: ast.stmt) -> ast.stmt:
    """``try: STATEMENT`` / ``except SKIPS("name", ...): pass``."""
    if isinstance(statement, (ast.Global, ast.Nonlocal)) or _is_text(statement):
        return statement
    names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    caught = call(SKIPS, statement, *map(ast.Constant, dict.fromkeys(names)))
    handler = at(statement, ast.ExceptHandler(type=caught, name=None, body=[at(statement, ast.Pass())]))
    guarded: ast.stmt = at(statement, ast.Try(body=[statement], handlers=[handler], orelse=[], finalbody=[]))
    return guarded


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def leave(where: ast.stmt) -> ast.stmt:
    """``return LOCALS()``."""
    statement: ast.stmt = at(where, ast.Return(value=call(LOCALS, where)))
    return statement


def fetch(name: str, where: Any) -> ast.stmt:
    """``if name in PENDING: name = PENDING.pop(name)``."""
    source = f"if {name!r} in {PENDING}: {name} = {PENDING}.pop({name!r})"
    statement = ast.parse(source).body[0]
    for node in ast.walk(statement):
        if hasattr(node, "lineno"):
            at(where, node)
    return statement
