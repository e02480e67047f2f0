"""Values for declared entries: from overrides, from configs, and what evaluation gave in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.paths import get_in, has_path, join, put_in
from expkit.config.typed.families import has_fields
from expkit.config.typed.fit import Fitting, chosen, lacking_fields
from expkit.config.typed.kept import taken_apart
from expkit.config.typed.kinds import (
    checked_by_class,
    holds_shape,
    inner_kind,
    is_leaf,
    is_part,
    kind_of,
    shapes_in,
    takes_any_key,
    text_of,
)
from expkit.config.typed.library import unchecked
from expkit.config.typed.objects import finished
from expkit.config.typed.problems import UnfitError
from expkit.config.typed.shapes import ABSENT, shape_of
from expkit.config.typed.table import UNFIT, Entry, Misfit, misfit_of
from expkit.config.typed.texts import fitted_text
from expkit.config.values import differs
from expkit.record.tagged import Masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary
    from expkit.config.typed.shapes import Shape
    from expkit.config.typed.table import Table, Whole


def fitted_override(table: Table, path: Path, value: Any, origin: Origin, text: str = "") -> Any:
    """What an override gives to an entry.

    Args:
        table: of the ingredient; is told what does not fit.
        path: of the entry, from the ingredient.
        value: that is given.
        origin: who gives it.
        text: the value as it was typed, if it was: tried where the literal that it means does not fit.

    Returns:
        The value as the entry's type wants it; as it is where no type is declared; :data:`UNFIT`.
    """
    entry = table.of(path)
    if entry is None or is_a(value, Masked):
        return value
    if has_fields(value):
        table.kept.imposed[path] = type(value)
    keys = path[len(entry.path) :]
    kind = inner_kind(entry.kind, keys)
    if kind is None:
        return _beside(table, entry, path, value, origin)
    try:
        return fitted_text(Fitting(complete=False, kept=table.kept, above=path), kind, value, text)
    except UnfitError as error:
        if entry.soft or checked_by_class(entry.kind, keys):
            return value
        table.given += [
            misfit_of(entry, path, problem, origin, "" if problem.at else text) for problem in error.problems
        ]
        return UNFIT


def _beside(table: Table, entry: Entry, path: Path, value: Any, origin: Origin) -> Any:
    """What is given where a type says nothing; inside a number, say, there is no place for anything."""
    for end in range(len(entry.path), len(path)):
        above = inner_kind(entry.kind, path[len(entry.path) : end])
        if above is not None and is_leaf(above):
            table.given.append(Misfit(path, value, f"there are no entries in {join(path[:end])}", entry, origin))
            return UNFIT
    return value


def impose_classes(table: Table, config: Mapping[Any, Any], paths: Iterable[Path]) -> None:
    """Let the classes of objects count that a named config gives.

    Args:
        table: of the ingredient.
        config: the entries that the named config gives, and those before it.
        paths: of the entries that it gives.
    """
    given = set(paths)
    for path, entry in table.entries.items():
        shape = _class_at(table, entry, path, config) if has_path(config, path) and shapes_in(entry.kind) else None
        if shape is not None and not shape.is_dict and all((*path, name) in given for name in shape.fields):
            table.kept.imposed[path] = shape.kind


def spelt(table: Table, path: Path) -> Path:
    """A path by the names of fields, where somebody wrote what their class calls them.

    Args:
        table: of the ingredient.
        path: of an entry, from the ingredient.
    """
    entry = table.of(path)
    if entry is None:
        return path
    keys = list(path)
    for place in range(len(entry.path), len(path)):
        above = inner_kind(entry.kind, keys[len(entry.path) : place])
        for shape in shapes_in(above) if above is not None else ():
            if keys[place] not in shape.fields:
                keys[place] = shape.named.get(keys[place], keys[place])
    return tuple(keys)


def default_at(table: Table, path: Path, config: Mapping[Any, Any]) -> Any:
    """What a class makes a field by itself; :data:`ABSENT` for what is no field of a class, or one that must be given.

    Args:
        table: of the ingredient.
        path: of the entry, from the ingredient.
        config: the ingredient's entries.
    """
    entry = table.of(path)
    if entry is None or entry.path == path:
        return ABSENT
    shape = _class_at(table, entry, path[:-1], config)
    field = None if shape is None else shape.fields.get(path[-1])
    if field is None or field.default is None:
        return ABSENT
    return Fitting(kept=table.kept, above=path)(kind_of(field), field.default())


def fitted_tree(table: Table, tree: dict[Any, Any], origins: Mapping[str, Origin], origin: Origin) -> None:
    """Make the entries that a config gives as a dict fit.

    Args:
        table: of the ingredient; is told what does not fit.
        tree: the entries; changed.
        origins: places of entries.
        origin: of the config, for the others.
    """
    for path, entry in table.entries.items():
        if has_path(tree, path):
            where = origins.get(join(path), origin)
            put_in(tree, path, fitted_own(table, entry, get_in(tree, path), where))


def fitted_own(table: Table, entry: Entry, value: Any, origin: Origin | None, strong: Any = None) -> Any:
    """What a config assigns to an entry, as its type wants it; as it is where it does not fit, which is noted.

    Args:
        table: of the ingredient.
        entry: what is declared.
        value: that is assigned.
        origin: where that is done.
        strong: what overrides say about the entry.
    """
    try:
        return Fitting(complete=False, strong=strong, kept=table.kept, above=entry.path)(entry.kind, value)
    except UnfitError as error:
        note(table, entry, error, origin)
        return value


def declare_objects(table: Table, found: list[tuple[Path, Any]], origin: Origin) -> None:
    """Declare the entries that are objects of classes of fields.

    Args:
        table: of the ingredient.
        found: paths and objects.
        origin: where they were written down.
    """
    for path, value in found:
        if is_entry(value):
            table.declare(Entry(path=path, kind=type(value), text=text_of(type(value)), origin=origin))


def is_entry(value: Any) -> bool:
    """Whether a value is an object of a class of fields, can be made by giving these, and does not hold itself."""
    shape = shape_of(type(value))
    if shape is None or not shape.is_made_of_fields:
        return False
    try:
        taken_apart(value)
    except Exception:  # RecursionError, or whatever a property raises
        return False
    return True


def note(table: Table, entry: Entry, error: UnfitError, origin: Origin | None = None) -> None:
    """Note what does not fit; a class that checks its fields by itself will tell about them."""
    if entry.soft:
        return
    table.misfits += [misfit_of(entry, entry.path, problem, origin) for problem in error.problems]


def settle(table: Table, summary: ConfigSummary, fixed: Mapping[Any, Any]) -> None:
    """Make the result of all configs of an ingredient fit, and its marks speak of declared entries.

    Args:
        table: of the ingredient; is told what does not fit.
        summary: the result; changed.
        fixed: what overrides say.
    """
    for path, entry in table.entries.items():
        if not has_path(summary, path):
            continue
        value = get_in(summary, path)
        try:
            fitted = Fitting(strong=get_in(fixed, path), kept=table.kept, above=path)(entry.kind, value)
        except UnfitError as error:
            note(table, entry, error)
            continue
        if type(fitted) is not type(value) or differs(fitted, value) or is_a(value, (dict, list, tuple)):
            put_in(summary, path, fitted)
        if takes_any_key(entry.kind):
            summary.open.add(join(path))
    _mark(table, summary)
    _warn_of_unchecked(table)


def _warn_of_unchecked(table: Table) -> None:
    """Say once which entries are not looked into."""
    for path, entry in table.entries.items() if unchecked else ():
        for text, kind in unchecked.items():
            if is_part(kind, entry.kind):
                said = f"{entry.origin}: what lies in {join(path)} is not checked: pydantic does not know {text}"
                table.warnings[said] = None


def _mark(table: Table, summary: ConfigSummary) -> None:
    known = {name for name in (*summary.added, *summary.typechanged) if is_declared(table, name, summary)}
    summary.modified |= known
    summary.added -= known
    for name in known & summary.typechanged.keys():
        del summary.typechanged[name]


def is_declared(table: Table, name: str, config: Mapping[Any, Any]) -> bool:
    """Whether a type is declared for an entry, or follows from that of what it lies in."""
    from expkit.config.paths import split

    path = split(name)
    entry = table.of(path)
    if entry is None:
        return False
    if inner_kind(entry.kind, path[len(entry.path) :]) is not None:
        return True
    shape = _class_at(table, entry, path[:-1], config)
    return shape is not None and path[-1] in shape.fields


def _class_at(table: Table, entry: Entry, path: Path, config: Mapping[Any, Any]) -> Shape | None:
    """The class of the object at a path, at or below an entry."""
    kind = inner_kind(entry.kind, path[len(entry.path) :]) if path[: len(entry.path)] == entry.path else None
    shapes = [] if kind is None else shapes_in(kind)
    value = get_in(config, path)
    if not shapes or not is_a(value, dict):
        return None
    return table.kept.meant(path, shapes, value) or chosen(shapes, value)


def missing(table: Table, config: Mapping[Any, Any]) -> Iterator[tuple[Path, Entry]]:
    """The entries, or fields of entries, that must be given and are not."""
    for path, entry in {**table.entries, **table.required}.items():
        if has_path(config, path):
            for keys in lacking_fields(entry.kind, get_in(config, path)):
                yield (*path, *keys), entry
        elif path in table.required:
            inner = lacking_fields(entry.kind, {})
            yield from (((*path, *keys), entry) for keys in inner or [()])


def finish(table: Table, config: dict[Any, Any], *, strict: bool) -> None:
    """Make an object of every entry of a class, so that its validators run; what they refuse is noted.

    Args:
        table: of the ingredient.
        config: its entries; they get what the objects hold, where these can be made of it again.
        strict: refuse keys that no field has.
    """
    lacking = {path for path, _ in missing(table, config)}
    for path, entry in table.entries.items():
        if holds_shape(entry.kind) and has_path(config, path) and not any(one[: len(path)] == path for one in lacking):
            put_in(config, path, _finished(table, entry, get_in(config, path), strict=strict))
    for whole in () if table.misfits else table.wholes:
        if not any(path[0] in whole.names for path in lacking):
            own = {name: config[name] for name in whole.names if name in config}
            config.update(_finished(table, entry_of(whole), own, strict=False))


def _finished(table: Table, entry: Entry, value: Any, *, strict: bool) -> Any:
    try:
        return finished(entry.kind, value, table.kept, entry.path, strict=strict)
    except UnfitError as error:
        note(table, entry.but(soft=False), error)
        return value


def entry_of(whole: Whole) -> Entry:
    """A class whose fields are entries, as if it were an entry."""
    from expkit.config.typed.kinds import text_of

    return Entry(path=(), kind=whole.kind, text=text_of(whole.kind), origin=whole.origin)
