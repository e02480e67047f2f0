"""Which classes are made of fields. Loads nothing: untyped configs are asked, too."""

from __future__ import annotations

from typing import Any

_MARKS = (("__attrs_attrs__", "attrs"), ("__dataclass_fields__", "dataclass"))


def family_of(kind: type) -> str:
    """What a class of fields is made with: pydantic, attrs, dataclass, tuple or dict; empty for other classes."""
    if hasattr(kind, "__pydantic_validator__"):
        return "" if getattr(kind, "__pydantic_root_model__", False) or kind.__name__ == "BaseModel" else "pydantic"
    for mark, family in _MARKS:
        if hasattr(kind, mark):
            return family
    if issubclass(kind, tuple) and hasattr(kind, "_field_defaults"):
        return "tuple"
    return "dict" if issubclass(kind, dict) and hasattr(kind, "__required_keys__") else ""


def has_fields(value: Any) -> bool:
    """Whether a value is an object of a class of fields; a named tuple without types is a tuple like others."""
    kind = type(value)
    family = family_of(kind)
    return bool(getattr(kind, "__annotations__", None)) if family == "tuple" else bool(family)
