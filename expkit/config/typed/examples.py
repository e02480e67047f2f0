"""Examples of containers, as people type them."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from expkit.config.typed.kinds import bare, members

_SAMPLES: dict[Any, tuple[str, str]] = {
    int: ("1", "2"),
    float: ("0.1", "0.2"),
    bool: ("True", "False"),
    complex: ("1j", "2j"),
    Any: ("1", "2"),
}
_BRACKETS = {"list": ("[", "]"), "tuple": ("(", ")"), "set": ("{", "}"), "frozenset": ("{", "}")}


def example_of(name: str, inner: tuple[Any, ...]) -> str:
    """``["a", "b"]``: a value of a container's type.

    Args:
        name: ``list``, ``tuple``, ``set``, ``frozenset`` or ``dict``.
        inner: the types of what lies in it.
    """
    if name == "dict":
        keys, values = inner or (str, Any)
        return f"{{{_samples(keys)[0]}: {_samples(values)[0]}}}"
    if name == "tuple" and inner and inner[-1] is not ...:
        items = [_samples(kind)[min(place, 1)] for place, kind in enumerate(inner)]
    else:
        items = list(_samples(inner[0] if inner else Any))
    inside = ", ".join(items) + ("," if name == "tuple" and len(items) == 1 else "")
    return inside.join(_BRACKETS[name])


def _samples(kind: Any) -> tuple[str, str]:
    kind = bare(next((member for member in members(kind) if member is not type(None)), kind))[0]
    if get_origin(kind) is Literal:
        choices = [repr(choice).replace("'", '"') for choice in get_args(kind)]
        return choices[0], choices[-1]
    origin, inner = get_origin(kind) or kind, get_args(kind)
    name = getattr(origin, "__name__", "")
    if name == "dict" or name in _BRACKETS:
        text = example_of(name, inner)
        return text, text
    names = [f'"{name}"' for name in getattr(kind, "__members__", ())]
    return (names[0], names[-1]) if names else _SAMPLES.get(kind, ('"a"', '"b"'))
