"""Declared names while a config function runs: what they hold, and what that is as plain entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.fixed import FixedDict
from expkit.config.merging import fill_in
from expkit.config.typed.families import has_fields
from expkit.config.typed.fit import Fitting, begun, chosen, lacking_fields
from expkit.config.typed.giving import fitted_own, is_entry, note
from expkit.config.typed.kept import taken_apart
from expkit.config.typed.kinds import holds_shape, shapes_in, text_of
from expkit.config.typed.objects import Maker
from expkit.config.typed.problems import UnfitError
from expkit.config.typed.table import Entry
from expkit.config.values import differs, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.config.origin import Origin
    from expkit.config.typed.table import Table

NOTHING = type("Nothing", (), {})()


class Bindings:
    """The declared names of one run of a config function.

    Args:
        table: of the ingredient.
        own: what the function itself declares.
        entries: the function's entries, in which overrides win.
        preset: what earlier configs gave.
        places: of the names.

    Attributes:
        begun: what is known of objects that must be given.
    """

    def __init__(
        self,
        table: Table,
        own: Mapping[str, Entry],
        entries: FixedDict,
        preset: Mapping[Any, Any],
        places: Mapping[str, Origin],
    ) -> None:
        self._table = table
        self._own = own
        self._entries = entries
        self._preset = preset
        self._places = places
        self._built: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}
        self._lacking: set[str] = set()
        self.begun: dict[str, Any] = {}

    def declared(self, name: str) -> Entry | None:
        """What is declared about a name, here or elsewhere."""
        return self._own.get(name) or self._table.entries.get((name,))

    def entry(self, name: str, value: Any) -> Entry | None:
        """What is declared about a name; an object of a class of fields declares itself."""
        entry = self.declared(name)
        if entry is None and has_fields(value) and name in self._places and is_entry(value):
            kind = type(value)
            origin = self._places[name]
            entry = self._table.declare(Entry(path=(name,), kind=kind, text=text_of(kind), origin=origin))
        return entry

    def bind(self, entry: Entry, name: str, value: Any) -> Any:
        """What a name holds after ``value`` was assigned to it."""
        own = fitted_own(self._table, entry, value, self._places.get(name))
        if holds_shape(entry.kind):
            return self._bind_object(entry, name, own)
        if type(own) is type(value) and not differs(own, value):
            own = value
        if name not in self._entries.fixed:
            return own
        self._entries[name] = own
        return self._held(entry, name)

    def _held(self, entry: Entry, name: str) -> Any:
        """What an override gave; of a type that could not be told before, it is converted now."""
        held = self._entries[name]
        try:
            fitted = Fitting(kept=self._table.kept, above=entry.path)(entry.kind, plain(held))
        except UnfitError:  # told in the end
            return held
        return fitted if differs(fitted, held) or type(fitted) is tuple else held

    def _bind_object(self, entry: Entry, name: str, own: Any) -> Any:
        before: Any = self._preset.get(name)
        if is_a(own, dict) and is_a(before, dict):
            own = fill_in(own, before)
        whole = self._imposed(entry, name, own)
        return self._object(entry, name, whole)

    def _imposed(self, entry: Entry, name: str, own: Any) -> Any:
        """The plain value in which overrides have won."""
        fixed = self._entries.fixed.get(name)
        try:
            fit = Fitting(strong=fixed, kept=self._table.kept, above=entry.path)
            own = fit(entry.kind, {} if _is_of_another(entry, own, fixed) else own)
            if name not in self._entries.fixed:
                return own
            self._entries[name] = own
            return fit(entry.kind, plain(self._entries[name]))
        except UnfitError as error:
            note(self._table, entry, error)
            return plain(own)

    def _object(self, entry: Entry, name: str, value: Any) -> Any:
        shown = value
        if not lacking_fields(entry.kind, value):
            try:
                shown = Maker(self._table.kept, entry.path)(entry.kind, value)
            except UnfitError as error:
                note(self._table, entry.but(soft=False), error)
        self._built[name], self._shown[name] = value, taken_apart(shown)
        return shown

    def inherited(self, name: str, value: Any) -> Any:
        """What a parameter holds whose value an earlier config gave."""
        entry = self.declared(name)
        if entry is None or not holds_shape(entry.kind):
            return value
        return self._object(entry, name, plain(value))

    def given(self, name: str) -> list[Any]:
        """What a name holds behind an annotation without a value: nothing, or the value that was given."""
        entry = self.declared(name)
        if entry is None:
            return []
        self._table.required[entry.path] = entry
        value = self._preset.get(name, NOTHING)
        if value is NOTHING and not self._can_begin(entry, name):
            self._lacking.add(name)
            self.begun[name] = begun(entry.kind)
            return []
        if holds_shape(entry.kind) and shapes_in(entry.kind):
            return self._given_object(entry, name, {} if value is NOTHING else value)
        if name in self._entries.fixed:
            self._inherit(name, value)
            return [self._held(entry, name)]
        return [copy_containers(value)]

    def _can_begin(self, entry: Entry, name: str) -> bool:
        return name in self._entries.fixed or bool(shapes_in(entry.kind) and not lacking_fields(entry.kind, {}))

    def _given_object(self, entry: Entry, name: str, value: Any) -> list[Any]:
        whole = self._imposed(entry, name, copy_containers(value))
        if lacking_fields(entry.kind, whole):
            self._lacking.add(name)
            return []
        return [self._object(entry, name, whole)]

    def _inherit(self, name: str, value: Any) -> None:
        if value is not NOTHING:
            self._entries[name] = value
            self._entries.inherit(name)

    def unmade(self, name: str, value: Any) -> Any:
        """What a declared name holds in the end, plain."""
        entry = self.declared(name)
        if entry is None or not holds_shape(entry.kind):
            return value
        now = self._now(entry, name, value)
        held: Any = self._entries.get(name)
        if is_a(held, FixedDict) and is_a(now, dict):
            _take_changes(held, self._built.get(name, {}), now)
        return now

    def _now(self, entry: Entry, name: str, value: Any) -> Any:
        """What an object holds that the function was given, plain: as it was made, but for what the function changed."""
        apart = taken_apart(value)
        if name in self._shown and not differs(apart, self._shown[name]):
            return self._built[name]
        now = fitted_own(self._table, entry, value, self._places.get(name))
        return _but_for_changes(self._built.get(name), self._shown.get(name), apart, now)

    def skips(self, error: NameError, names: Iterable[str]) -> bool:
        """Whether a statement can be left out, as it needs an entry that must be given; its names are lacking, then.

        Args:
            error: of the statement.
            names: that the statement would have bound.
        """
        found = re.search(r"'(\w+)'", str(error))
        if found is None or found[1] not in self._lacking:
            return False
        self._lacking.update(names)
        self._table.stopped = True
        return True


def _is_of_another(entry: Entry, own: Any, fixed: Any) -> bool:
    """Whether overrides mean another class than that of the value: its own defaults count then."""
    shapes = shapes_in(entry.kind)
    if len(shapes) < 2 or not is_a(own, dict) or not is_a(fixed, dict):  # noqa: PLR2004 - there is a choice
        return False
    return chosen(shapes, own, fixed) is not chosen(shapes, own)


def _but_for_changes(built: Any, shown: Any, apart: Any, now: Any) -> Any:
    """What was built, with the changes between what was shown and what is there now."""
    if not all(is_a(one, dict) for one in (built, shown, apart, now)):
        return now
    return {
        key: built[key]
        if key in built and key in shown and not differs(apart.get(key, NOTHING), shown[key])
        else _but_for_changes(built.get(key), shown.get(key), apart.get(key), item)
        for key, item in now.items()
    }


def _take_changes(held: FixedDict, before: Mapping[Any, Any], now: Mapping[Any, Any]) -> None:
    """Take over what the function changed in an object."""
    for key, value in now.items():
        old: Any = before.get(key, NOTHING)
        inner: Any = held.get(key)
        if is_a(inner, FixedDict) and is_a(value, dict) and is_a(old, dict):
            _take_changes(inner, old, value)
        elif old is NOTHING or differs(old, value):
            held[key] = value
