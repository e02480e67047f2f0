"""A config as JSON Schema: types, choices, bounds, docs and defaults. Loaded when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.paths import below, is_prefix
from expkit.config.typed.fragments import Fragments, default
from expkit.config.typed.kinds import bare
from expkit.config.typed.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from expkit.config.typed.declared import Declared
    from expkit.config.typed.shapes import Field, Shape

    Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SEED: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 2**32 - 1}


class Outline:
    """What is known about the entries of a config. Paths are text, from the root.

    Args:
        config: the values, secrets masked; without those that were only chosen for one run.
        declared: what is declared about entries, and about the fields of those of a class type.
        docs: what is said about entries.
        missing: entries that must be given and are not.
        asked: entries that captured functions ask for.
        open: dicts that take any key.
        ingredients: whose configs lie in this one.
        hide: takes secrets out of a text.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        declared: Mapping[str, Declared] = {},
        docs: Mapping[str, str] = {},
        *,
        missing: Collection[str] = (),
        asked: Collection[str] = (),
        open: Collection[str] = (),
        ingredients: Collection[str] = (),
        hide: Callable[[str], str] = str,
    ) -> None:
        self.config = config
        self.declared = declared
        self.docs = docs
        self.missing = frozenset(missing)
        self.open = frozenset(open)
        self.ingredients = frozenset(ingredients)
        self.hide = hide
        self._names = _by_parent([*declared, *asked, *ingredients])

    def keys(self, path: str, value: Any) -> list[str]:
        """The names of what is known to lie directly in an entry: those with a value first."""
        given = [key for key in value if is_a(key, str)] if is_a(value, dict) else []
        return list(dict.fromkeys([*given, *self._names.get(path, ())]))

    def doc(self, path: str) -> str:
        """What is said about an entry, without secrets."""
        declared = self.declared.get(path)
        return self.hide(self.docs.get(path) or (declared.doc if declared else ""))


def config_schema(outline: Outline, title: str = "", doc: str = "") -> Schema:
    """The JSON Schema (draft 2020-12) of a whole config.

    Args:
        outline: of the config.
        title: the experiment's name.
        doc: what is said about the experiment.
    """
    writer = _Writer(outline)
    body = writer.section("", outline.config)
    described = {"title": title, "description": outline.hide(doc)}
    schema = {"$schema": DIALECT, **{key: text for key, text in described.items() if text}, "type": "object", **body}
    definitions = writer.fragments.definitions
    return {**schema, "$defs": definitions} if definitions else schema


class _Writer:
    """Writes what lies in a config, entry by entry."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.fragments = Fragments()

    def section(self, path: str, value: Any, shape: Shape | None = None) -> Schema:
        """What may lie in a dict: of no type, of an ingredient, or of a class of fields."""
        outline = self._outline
        inner = {key: below(path, key) for key in outline.keys(path, value)}
        given = value if is_a(value, dict) else {}
        fields = shape.fields if shape is not None else {}
        properties = {
            key: self.entry(name, given.get(key, _ABSENT), (shape, fields[key]) if shape and key in fields else None)
            for key, name in inner.items()
        }
        if not path or path in outline.ingredients:
            properties.setdefault("seed", self.entry(below(path, "seed"), _ABSENT))
        body: Schema = {"properties": properties}
        if required := [key for key, name in inner.items() if name in outline.missing]:
            body["required"] = required
        is_open = any(place == "" or is_prefix(place, path) for place in outline.open)
        return body if is_open or (shape and shape.extra) else {**body, "additionalProperties": False}

    def entry(self, path: str, value: Any, field: tuple[Shape, Field] | None = None) -> Schema:
        """One entry, of a class's field if so; its value is :data:`_ABSENT` where it has none."""
        outline = self._outline
        declared = outline.declared.get(path)
        shape = shape_of(bare(declared.annotation)[0]) if declared else None
        if path in outline.ingredients or (shape is None and self._is_section(path, value)):
            kind: Schema = {"type": "object"} if path in outline.ingredients else {}
            return {**kind, **self._doc(path), **self.section(path, value)}
        if shape is not None:
            return {
                **self.fragments.described(shape),
                "type": "object",
                **self._doc(path),
                **self.section(path, value, shape),
            }
        return {
            **self._type(path, declared, field),
            **self._doc(path),
            **(default(value) if value is not _ABSENT else {}),
        }

    def _type(self, path: str, declared: Declared | None, field: tuple[Shape, Field] | None) -> Schema:
        if field is not None:
            return self.fragments.field(*field)
        if declared is not None:
            return {**self.fragments.of(declared.annotation)}
        above, _, name = path.rpartition(".")
        return {**_SEED} if name == "seed" and (not above or above in self._outline.ingredients) else {}

    def _doc(self, path: str) -> Schema:
        doc = self._outline.doc(path)
        return {"description": doc} if doc else {}

    def _is_section(self, path: str, value: Any) -> bool:
        """Whether an entry of no class is a dict of entries."""
        if value is _ABSENT or path in self._outline.declared:
            return value is _ABSENT and bool(self._outline.keys(path, {})) and path not in self._outline.declared
        return is_a(value, dict) and bool(value) and all(is_a(key, str) for key in value)


_ABSENT: Any = object()


def _by_parent(names: Collection[str]) -> dict[str, list[str]]:
    """Keys by the dict that they lie in, for all names and the dicts above them."""
    found: dict[str, dict[str, None]] = {}
    for name in names:
        parts = name.split(".") if "[" not in name else ()
        for depth, part in enumerate(parts):
            found.setdefault(".".join(parts[:depth]), {})[part] = None
    return {parent: list(keys) for parent, keys in found.items()}
