"""Annotations of config functions: found in the source, evaluated when a type is needed."""

from __future__ import annotations

import builtins
from typing import Any

from expkit._support.frozen import Frozen
from expkit.config.origin import place
from expkit.errors import ConfigScopeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence

UNTYPED = type("Untyped", (), {"__repr__": lambda _: "UNTYPED"})()
"""What stands for the type of an annotation that is none."""

_PLAIN = frozenset((bool, int, float, str, bytes, complex, list, dict, tuple, set, frozenset))


class Annotation(Frozen):
    """An annotated name in a config function.

    Attributes:
        node: the annotation; of a text that is no expression, None.
        text: as it was written.
        line: of the source.
        quoted: whether it was written as a text.
        local: whether it uses variables of the function.
        bare: whether no value is assigned.
        nullable: whether None is assigned.
    """

    node: ast.expr | None
    text: str
    line: int
    quoted: bool = False
    local: bool = False
    bare: bool = False
    nullable: bool = False


def read_annotation(statement: ast.AnnAssign, lines: Sequence[str], variables: Sequence[str]) -> Annotation:
    """What an annotated assignment says.

    Args:
        statement: the assignment.
        lines: all lines of the file.
        variables: of the function.
    """
    import ast

    written = statement.annotation
    quoted = isinstance(written, ast.Constant) and isinstance(written.value, str)
    node = _parsed(written.value) if quoted else written  # type: ignore[attr-defined]
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node is not None else set()
    return Annotation(
        node=node,
        text=str(written.value) if quoted else _as_written(written, lines),  # type: ignore[attr-defined]
        line=statement.lineno,
        quoted=quoted,
        local=not used.isdisjoint(variables),
        bare=statement.value is None,
        nullable=isinstance(statement.value, ast.Constant) and statement.value.value is None,
    )


def evaluated(annotation: Annotation, name: str, func: Callable[..., Any]) -> Any:
    """The type that an annotation means, from the function's globals and closure.

    Args:
        annotation: one that uses no variables of the function.
        name: the annotated name.
        func: the config function.

    Returns:
        The type; :data:`UNTYPED` if it is none.

    Raises:
        ConfigScopeError: it cannot be evaluated; the message names file, line and reason.
    """
    if annotation.node is None:
        return UNTYPED
    import ast

    node = annotation.node
    if isinstance(node, ast.Name) and node.id not in func.__code__.co_freevars and node.id not in func.__globals__:
        found = getattr(builtins, node.id, None)
        if found in _PLAIN:
            return found
    expression = compile(ast.Expression(node), func.__code__.co_filename, "eval", dont_inherit=True)
    closure = {
        key: cell.cell_contents
        for key, cell in zip(func.__code__.co_freevars, func.__closure__ or (), strict=True)
        if _is_full(cell)
    }
    return checked(
        lambda: eval(expression, {**func.__globals__, **closure}),  # noqa: S307 - a part of the user's own script
        annotation,
        name,
        func,
        closure,
    )


def checked(
    evaluate: Callable[[], Any],
    annotation: Annotation,
    name: str,
    func: Callable[..., Any],
    scope: dict[str, Any],
) -> Any:
    """What ``evaluate`` gives, if it is a type, with names in texts inside it resolved.

    Args:
        evaluate: evaluates the annotation.
        annotation: of the name.
        name: the annotated name.
        func: the config function.
        scope: names that the annotation can use besides the function's globals.

    Raises:
        ConfigScopeError: it cannot be evaluated.
    """
    try:
        kind = resolved(evaluate(), func.__globals__, scope)
    except Exception as error:
        if annotation.quoted:  # a remark, as far as anybody can tell
            return UNTYPED
        where = place(func.__code__.co_filename, annotation.line)
        raise ConfigScopeError(
            f"{where}: the type of {name}, {annotation.text}, cannot be evaluated ({error}); {_way_out(error, func)}"
        ) from None
    return kind if is_type(kind) else UNTYPED


def _way_out(error: Exception, func: Callable[..., Any]) -> str:
    if not isinstance(error, NameError) or "<locals>" not in func.__qualname__:
        return "what it names must be there when the config is made: import it where the program runs, too"
    return (
        "define or import what it names at the top level of the module, or leave out 'from __future__ import "
        "annotations' if it is a name of the function around the config function"
    )


def resolved(kind: Any, names: dict[str, Any], scope: dict[str, Any]) -> Any:
    """A type with the texts inside it (``Optional["Model"]``) replaced by what they name.

    Raises:
        Exception: a text that cannot be evaluated.
    """
    if kind is None or (isinstance(kind, type) and not hasattr(kind, "__args__")):
        return type(None) if kind is None else kind
    from typing import get_type_hints

    def holder() -> None:
        pass

    holder.__annotations__ = {"x": kind}
    return get_type_hints(holder, names, scope, include_extras=True)["x"]


def is_type(value: Any) -> bool:
    """Whether a value can stand in an annotation."""
    if isinstance(value, type):
        return True
    import typing

    known = (typing.Any, typing.Final, typing.ClassVar, typing.NoReturn)
    if any(value is one for one in known) or typing.get_origin(value) is not None:
        return True
    if getattr(value, "_name", "") == "LiteralString":
        return True
    return hasattr(value, "__supertype__") or type(value).__name__ in {
        "TypeVar",
        "TypeAliasType",
        "_SpecialGenericAlias",
    }


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises where it is empty
    except ValueError:
        return False
    return True


def _parsed(text: str) -> ast.expr | None:
    import ast

    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _as_written(node: ast.expr, lines: Sequence[str]) -> str:
    if node.lineno == node.end_lineno:
        return lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
    import ast

    return ast.unparse(node)
