"""One run of a config function, with updates winning over what it assigns."""

from __future__ import annotations

import sys
from types import CellType, FunctionType
from typing import Any

from expkit._support.frozen import Frozen
from expkit.config.containers import copy_containers
from expkit.config.fixed import FixedDict, beneath, note_changes, protected, settled
from expkit.config.merging import fill_in
from expkit.config.summary import ConfigSummary
from expkit.config.typed.families import has_fields
from expkit.config.values import plain
from expkit.errors import ConfigError, UnsetEntryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType

    from expkit.config.origin import Origin
    from expkit.config.scope_compile import Names
    from expkit.config.typed.binding import Bindings
    from expkit.config.typed.table import Table


class Template(Frozen, kw_only=False):
    """A rewritten config function.

    Attributes:
        func: the function as the user wrote it.
        code: what runs instead.
        names: the variables that it binds.
        origin: where it is defined.
        parameters: names of the entries and ingredients that it reads.
    """

    func: Callable[..., Any]
    code: CodeType
    names: Names
    origin: Origin
    parameters: tuple[str, ...]


class Typing:
    """What is declared about the names of a config function, for one run of it.

    Args:
        template: of the function.
        table: of its ingredient.
        own: identifies the function's declarations there.
        places: of its names.

    Attributes:
        is_needed: whether anything is declared.
    """

    def __init__(self, template: Template, table: Table, own: int, places: Mapping[str, Origin]) -> None:
        self._template = template
        self._table = table
        self._own = own
        self._places = places
        self.is_needed = bool(table) or bool(template.names.annotations)

    def bindings(self, entries: FixedDict, preset: Mapping[Any, Any]) -> Bindings:
        """What declared names hold while the function runs."""
        from expkit.config.typed.binding import Bindings

        own = self._table.own.setdefault(self._own, {})
        return Bindings(self._table, own, entries, preset, self._places)

    def declare(self, name: str, kind: Callable[[], Any]) -> None:
        """Take over an annotation that uses variables of the function."""
        from expkit.config.typed.annotations import checked
        from expkit.config.typed.scopes import declare

        names = self._template.names
        found = names.branches.get((name, kind.__code__.co_firstlineno), names.annotations[name])
        declare(self._table, self._own, name, found, checked(kind, found, name, self._template.func, {}), self._places)


class Evaluation:
    """One run of a config function: make it, :meth:`run` it, ask for the :meth:`summary`."""

    def __init__(
        self,
        template: Template,
        fixed: Mapping[Any, Any],
        preset: Mapping[Any, Any],
        fallback: Mapping[str, Any],
        typing: Typing,
    ) -> None:
        self._template = template
        self._entries = FixedDict(fixed)
        self._preset = preset
        self._typing = typing
        self._typed = typing.bindings(self._entries, preset) if typing.is_needed else None
        self._hidden = dict(getattr(preset, "hidden", {}))
        self._guarded: dict[str, Any] = {}
        self._ignored: set[str] = set()
        self._extra: dict[str, Any] = {}
        self._removed: set[str] = set()
        self._bound: set[str] = set()
        self._pending: dict[str, Any] = {}
        self._globals = _Overlay(template.func) if template.names.uses_globals else template.func.__globals__
        self._locals = {*template.parameters, *template.names.assigned, *template.names.hidden}
        self._given = {name: self._parameter(name, fallback) for name in template.parameters}

    # -- before

    def _parameter(self, name: str, fallback: Mapping[str, Any]) -> Any:
        if name in self._preset:
            value = self._inherited(name, copy_containers(self._preset[name]))
            return value if self._typed is None else self._typed.inherited(name, value)
        if name in self._hidden:
            return self._inherited(name, self._hidden[name])
        if name in fallback:
            self._guarded[name] = protected(fallback[name])
            return self._guarded[name]
        if name in self._entries:
            return self._entries[name]
        raise self._unknown(name, fallback)

    def _inherited(self, name: str, value: Any) -> Any:
        if name not in self._entries.fixed:
            return value
        self._entries[name] = value
        self._entries.inherit(name)
        return self._entries[name]

    def _unknown(self, name: str, fallback: Mapping[str, Any]) -> UnsetEntryError:
        from expkit._support.nearest import did_you_mean

        known = [str(key) for key in (*self._preset, *self._hidden, *fallback)]
        near = did_you_mean(name, known) or f"; it can read {', '.join(known) or 'nothing here'}"
        origin = self._template.origin
        return UnsetEntryError(
            f"{origin}: {origin.what} reads {name}, which nothing before it defines: config functions read earlier "
            f"configs of their ingredient and direct ingredients, named configs only earlier named configs{near}"
        )

    # -- meanwhile

    def run(self) -> dict[str, Any]:
        """Run the function; its variables.

        Raises:
            Exception: whatever the function raises.
        """
        given = list(self._given.items())
        positional = self._template.func.__code__.co_argcount
        function = self._function()
        try:
            variables = function(*(value for _, value in given[:positional]), **dict(given[positional:]))
        except ConfigError as error:
            self._show(error)
            raise
        return {**variables, **self._pending}

    def _show(self, error: ConfigError) -> None:
        """Let an error show the entries that it blames, as they were when it was raised."""
        trace = error.__traceback__
        while trace is not None and error.config is None:
            if trace.tb_frame.f_code is self._template.code:
                error.config = {**self._preset, **trace.tb_frame.f_locals}
            trace = trace.tb_next

    def _function(self) -> Callable[..., dict[str, Any]]:
        from expkit.config.scope_nodes import HELPERS

        func, code = self._template.func, self._template.code
        helpers = (self._bind, self._keeps, locals, self._open, self._pending, self._given_for, self._skips)
        cells = dict(zip(HELPERS, map(CellType, helpers), strict=True))
        cells.update(zip(func.__code__.co_freevars, func.__closure__ or (), strict=True))
        closure = tuple(cells[name] for name in code.co_freevars)
        return FunctionType(code, self._globals, func.__name__, None, closure)

    def _bind(self, name: str, value: Any, kind: Callable[[], Any] | None = None) -> Any:
        self._removed.discard(name)
        self._bound.add(name)
        if name in self._guarded:
            if value is not self._guarded[name]:
                self._ignored.add(name)
            return self._guarded[name]
        typed = self._bindings(name, value, kind)
        entry = typed.entry(name, value) if typed is not None else None
        if typed is not None and entry is not None:
            return typed.bind(entry, name, value)
        if name not in self._entries.fixed:
            return value
        self._entries[name] = value
        return self._entries[name]

    def _bindings(self, name: str, value: Any, kind: Callable[[], Any] | None = None) -> Bindings | None:
        """What knows about declared names; there is none until something is declared."""
        if kind is not None:
            self._typing.declare(name, kind)
        if self._typed is None and (kind is not None or has_fields(value)):
            self._typed = self._typing.bindings(self._entries, self._preset)
        return self._typed

    def _given_for(self, name: str, kind: Callable[[], Any] | None = None) -> list[Any]:
        typed = self._bindings(name, None, kind)
        if typed is None or name in self._bound or name in self._given:
            return []
        return typed.given(name)

    def _skips(self, *names: str) -> Any:
        """What to catch of a statement's error: nothing, unless it needs an entry that must be given."""
        error = sys.exc_info()[1]
        skips = self._typed is not None and isinstance(error, NameError) and self._typed.skips(error, names)
        return NameError if skips else ()

    def _keeps(self, name: str) -> bool:
        return name in self._entries.fixed or name in self._guarded

    def _open(self, variables: dict[str, Any]) -> _Locals:
        own = {name: value for name, value in variables.items() if not name.startswith("__expkit_")}
        return _Locals({**own, **self._extra}, self)

    def write(self, name: str, value: Any) -> Any:
        """A name is set through ``locals()``; what it then holds."""
        value = self._bind(name, value)
        if name in self._locals:
            self._pending[name] = value
        else:
            self._extra[name] = self._globals[name] = value
        return value

    def remove(self, name: str) -> None:
        """A name is removed through ``locals()``."""
        if not self._keeps(name):
            self._removed.add(name)
            self._extra.pop(name, None)
            self._globals.pop(name, None)

    # -- afterwards

    def summary(self, variables: Mapping[str, Any]) -> ConfigSummary:
        """The entries among the variables, filled up from the preset, and what updates did to them."""
        own = {name: value for name, value in self._own(variables) if name not in self._removed}
        hidden = {name: value for name, value in own.items() if self._is_hidden(name)}
        for name in hidden:  # an update of such a name meets no entry
            self._entries.assigned.pop(name, None)
        entries = {name: plain(value, (name,)) for name, value in own.items() if name not in hidden}
        if self._typed is not None:
            entries.update((name, known) for name, known in self._typed.begun.items() if known)
        entries.update(settled(self._entries, self._entries.fixed))
        summary = ConfigSummary(fill_in(entries, beneath(self._entries, self._base(own))), hidden=hidden)
        note_changes(self._entries, summary)
        summary.ignored_fallbacks |= self._ignored
        summary.places = dict.fromkeys(self._extra, self._template.origin)
        return summary

    def _own(self, variables: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        names = self._template.names
        typed = self._typed
        for name in dict.fromkeys((*self._template.parameters, *names.assigned, *names.hidden)):
            if name in variables and name not in self._guarded:
                yield name, variables[name] if typed is None else typed.unmade(name, variables[name])
        yield from self._extra.items()

    def _is_hidden(self, name: str) -> bool:
        names = self._template.names
        inherited = name in self._hidden and name not in self._preset and name not in names.assigned
        return name.startswith("_") or name in names.hidden or inherited

    def _base(self, own: Mapping[str, Any]) -> dict[Any, Any]:
        """What the entries are filled up from: the preset, without what the function removed from it."""
        base = dict(self._preset)
        for name, given in self._given.items():
            if name not in base:
                continue
            if name not in own and not self._keeps(name):
                del base[name]
            else:
                base[name] = None if own.get(name) is given else plain(given)
        return base


class _Overlay(dict[str, Any]):
    """Globals over a module's globals: writes stay here."""

    def __init__(self, func: Any) -> None:
        super().__init__(__builtins__=func.__builtins__, __name__=func.__module__)
        self._module = func.__globals__

    def __missing__(self, key: str) -> Any:
        return self._module[key]


class _Locals(dict[str, Any]):
    """What ``locals()`` gives in a config function: writes become variables."""

    def __init__(self, variables: Mapping[str, Any], evaluation: Evaluation) -> None:
        super().__init__(variables)
        self._evaluation = evaluation

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, self._evaluation.write(key, value))

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._evaluation.remove(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._evaluation.remove(key)
        return value

    def __ior__(self, other: Any) -> _Locals:  # type: ignore[override,misc]  # noqa: PYI034
        self.update(other)
        return self
