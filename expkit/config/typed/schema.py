"""A config as JSON Schema: types, choices, bounds, docs and defaults. Loaded when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.paths import below, is_prefix, join, split
from expkit.config.typed.fragments import Fragments, default
from expkit.config.typed.kinds import bare
from expkit.config.typed.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

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
        classes: by path of an ingredient, ``""`` for the experiment: the classes whose fields are its entries.
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
        classes: Mapping[str, Sequence[Any]] = {},
        hide: Callable[[str], str] = str,
    ) -> None:
        self.config = config
        self.declared = declared
        self.docs = docs
        self.ingredients = frozenset(ingredients)
        self.hide = hide
        self._missing = frozenset(missing)
        self._open = frozenset(open)
        self._classes = classes
        self._names = _by_parent([*declared, *asked, *ingredients])

    def keys(self, path: str, value: Any) -> list[str]:
        """The names of what is known to lie directly in an entry: those with a value first."""
        given = [key for key in value if is_a(key, str)] if is_a(value, dict) else []
        return list(dict.fromkeys([*given, *self._names.get(path, ())]))

    def doc(self, path: str) -> str:
        """What is said about an entry, without secrets."""
        declared = self.declared.get(path)
        return self.hide(self.docs.get(path) or (declared.doc if declared else ""))

    def lacks(self, path: str) -> bool:
        """Whether an entry, or something in it, must be given and is not."""
        return any(is_prefix(path, name) for name in self._missing)

    def is_open(self, path: str) -> bool:
        """Whether a dict takes any key; an ingredient inside an open dict decides for itself."""
        return any(is_prefix(place, path) and self._owner(place) == self._owner(path) for place in self._open)

    def shapes(self, path: str) -> list[Shape]:
        """The classes whose fields are the entries of the experiment or of an ingredient."""
        return [shape for kind in self._classes.get(path, ()) if (shape := shape_of(kind)) is not None]

    def _owner(self, path: str) -> str:
        return max((other for other in self.ingredients if is_prefix(other, path)), key=len, default="")


def config_schema(outline: Outline, title: str = "", doc: str = "") -> Schema:
    """The JSON Schema (draft 2020-12) of a whole config.

    Args:
        outline: of the config.
        title: the experiment's name.
        doc: what is said about the experiment.
    """
    writer = _Writer(outline)
    body = writer.section("", outline.config, outline.shapes(""))
    described = {"title": title, "description": outline.hide(doc)}
    schema = {"$schema": DIALECT, **{key: text for key, text in described.items() if text}, "type": "object", **body}
    definitions = writer.fragments.definitions
    return {**schema, "$defs": definitions} if definitions else schema


class _Writer:
    """Writes what lies in a config, entry by entry."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.fragments = Fragments()

    def section(self, path: str, value: Any, shapes: Sequence[Shape] = ()) -> Schema:
        """What may lie in a dict.

        Args:
            path: of the dict.
            value: the dict.
            shapes: classes of whose fields some of its entries are.
        """
        outline = self._outline
        inner = {key: below(path, key) for key in outline.keys(path, value)}
        given = value if is_a(value, dict) else {}
        fields = {name: (shape, field) for shape in shapes for name, field in shape.fields.items()}
        properties = {key: self.entry(name, given.get(key, _ABSENT), fields.get(key)) for key, name in inner.items()}
        if not path or path in outline.ingredients:
            properties.setdefault("seed", self.entry(below(path, "seed"), _ABSENT))
        body: Schema = {"properties": properties}
        if required := [key for key, name in inner.items() if outline.lacks(name)]:
            body["required"] = required
        is_open = outline.is_open(path) or any(shape.extra for shape in shapes)
        return body if is_open else {**body, "additionalProperties": False}

    def entry(self, path: str, value: Any, field: tuple[Shape, Field] | None = None) -> Schema:
        """One entry, of a class's field if so; its value is :data:`_ABSENT` where it has none."""
        outline = self._outline
        declared = outline.declared.get(path)
        shape = shape_of(bare(declared.annotation)[0]) if declared else None
        if path in outline.ingredients:
            return {"type": "object", **self._doc(path), **self.section(path, value, outline.shapes(path))}
        if shape is None and self._is_section(path, value):
            return {**self._doc(path), **self.section(path, value)}
        if shape is not None:
            return {
                **self.fragments.described(shape),
                "type": "object",
                **self._doc(path),
                **self.section(path, value, [shape]),
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
        path = split(name)
        for depth, part in enumerate(path):
            if isinstance(part, str):  # what lies in a list is told by the type of the list
                found.setdefault(join(path[:depth]), {})[part] = None
    return {parent: list(keys) for parent, keys in found.items()}
