"""Conversions that are left to pydantic, which is loaded here."""

from __future__ import annotations

from operator import getitem
from typing import Annotated, Any, get_origin

from expkit._support.odd import is_a
from expkit.config.typed.kinds import text_of
from expkit.config.typed.problems import UnfitError, from_library, unfit

_adapters: dict[int, tuple[Any, Any]] = {}
_MOST = 256

unchecked: dict[str, Any] = {}
"""Types that the library cannot build, by their text: what lies in their values is not looked at."""


def validated(kind: Any, marks: tuple[Any, ...], value: Any, at: tuple[Any, ...]) -> Any:
    """A value as pydantic converts it, without being strict.

    Args:
        kind: the type.
        marks: bounds and other marks of ``Annotated``; those that only describe are no matter.
        value: what was given.
        at: its keys, for messages.

    Raises:
        UnfitError: it does not fit.
    """
    marks = tuple(mark for mark in marks if not _only_describes(mark))
    whole = getitem(Annotated, (kind, *marks)) if marks else kind
    adapter = _adapter(whole, (id(kind), *map(id, marks)).__hash__())
    if adapter is None:
        return _unchecked(kind, value, at)
    try:
        return adapter.validate_python(value)
    except Exception as error:  # of a validator of the user's, too
        found = from_library(error, at)
        raise UnfitError(
            *[problem._replace(value=value if problem.at == at else problem.value) for problem in found.problems]
        ) from None


def dumped(kind: Any, value: Any) -> Any:
    """A value as JSON from which its type can be had again; as it is where the library cannot tell."""
    adapter = _adapter(kind, id(kind))
    try:
        return value if adapter is None else adapter.dump_python(value, mode="json")
    except Exception:  # one that only its author can write
        return value


def _unchecked(kind: Any, value: Any, at: tuple[Any, ...]) -> Any:
    """A value of a type that the library cannot build: at least what can be told from outside has to be right."""
    outer = get_origin(kind) or kind
    unchecked[text_of(kind)] = kind
    if isinstance(outer, type) and not is_a(value, outer):
        try:
            return validated(outer, (), value, at)
        except UnfitError:
            raise unfit(at, value, f"it should be a {outer.__name__}") from None
    return value


def _adapter(kind: Any, mark: int) -> Any:
    """What converts values to this type; None where the library cannot tell."""
    known = _adapters.get(mark)
    if known is None or known[0] != kind:
        if len(_adapters) > _MOST:
            _adapters.clear()
        known = _adapters[mark] = kind, _made(kind)
    return known[1]


def _made(kind: Any) -> Any:
    import warnings

    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        with warnings.catch_warnings():  # of marks that only count in a class, such as an alias
            warnings.simplefilter("ignore")
            return TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":
            return None
        return TypeAdapter(kind)
    except Exception:  # a type that nobody but its author can check
        return None


def _only_describes(mark: Any) -> bool:
    if isinstance(mark, str) or hasattr(mark, "documentation"):
        return True
    return hasattr(mark, "description") and hasattr(mark, "metadata") and not mark.metadata
