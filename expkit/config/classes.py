"""Config that is given as a class of fields, or as an object of one: its fields are the entries."""

from __future__ import annotations

from typing import Any

from expkit.config.fixed import FixedDict, beneath, note_changes, settled
from expkit.config.merging import fill_in
from expkit.config.origin import Origin
from expkit.config.summary import ConfigSummary
from expkit.config.typed.docs import places
from expkit.config.typed.giving import fitted_own
from expkit.config.typed.kinds import kind_of, text_of
from expkit.config.typed.objects import defaults_of
from expkit.config.typed.scopes import alone
from expkit.config.typed.shapes import shape_of
from expkit.config.typed.table import Entry, Table, Whole
from expkit.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigClass:
    """A class of fields as a config; never changed by a run.

    Args:
        source: a data class, attrs class, pydantic model, typed dict or named tuple, or an object of one.
        origin: where it became a config.

    Attributes:
        source: what was given.
        name: what the config is called in messages.
        doc: the class's docstring.
        origin: where it became a config.
        parameters, reads: always empty; config functions have parameters.
        places: path of an entry to where it is defined.

    Raises:
        ConfigError: another class; the message says which there can be.
    """

    parameters: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def __init__(self, source: Any, origin: Origin) -> None:
        kind = source if isinstance(source, type) else type(source)
        shape = shape_of(kind)
        if shape is None:
            raise ConfigError(
                f"{origin}: the class {kind.__qualname__} has no fields that could be entries: make it a data class "
                "(@dataclass stands below @ex.config), an attrs class, a pydantic model, a TypedDict or a NamedTuple"
            )
        self.source = source
        self.name = kind.__name__
        self.doc = None if _is_generated(kind) else kind.__doc__
        self.origin = origin
        self._shape = shape
        file, lines = places(kind)
        where = Origin(f"class {kind.__name__}", file)
        self.places = {name: where._replace(line=lines[name]) if name in lines else origin for name in shape.fields}

    def __call__(
        self,
        fixed: Mapping[Any, Any] | None = None,
        preset: Mapping[Any, Any] | None = None,
        fallback: Mapping[str, Any] | None = None,  # noqa: ARG002 - a class cannot read
        table: Table | None = None,
    ) -> ConfigSummary:
        """The fields that have values, with fixed values winning and missing ones filled in from the preset.

        Args:
            fixed: nested values of updates.
            preset: what earlier configs of this ingredient gave.
            fallback: what config functions could read.
            table: what is declared about the ingredient's entries; by default what the class declares.

        Raises:
            ConfigTypeError: without a table: values that do not fit.
        """
        if table is None:
            table = Table()
            self.declare(table)
            return alone(self, table, fixed or {}, preset, None)
        fixed, preset = fixed or {}, preset or {}
        entries = FixedDict(fixed, self._own(table, fixed))
        for name, field in self._shape.fields.items():
            if field.required and name not in entries:
                table.required[name,] = table.entries[name,]
        summary = ConfigSummary(
            fill_in(settled(entries, fixed), beneath(entries, preset)), docs=self._docs(), places=self.places
        )
        note_changes(entries, summary)
        if self._shape.extra:
            summary.open.add("")
        return summary

    def declare(self, table: Table) -> None:
        """Tell an ingredient's table the types of the fields."""
        for name, field in self._shape.fields.items():
            text = field.written or text_of(field.kind)
            entry = Entry(path=(name,), kind=kind_of(field), text=text, origin=self.places[name], soft=field.soft)
            table.declare(entry, id(self))
        table.wholes.append(Whole(self._shape.kind, tuple(self._shape.fields), self.origin))

    def _own(self, table: Table, fixed: Mapping[Any, Any]) -> dict[str, Any]:
        """The values of the fields, plain; of a union of classes that which overrides mean."""
        given = self._shape.apart(self.source) if self._shape.is_made(self.source) else defaults_of(self._shape)
        own: dict[str, Any] = {}
        for name, value in given.items():
            entry = table.own[id(self)].get(name)
            own[name] = value if entry is None else fitted_own(table, entry, value, self.places[name], fixed.get(name))
        if self._shape.is_made(self.source):
            table.kept.keep_given((), own, self.source)
        return own

    def _docs(self) -> dict[str, str]:
        return {name: text for name, text in self._shape.docs.items() if text}

    def __repr__(self) -> str:
        return f"<config class {self.name} at {self.origin}>"


def _is_generated(kind: type) -> bool:
    """Whether a docstring is that which ``@dataclass`` makes up."""
    return bool(kind.__doc__) and str(kind.__doc__).startswith(f"{kind.__name__}(")
