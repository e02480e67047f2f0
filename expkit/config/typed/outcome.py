"""What types say about a whole config: what is declared, what lacks, what is refused, and the objects to hand out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers
from expkit.config.origin import Origin
from expkit.config.paths import get_in, has_path, join, put_in
from expkit.config.typed.declared import Declared
from expkit.config.typed.docs import places
from expkit.config.typed.fit import chosen, lacking_fields
from expkit.config.typed.giving import finish, missing
from expkit.config.typed.kinds import bare, choices, holds_shape, inner_kind, kind_of, shapes_in, text_of
from expkit.config.typed.library import dumped
from expkit.config.typed.misfits import required_error, type_error
from expkit.config.typed.objects import Maker
from expkit.config.typed.problems import UnfitError
from expkit.config.typed.table import misfit_of
from expkit.config.typed.written import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from expkit.config.paths import Path
    from expkit.config.typed.table import Entry, Table

    Tables = Sequence[tuple[Path, Table]]
    Who = Callable[[str], Origin | None]


_PLAIN = frozenset((type(None), bool, int, float, str, dict))


class Outcome:
    """What is declared about a config.

    Args:
        tables: keys of each ingredient from the root, and its table.
        config: the run's config.
        docs: what comments say about entries.
    """

    def __init__(self, tables: Tables, config: Mapping[Any, Any], docs: Mapping[str, str]) -> None:
        self._tables = tables
        self._config = config
        self._docs = docs

    @cached_property
    def declared(self) -> dict[str, Declared]:
        """By path: what is declared about entries, and about the fields of those of a class type."""
        return {
            join(entry.path): entry
            for keys, table in self._tables
            for own in table.entries.values()
            for entry in self._expanded(keys, table, own)
        }

    @cached_property
    def missing(self) -> tuple[Declared, ...]:
        """What must be given and is not."""
        found: dict[str, Declared] = {}
        for keys, table in self._tables:
            for path, entry in missing(table, get_in(self._config, keys, {})):
                name = join(keys + path)
                found[name] = self.declared.get(name) or self._declared(keys + path, entry, required=True)
        return tuple(found.values())

    @cached_property
    def _objects(self) -> list[tuple[Path, Entry, Table]]:
        return [
            (keys + entry.path, entry, table)
            for keys, table in self._tables
            for entry in table.entries.values()
            if holds_shape(entry.kind)
        ]

    @property
    def holds_objects(self) -> bool:
        """Whether there are entries of a class type."""
        return bool(self._objects)

    def with_objects(self, keys: Path, value: Any) -> Any:
        """See :meth:`expkit.config.resolve.Resolution.with_objects`."""
        for path, entry, table in self._objects:
            if keys[: len(path)] == path:
                return self._made(path, keys[len(path) :], entry, table, value)
            if path[: len(keys)] == keys:
                value = self._inserted(path, len(keys), entry, table, value)
        return value

    def recorded(self, config: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """See :meth:`expkit.config.resolve.Resolution.recorded`."""
        for entry in self.declared.values():
            value = get_in(config, entry.path)
            if type(value) in _PLAIN or holds_shape(entry.annotation) or not _is_lost(value):
                continue
            config = copy_containers(dict(config))
            put_in(config, entry.path, dumped(entry.annotation, value))
        return config

    def written(self, config: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """See :meth:`expkit.config.resolve.Resolution.written`."""
        config = copy_containers(dict(config))
        for keys, table in self._tables:
            for path, entry in table.entries.items():
                if has_path(config, keys + path):
                    put_in(config, keys + path, written(entry.kind, get_in(config, keys + path)))
        return config

    def _inserted(self, path: Path, depth: int, entry: Entry, table: Table, value: Any) -> Any:
        inner = get_in(value, path[depth:], self)
        if inner is self:
            return value
        value = dict(value)
        below = value
        for key in path[depth:-1]:
            below[key] = dict(below[key])
            below = below[key]
        below[path[-1]] = self._made(path, (), entry, table, inner)
        return value

    def _made(self, path: Path, keys: Path, entry: Entry, table: Table, value: Any) -> Any:
        kind = inner_kind(entry.kind, keys) if keys else entry.kind
        try:
            if kind is None or lacking_fields(kind, value):
                return value
            return Maker(table.kept, entry.path + keys)(kind, value)
        except UnfitError as error:
            own = entry.but(path=path)
            misfits = [misfit_of(own, (*path, *keys), one) for one in error.problems]
            raise type_error((((), misfit) for misfit in misfits), lambda _: None) from None

    def _declared(self, path: Path, entry: Entry, *, required: bool) -> Declared:
        return Declared(
            path=path,
            annotation=entry.kind,
            text=entry.text,
            origin=entry.origin,
            doc=self._docs.get(join(path), ""),
            required=required,
            choices=choices(entry.kind),
        )

    def _expanded(self, keys: Path, table: Table, entry: Entry) -> Iterator[Declared]:
        path = keys + entry.path
        required = entry.path in table.required
        yield self._declared(path, entry, required=required)
        yield from self._fields(path, entry.kind, get_in(self._config, path), ())

    def _fields(self, path: Path, kind: Any, value: Any, above: tuple[type, ...]) -> Iterator[Declared]:
        shapes = shapes_in(kind)
        if not shapes:
            return
        value = value if is_a(value, dict) else {}
        shape = chosen(shapes, value) if len(shapes) > 1 else shapes[0]
        if shape.kind in above and not value:
            return
        file, lines = places(shape.kind)
        origin = Origin(f"class {shape.kind.__name__}", file)
        for name, field in shape.fields.items():
            here = (*path, name)
            yield Declared(
                path=here,
                annotation=kind_of(field),
                text=field.written or text_of(field.kind),
                origin=origin._replace(line=lines.get(name, 0)),
                doc=self._docs.get(join(here), "") or shape.docs[name],
                required=field.required,
                choices=choices(field.kind),
            )
            yield from self._fields(here, bare(field.kind)[0], value.get(name), (*above, shape.kind))


def _is_lost(value: Any) -> bool:
    """Whether a record could not give a value back."""
    from expkit.record.codec import Opaque, decode, encode, opaque_paths

    return bool(opaque_paths({"": decode(encode(value))}, kinds=(Opaque,)))


def refuse_misfits(tables: Tables, who: Who, more: str = "") -> None:
    """Refuse values that do not fit.

    Args:
        tables: keys of each ingredient from the root, and its table.
        who: tells who gave an entry its value.
        more: lines to add.

    Raises:
        ConfigTypeError: the message has a line for each.
    """
    misfits = [(keys, misfit) for keys, table in tables for misfit in (*table.given, *table.misfits)]
    if misfits:
        raise type_error(misfits, who, more)


def refuse_missing(missing: Iterable[Declared]) -> None:
    """Refuse a config without entries that must be given.

    Raises:
        RequiredEntryError: the message has a line for each.
    """
    entries = list(missing)
    if entries:
        raise required_error(entries)


def finish_objects(branches: Iterable[tuple[Path, Table, dict[Any, Any]]], who: Who, *, strict: bool) -> None:
    """Make the objects of a config, and let its entries hold what these hold.

    Args:
        branches: keys of each ingredient from the root, its table and its entries.
        who: tells who gave an entry its value.
        strict: refuse keys that no field has.

    Raises:
        ConfigTypeError: classes refuse values; the message has a line for each.
    """
    tables = []
    for keys, table, config in branches:
        finish(table, config, strict=strict)
        tables.append((keys, table))
    refuse_misfits(tables, who)
