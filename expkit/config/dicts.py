"""Config that is given as a dict, or read from a file."""

from __future__ import annotations

from typing import Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.fixed import FixedDict, beneath, note_changes, settled
from expkit.config.merging import fill_in
from expkit.config.origin import Origin
from expkit.config.paths import flatten, join
from expkit.config.summary import ConfigSummary
from expkit.config.typed.families import has_fields
from expkit.config.values import plain
from expkit.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from expkit.config.typed.table import Table


class ConfigDict:
    """A dict of config entries; never changed by a run.

    Args:
        mapping: the entries; copied.
        origin: where they were written down.
        extra: whether updates may add entries that are not in the dict.
        places: path of an entry to where it is defined; ``origin`` for the others.

    Attributes:
        name: what the config is called in messages.
        doc: always None; config functions have docstrings.
        origin: where the entries were written down.
        parameters, reads: always empty; config functions have parameters.
        places: path of an entry to where it is defined.
        extra: ``"forbid"`` or ``"allow"``.

    Raises:
        ConfigError: no mapping.
        ConfigKeyError: a key that the settings forbid.
    """

    doc: str | None = None
    parameters: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def __init__(
        self,
        mapping: Mapping[Any, Any],
        origin: Origin = Origin("config dict"),  # noqa: B008 - immutable
        extra: Literal["forbid", "allow"] = "forbid",
        places: Mapping[str, Origin] | None = None,
    ) -> None:
        if not hasattr(mapping, "items"):
            raise ConfigError(f"{origin}: a config is a dict of entries, not {type(mapping).__name__}")
        self._entries: dict[Any, Any] = plain(dict(mapping))
        self.name = origin.what
        self.origin = origin
        self.extra = extra
        self.places: dict[str, Origin] = dict.fromkeys(_all_paths(self._entries), origin)
        self.places.update(places or {})

    def __call__(
        self,
        fixed: Mapping[Any, Any] | None = None,
        preset: Mapping[Any, Any] | None = None,
        fallback: Mapping[str, Any] | None = None,  # noqa: ARG002 - a dict cannot read
        table: Table | None = None,
    ) -> ConfigSummary:
        """The entries, with fixed values winning and missing ones filled in from the preset.

        Args:
            fixed: nested values of updates.
            preset: what earlier configs of this ingredient gave.
            fallback: what config functions could read.
            table: what is declared about the ingredient's entries.
        """
        fixed = fixed or {}
        own = copy_containers(self._entries)
        if table:
            from expkit.config.typed.giving import fitted_tree

            fitted_tree(table, own, self.places, self.origin)
        entries = FixedDict(fixed, own)
        summary = ConfigSummary(fill_in(settled(entries, fixed), beneath(entries, preset or {})), places=self.places)
        note_changes(entries, summary)
        if self.extra == "allow":
            summary.open.add("")
        return summary

    def declare(self, table: Table) -> None:
        """Tell an ingredient's table which entries are objects of classes of fields."""
        found = [(path, value) for path, value in flatten(self._entries) if has_fields(value)]
        if found:
            from expkit.config.typed.giving import declare_objects

            declare_objects(table, found, self.origin)

    def __repr__(self) -> str:
        return f"<config dict {self.origin}>"


def _all_paths(entries: dict[Any, Any], above: tuple[Any, ...] = ()) -> Iterator[str]:
    for key, value in entries.items():
        yield join((*above, key))
        if is_a(value, dict):
            yield from _all_paths(value, (*above, key))
