"""From a config function to its syntax tree.

The tree is that of the source as it was when the function was made: where the file has changed since, the
function is looked for by its code, and refused if it is no longer there.
"""

from __future__ import annotations

import os
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING

from expkit._support.frozen import Frozen
from expkit.config.origin import place
from expkit.errors import ConfigScopeError

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

Stamp = tuple[int, int]
_OUTER = "__expkit_outer__"
_TAKEN = "expkit_taken"
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class ScopeSource(Frozen, kw_only=False):
    """A config function's source.

    Attributes:
        file: name of the file, for messages.
        lines: all lines of the file.
        node: the function; nobody else gets it, so it may be rewritten.
    """

    file: str
    lines: Sequence[str]
    node: ast.FunctionDef


def stamp(func: Callable[..., Any]) -> Stamp | None:
    """What tells whether a function's file has changed; None if it has no file."""
    try:
        found = os.stat(func.__code__.co_filename)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def find_source(func: Callable[..., Any], made: Stamp | None) -> ScopeSource:
    """The source of a function.

    Args:
        func: a plain function.
        made: the file's stamp when the function was made.

    Raises:
        ConfigScopeError: the source cannot be had.
    """
    code = func.__code__
    file, text = _read(func)
    trusted = made is not None and made == stamp(func)
    for _ in range(2):
        for node in _candidates(_parse(text, file), code, by_line=trusted):
            if trusted or _same_code(plain_code(node, func), code):
                setattr(node, _TAKEN, True)
                return ScopeSource(file, text.splitlines(), node)
        _parse.cache_clear()  # somebody may have taken the function from this tree
    raise ConfigScopeError(
        f"{place(code.co_filename, code.co_firstlineno)}: the source of config function {func.__name__} has changed "
        "since it was imported; import it again"
    )


def plain_code(tree: ast.FunctionDef, func: Callable[..., Any], extra: Sequence[str] = ()) -> CodeType:
    """The code of a function's tree.

    Args:
        tree: the function.
        func: what Python made of it: the file, the future statements, the closure.
        extra: further names that the tree may take from its closure.
    """
    import ast
    import warnings

    original = func.__code__
    outer = ast.parse(f"def {_OUTER}({', '.join([*original.co_freevars, *extra])}): pass")
    outer.body[0].body = [tree]  # type: ignore[attr-defined]
    with warnings.catch_warnings():  # Python has warned before
        warnings.simplefilter("ignore")
        module = compile(outer, original.co_filename, "exec", flags=_future_flags(original), dont_inherit=True)
    code = _inner_code(_inner_code(module, _OUTER), tree.name)
    return _renamed(code, f"{_OUTER}.<locals>.{tree.name}", func.__qualname__)


def statements(block: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All statements below, blocks of nested functions and classes included, in order."""
    for node in block:
        yield node
        for name in _BLOCKS:
            yield from statements(getattr(node, name, ()))


def _read(func: Callable[..., Any]) -> tuple[str, str]:
    import linecache  # knows zipped files, notebooks and doctests

    code = func.__code__
    for file in (code.co_filename, func.__globals__.get("__file__")):
        if not file or os.path.basename(file) != os.path.basename(code.co_filename):
            continue
        linecache.checkcache(file)
        lines = linecache.getlines(file, func.__globals__)
        if lines:
            return file, "".join(lines)
    raise ConfigScopeError(
        f"{place(code.co_filename, code.co_firstlineno)}: the source of config function {func.__name__} cannot be "
        "read, and its entries are found in the source; put it into a file, or use add_config(name=value, ...)"
    )


@lru_cache(maxsize=4)
def _parse(text: str, file: str) -> ast.Module | None:
    import ast

    try:
        return ast.parse(text, file)
    except SyntaxError:  # somebody is editing it
        return None


def _candidates(tree: ast.Module | None, code: CodeType, *, by_line: bool) -> Iterator[ast.FunctionDef]:
    import ast

    for node in statements(tree.body if tree else ()):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name and not hasattr(node, _TAKEN):
            first = node.decorator_list[0] if node.decorator_list else node
            if not by_line or first.lineno == code.co_firstlineno:
                yield node


def _future_flags(code: CodeType) -> int:
    import __future__

    known = (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
    return sum(flag for flag in set(known) if code.co_flags & flag)


def _inner_code(code: CodeType, name: str) -> CodeType:
    return next(item for item in code.co_consts if isinstance(item, CodeType) and item.co_name == name)


def _renamed(code: CodeType, old: str, new: str) -> CodeType:
    """Qualified names as in the original: in constants before Python 3.11, and in code objects since."""

    def renamed(item: Any) -> Any:
        if isinstance(item, CodeType):
            return _renamed(item, old, new)
        return item.replace(old, new, 1) if isinstance(item, str) and item.startswith(old) else item

    parts: dict[str, Any] = {"co_consts": tuple(map(renamed, code.co_consts))}
    if hasattr(code, "co_qualname"):
        parts["co_qualname"] = renamed(code.co_qualname)
    return code.replace(**parts)


def _same_code(one: CodeType, other: CodeType) -> bool:
    return (
        one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and len(one.co_consts) == len(other.co_consts)
        and all(map(_same_constant, one.co_consts, other.co_consts))
    )


def _same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return _same_code(one, other)
    return type(one) is type(other) and one == other
