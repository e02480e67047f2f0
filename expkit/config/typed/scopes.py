"""What config functions declare by annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import safe_repr
from expkit.config.merging import nested, overlay
from expkit.config.paths import flatten
from expkit.config.typed.annotations import UNTYPED, Annotation, evaluated
from expkit.config.typed.giving import fitted_override, settle
from expkit.config.typed.kinds import optional
from expkit.config.typed.misfits import type_error
from expkit.config.typed.table import UNFIT, Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.config.origin import Origin
    from expkit.config.summary import ConfigSummary
    from expkit.config.typed.table import Table


def declare_all(
    table: Table,
    own: int,
    func: Callable[..., Any],
    annotations: Mapping[str, Annotation],
    places: Mapping[str, Origin],
) -> None:
    """Declare what can be told before a config function runs.

    Args:
        table: of the ingredient.
        own: identifies the function there.
        func: the function.
        annotations: of its names.
        places: of its names.

    Raises:
        ConfigScopeError: an annotation that cannot be evaluated.
    """
    for name, annotation in annotations.items():
        if not annotation.local:
            declare(table, own, name, annotation, evaluated(annotation, name, func), places)


def declare(table: Table, own: int, name: str, annotation: Annotation, kind: Any, places: Mapping[str, Origin]) -> None:
    """Declare the type of a name; of what is no type, a warning is kept.

    Args:
        table: of the ingredient.
        own: identifies the function there.
        name: of the entry.
        annotation: as it was written.
        kind: what it means.
        places: of the function's names.
    """
    origin = places[name]._replace(line=annotation.line)
    if kind is UNTYPED:
        table.warnings[f"{origin}: {name} is annotated with {safe_repr(annotation.text)}, which is no type"] = None
        return
    kind = optional(kind) if annotation.nullable else kind
    table.declare(Entry(path=(name,), kind=kind, text=annotation.text, origin=origin), own)


def alone(
    config: Any, table: Table, fixed: Mapping[Any, Any], preset: Mapping[Any, Any] | None, fallback: Any
) -> ConfigSummary:
    """What a config function gives where no ingredient asks for its entries.

    Raises:
        ConfigTypeError: values that do not fit.
    """
    values: dict[Any, Any] = {}
    for path, value in flatten(fixed):
        fitted = fitted_override(table, path, value, config.origin)
        if fitted is not UNFIT:
            overlay(values, nested(path, fitted))
    summary: ConfigSummary = config(values, preset, fallback, table)
    settle(table, summary, values)
    misfits = [*table.given, *table.misfits]
    if misfits:
        raise type_error((((), misfit) for misfit in misfits), lambda _: None)
    return summary
