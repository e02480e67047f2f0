"""A config function's tree, rewritten so that its variables can be had and updates win.

The function stays a function: closures, comprehensions and nested functions see its variables as usual.
After each binding of a name, the name is handed to :data:`BIND`, which gives back what it shall hold;
each way out of the function returns its variables. New nodes stand at the user's lines.
"""

# ruff: noqa: N815 - visitors are called like the nodes that they visit
from __future__ import annotations

import ast
from typing import Any

from expkit._support.frozen import Frozen
from expkit._support.loading import loading
from expkit.config.origin import place
from expkit.config.paths import below
from expkit.config.scope_nodes import (
    BIND,
    KEEPS,
    OPEN,
    assign,
    at,
    call,
    deferred,
    fetch,
    if_given,
    leave,
    skippable,
)
from expkit.errors import ConfigScopeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.config.scope_source import ScopeSource
    from expkit.config.typed.annotations import Annotation

_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete)


class Names(Frozen, kw_only=False):
    """The variables that a config function binds, in order.

    Attributes:
        assigned: name to the line of its first assignment.
        hidden: names bound by ``def``, ``class``, ``import`` or only by ``with``, and private ones.
        lines: paths of entries (keys of dict displays, too) to their lines.
        uses_globals: whether the function writes to globals or into ``locals()``.
        used: the assigned names whose values the function itself uses.
        annotations: the annotated names, and the last annotation of each.
        branches: by name and line: the annotations of names that have several.
    """

    assigned: dict[str, int]
    hidden: dict[str, int]
    lines: dict[str, int]
    uses_globals: bool
    used: tuple[str, ...]
    annotations: dict[str, Annotation]
    branches: dict[tuple[str, int], Annotation]


def rewrite(source: ScopeSource, variables: Sequence[str]) -> Names:
    """Rewrite a function's tree in place.

    Args:
        source: the function.
        variables: all local variables that Python finds in it.

    Raises:
        ConfigScopeError: the function returns a value.
    """
    function = source.node
    rewriter = _Rewriter(source, [name for name in variables if name.isidentifier()])
    body = rewriter.block(function.body)
    if rewriter.asks:
        body = list(map(skippable, body))
    function.body = [*body, leave(function.body[-1])]
    return rewriter.names()


class _Rewriter(ast.NodeTransformer):
    def __init__(self, source: ScopeSource, variables: Sequence[str]) -> None:
        self._file = source.file
        self._source_lines = source.lines
        self._function = source.node
        self._annotated: set[str] | None = None
        self._annotations: dict[str, Annotation] = {}
        self._branches: dict[tuple[str, int], Annotation] = {}
        self._variables = variables
        text = "\n".join(source.lines[source.node.lineno - 1 : source.node.end_lineno])
        self._looks_into_expressions = any(sign in text for sign in (":=", "locals", "vars"))
        self._loaded = _loaded(source.node)
        self._outer: set[str] = set()
        self._assigned: dict[str, int] = {}
        self._defined: dict[str, int] = {}
        self._lent: dict[str, int] = {}
        self._lines: dict[str, int] = {}
        self._opened = self._ever_opened = False
        self.asks = False

    def names(self) -> Names:
        none = {**self._lent, **self._defined}
        hidden = {name: line for name, line in none.items() if name in self._defined or name not in self._assigned}
        hidden.update((name, line) for name, line in self._assigned.items() if name.startswith("_"))
        assigned = {name: line for name, line in self._assigned.items() if name not in hidden}
        lines = {**hidden, **self._lines, **assigned}
        used = tuple(name for name in assigned if name in self._loaded)
        annotations = {name: found for name, found in self._annotations.items() if name not in hidden}
        opened = self._ever_opened or bool(self._outer)
        return Names(assigned, hidden, lines, opened, used, annotations, self._branches)

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        rewritten: list[ast.stmt] = []
        for statement in body:
            rewritten += self._statement(statement)
        return rewritten

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        result = self.visit(statement)
        found = result if isinstance(result, list) else [result]
        if self._opened and isinstance(statement, _SIMPLE):
            self._opened = False
            found += [fetch(name, statement) for name in self._variables]
        return found

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                setattr(node, name, self.block(value))
            elif isinstance(value, ast.expr) and not self._looks_into_expressions:
                continue
            elif isinstance(value, list):
                value[:] = [self.visit(item) if isinstance(item, ast.AST) else item for item in value]
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node

    # -- names that are none of the config's

    def _define(self, node: Any) -> list[ast.stmt]:
        return [node, *self._bound([_name_of(node)], node, self._defined)]

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_TypeAlias = _define

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        return [node, *self._bound(names, node, self._defined)]

    visit_Import = visit_ImportFrom = _import

    def visit_With(self, node: ast.With) -> ast.With:
        names = [name for item in node.items if item.optional_vars for name in _targets([item.optional_vars])]
        fixing = self._bound(names, node, self._lent)
        self.generic_visit(node)
        node.body[:0] = fixing
        return node

    def _declare(self, node: ast.Global | ast.Nonlocal) -> ast.stmt:
        self._outer.update(node.names)
        return node

    visit_Global = visit_Nonlocal = _declare

    # -- names that are

    def visit_Assign(self, node: ast.Assign) -> Any:
        names = _targets(node.targets)
        for name in names:
            self._note_keys(name, node.value)
        self.generic_visit(node)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return self._bound_inline(node, node.targets[0])
        return [node, *self._bound(names, node, self._assigned)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if not isinstance(node.target, ast.Name) or node.target.id in self._outer:
            return node
        with loading:
            from expkit.config.typed.annotations import read_annotation

        name = node.target.id
        found = read_annotation(node, self._source_lines, self._variables)
        if name in self._several():  # which of them counts is known where one is executed
            found = found.but(local=True)
            self._branches[name, node.lineno] = found
        self._annotations[name] = found
        kind = [deferred(found.node, node)] if found.local and found.node is not None else []
        if node.value is None:
            self._assigned.setdefault(name, node.lineno)
            self.asks = True
            return if_given(name, node, kind)
        self._note_keys(name, node.value)
        self.generic_visit(node)
        return self._bound_inline(node, node.target, kind)

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        self.generic_visit(node)
        return [node, *self._bound(_targets([node.target]), node, self._assigned)]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.NamedExpr:
        self.generic_visit(node)
        named: ast.NamedExpr = self._bound_inline(node, node.target)
        return named

    def visit_For(self, node: ast.For) -> ast.For:
        fixing = self._bound(_targets([node.target]), node, self._assigned)
        self.generic_visit(node)
        node.body[:0] = fixing
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        fixing = self._bound(_captures(node.pattern), node.pattern, self._assigned)
        self.generic_visit(node)
        node.body[:0] = fixing
        return node

    # -- what works differently

    def visit_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for target in node.targets:
            alone: ast.stmt = at(node, ast.Delete(targets=[target]))
            if isinstance(target, ast.Name) and target.id not in self._outer:
                kept = call(KEEPS, node, ast.Constant(target.id))
                alone = at(node, ast.If(test=at(node, ast.UnaryOp(ast.Not(), kept)), body=[alone], orelse=[]))
            found.append(alone)
        return found

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            return leave(node)
        raise ConfigScopeError(
            f"{place(self._file, node.lineno)}: a config function's entries are its variables, so it cannot return a "
            "value; assign it to a name, or use a bare return to stop early"
        )

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in ("locals", "vars") or node.args or node.keywords or name in self._variables:
            return node
        self._opened = self._ever_opened = True
        opened: ast.Call = call(OPEN, node, node)
        return opened

    def _several(self) -> set[str]:
        """The names that have several annotations."""
        if self._annotated is None:
            statements = [node for node in ast.walk(self._function) if isinstance(node, ast.AnnAssign)]
            names = [node.target.id for node in statements if isinstance(node.target, ast.Name)]
            self._annotated = {name for name in names if names.count(name) > 1}
        return self._annotated

    # -- bookkeeping

    def _bound(self, names: Iterable[str], node: Any, table: dict[str, int]) -> list[ast.stmt]:
        fixing: list[ast.stmt] = []
        for name in names:
            if name not in self._outer:
                table.setdefault(name, node.lineno)
                fixing.append(assign(name, node, call(BIND, node, ast.Constant(name), ast.Name(name, ast.Load()))))
        return fixing

    def _bound_inline(self, node: Any, target: ast.Name, more: Sequence[ast.expr] = ()) -> Any:
        if target.id not in self._outer:
            self._assigned.setdefault(target.id, node.lineno)
            node.value = call(BIND, node.value, ast.Constant(target.id), node.value, *more)
        return node

    def _note_keys(self, path: str, value: ast.expr) -> None:
        for key, line, item in display_items(value):
            inner = below(path, key)
            self._lines.setdefault(inner, line)
            self._note_keys(inner, item)


def display_items(value: ast.expr | None) -> list[tuple[str, int, ast.expr]]:
    """Keys, their lines and values of ``{"key": value}`` and ``dict(key=value)``."""
    if isinstance(value, ast.Dict):
        return [
            (key.value, key.lineno, item)
            for key, item in zip(value.keys, value.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        return [(word.arg, word.lineno, word.value) for word in value.keywords if word.arg]
    return []


def target_names(statement: ast.AST) -> list[str]:
    """The names that an assignment statement assigns to; none for other statements."""
    if isinstance(statement, ast.Assign):
        return _targets(statement.targets)
    if isinstance(statement, ast.AnnAssign):
        return _targets([statement.target])
    return []


def _targets(targets: Iterable[ast.expr]) -> list[str]:
    names: list[str] = []
    for target in targets:
        if isinstance(target, ast.Name):
            names.append(target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            names += _targets(target.elts)
        elif isinstance(target, ast.Starred):
            names += _targets([target.value])
    return names


def _captures(pattern: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            names.append(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.append(node.rest)
    return names


def _name_of(node: Any) -> str:
    name = node.name
    return str(name.id if isinstance(name, ast.Name) else name)  # a type alias has a tree for a name


def _loaded(tree: ast.AST) -> set[str]:
    """The names whose values are used anywhere in the tree; five times as fast as with ``ast.walk``."""
    names: set[str] = set()
    left = [tree]
    while left:
        node = left.pop()
        if type(node) is ast.Name:
            names.update([node.id] if type(node.ctx) is ast.Load else ())
            continue
        for field in node._fields:
            value = getattr(node, field, None)
            left += [item for item in (value if type(value) is list else [value]) if isinstance(item, ast.AST)]
    return names
