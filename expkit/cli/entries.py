"""What help says about the config: its entries of declared types. Help is given whatever the config functions do."""

from __future__ import annotations

import os
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, tolerate
from expkit.cli.printing import type_text
from expkit.cli.values import as_typed, short
from expkit.config.paths import get_in, has_path, is_prefix, join, parents
from expkit.config.typed.table import Table
from expkit.record.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.config.typed.declared import Declared
    from expkit.run.definitions import Definitions
    from expkit.run.inputs import RunInputs

Rows = list[tuple[str, str]]


def declared_entries(root: Definitions, inputs: RunInputs) -> Rows:
    """Names of entries, and type, choices, default and doc of each on one line.

    Config functions run where one of them may declare a type. Where one fails, only names and types are told.

    Args:
        root: the experiment.
        inputs: those of a run without updates.
    """
    rows: Rows = []
    with _nothing_printed():
        try:
            rows = _written(root)
            if rows or _uses_classes(root):
                rows = _resolved(root, inputs)
        except RAISED as error:
            tolerate(error)
    return rows


def _written(root: Definitions) -> Rows:
    """Names and types, as far as they are known before a config function runs."""
    found: Rows = []
    for node in reversed(root.ordered()):
        table = Table()
        for config in node.configurations:
            config.declare(table)
        found += [(root.name_of(node, join(path)), entry.text) for path, entry in table.entries.items()]
    return found


def _uses_classes(root: Definitions) -> bool:
    """Whether a config function names a class of fields, whose objects declare themselves."""
    from expkit.config.typed.shapes import shape_of

    for node in root.ordered():
        for config in node.configurations:
            function = getattr(config, "func", None)
            code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
            if any(shape_of(names.get(name)) is not None for name in getattr(code, "co_names", ())):
                return True
    return False


def _resolved(root: Definitions, inputs: RunInputs) -> Rows:
    from expkit.run.plan import resolve_config

    resolution = resolve_config(root, inputs, inputs.command or "")
    shown = masked(resolution.config)
    docs = resolution.summary.docs
    above = {parent for name in resolution.declared for parent in parents(name)}
    paths = [node.path for node in root.ordered() if node is not root]
    rows = [
        (name, _about(found, shown, docs.get(name) or found.doc))
        for name, found in resolution.declared.items()
        if name not in above
    ]
    return sorted(rows, key=lambda row: any(is_prefix(path, row[0]) for path in paths))


def _about(found: Declared, config: Any, doc: str) -> str:
    text = type_text(found)
    if has_path(config, found.path):
        text += f" = {short(as_typed(get_in(config, found.path)))}"
    elif found.required:
        text += ", must be given"
    return f"{text}: {doc}" if doc else text


@contextmanager
def _nothing_printed() -> Iterator[None]:
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
