"""Configs outside an experiment: updates as they are typed, and chains of config functions."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any

from expkit.compat.sacred.paths import recursive_fill_in
from expkit.config.containers import ReadOnlyDict, ReadOnlyList, copy_containers
from expkit.config.origin import Origin
from expkit.config.paths import put_in
from expkit.config.updates import Update, parse_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from expkit.config.summary import ConfigSummary


class ReadOnlyContainer(ABC):  # noqa: B024 - there is nothing to implement
    """What containers of a read-only config are instances of."""


ReadOnlyContainer.register(ReadOnlyDict)
ReadOnlyContainer.register(ReadOnlyList)


def get_config_updates(updates: Iterable[str] | None) -> tuple[dict[str, Any], list[str]]:
    """What stands behind ``with``: nested entries, and names of named configs.

    Raises:
        ConfigUpdateError: a word that is neither.
    """
    entries: dict[str, Any] = {}
    named: list[str] = []
    for word in filter(None, updates or ()):
        parsed = parse_update(word, Origin("updates"))
        if isinstance(parsed, Update):
            put_in(entries, parsed.path, parsed.value)
        else:
            named.append(str(parsed))
    return entries, named


def chain_evaluate_config_scopes(
    config_scopes: Sequence[Callable[..., ConfigSummary]],
    fixed: Mapping[str, Any] | None = None,
    preset: Mapping[str, Any] | None = None,
    fallback: Mapping[str, Any] | None = None,
) -> tuple[dict[Any, Any], list[ConfigSummary]]:
    """Evaluate config functions and dicts one after the other.

    Args:
        config_scopes: in order; each reads what the ones before it gave.
        fixed: values that win.
        preset: entries to begin with.
        fallback: further values for parameters.

    Returns:
        The config, and the summary of each step.
    """
    final: dict[Any, Any] = dict(preset or {})
    summaries = []
    for scope in config_scopes:
        summary = scope(fixed=fixed or {}, preset=final, fallback=fallback or {})
        summaries.append(summary)
        final = dict(summary)
    if not summaries:
        final = dict(copy_containers(dict(fixed or {})))
        recursive_fill_in(final, preset or {})
    return final, summaries
