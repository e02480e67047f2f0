"""Values that were typed on a command line: the text counts where the literal that it means does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from expkit.config.typed.kinds import LISTS, MAPPINGS, bare, holds_shape, members
from expkit.config.typed.problems import UnfitError
from expkit.config.updates import parse_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.config.typed.fit import Fitting

_ROWS = (*LISTS, tuple, set, frozenset)
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


def fitted_text(fit: Fitting, kind: Any, value: Any, text: str) -> Any:
    """A value, or else the text by which it was given, as one of a type.

    Args:
        fit: makes values fit.
        kind: the type.
        value: what the text means as a literal.
        text: as it was typed; empty if the value was not typed.

    Raises:
        UnfitError: neither fits; speaks of the value where that is no text.
    """
    if type(value) is float and any(getattr(bare(member)[0], "__name__", "") == "Decimal" for member in members(kind)):
        value = text or value  # a float has lost digits
    try:
        return fit(kind, value)
    except UnfitError as error:
        if not text or error.bounded:
            raise
        for other, meant in _meanings(kind, value, text):
            try:
                return fit(other, meant)
            except UnfitError as refusal:
                error = _better(error, refusal)
        raise error from None


def _meanings(kind: Any, value: Any, text: str) -> Iterator[tuple[Any, Any]]:
    """What else a text may mean, with the type that it is then of."""
    if text != value and not (type(value) in (list, tuple, dict, set) and _takes_containers(kind)):
        yield kind, text
    if text in ("none", "null") and type(None) in members(kind):
        yield type(None), None
    parts = _split(text)
    for member in members(kind) if parts is not None else ():
        inner = get_args(member)
        if (get_origin(member) or member) in _ROWS and not holds_shape(member):
            kinds = [*inner] if get_origin(member) is tuple and inner[-1] is not ... else [inner[0] if inner else Any]
            yield member, [_item(kinds[min(place, len(kinds) - 1)], part) for place, part in enumerate(parts or ())]


def _takes_containers(kind: Any) -> bool:
    return any((get_origin(member) or member) in (*_ROWS, *MAPPINGS) or holds_shape(member) for member in members(kind))


def _split(text: str) -> list[str] | None:
    """What stands between commas; None for a single word that is a literal, and where brackets lie in brackets."""
    inner = text[1:-1] if _BRACKETS.get(text[:1]) == text[-1:] else text
    if any(sign in inner for sign in "[]{}") or (inner == text and "," not in text and parse_value(text) != text):
        return None
    parts = [part.strip() for part in inner.split(",")]
    return parts[:-1] if parts[-1] == "" else parts


def _item(kind: Any, part: str) -> Any:
    """What an element means: text where its type is text, else a literal."""
    quoted = part[:1] in ("'", '"') and part[:1] == part[-1:] and len(part) > 1
    return part if str in members(kind) and not quoted else parse_value(part)


def _better(error: UnfitError, other: UnfitError) -> UnfitError:
    """The one of two errors that says more: which element, or which bounds."""
    return other if other.bounded or any(problem.at for problem in other.problems) else error
