"""A config as JSON Schema: types, choices, bounds, docs and defaults. Loaded when somebody asks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, is_a, tolerate
from expkit.config.paths import below, is_prefix
from expkit.config.typed.fragments import Fragments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from expkit.config.typed.declared import Declared
    from expkit.types import Json

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
    definitions = writer.fragments.definitions(schema)
    return {**schema, "$defs": definitions} if definitions else schema


class _Writer:
    """Writes what lies in a config, entry by entry."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self.fragments = Fragments({path: found.annotation for path, found in outline.declared.items()})

    def section(self, path: str, value: Any, known: Mapping[str, Any] = {}) -> Schema:
        """What may lie in a dict: of no type, of an ingredient, or of a class whose fields are ``known``."""
        outline = self._outline
        keys = outline.keys(path, value)
        inner = {key: below(path, key) for key in keys}
        given = value if is_a(value, dict) else {}
        body: Schema = {
            "properties": {
                key: self.entry(name, given.get(key, _ABSENT), known.get(key)) for key, name in inner.items()
            }
        }
        if not path or path in outline.ingredients:
            body["properties"].setdefault("seed", self.entry(below(path, "seed"), _ABSENT))
        if required := [key for key, name in inner.items() if name in outline.missing]:
            body["required"] = required
        if not any(place == "" or is_prefix(place, path) for place in outline.open):
            body["additionalProperties"] = False
        return body

    def entry(self, path: str, value: Any, known: Schema | None = None) -> Schema:
        """One entry; its value is :data:`_ABSENT` where it has none."""
        outline = self._outline
        declared = outline.declared.get(path)
        schema: Schema = {**(known or self.fragments.of(path) or _listed(declared))}
        if declared is None and self._is_seed(path):
            schema = {**_SEED}
        if doc := outline.doc(path):
            schema["description"] = doc
        if self._is_section(path, value) and "anyOf" not in schema:
            return self._nested(path, value, schema)
        schema.pop("default", None)
        return {**schema, **_default(value)}

    def _is_seed(self, path: str) -> bool:
        above, _, name = path.rpartition(".")
        return name == "seed" and (not above or above in self._outline.ingredients)

    def _nested(self, path: str, value: Any, schema: Schema) -> Schema:
        outline = self._outline
        said = {**self.fragments.target(schema), **schema}
        kept: Schema = {key: said[key] for key in ("title", "description") if key in said}
        if path in outline.declared or path in outline.ingredients:
            kept["type"] = "object"
        return {**kept, **self.section(path, value, said.get("properties", {}))}

    def _is_section(self, path: str, value: Any) -> bool:
        if path in self._outline.ingredients:
            return True
        if is_a(value, dict) and not all(is_a(key, str) for key in value):
            return False
        named = bool(self._outline.keys(path, {}))
        if not is_a(value, dict):
            return value is _ABSENT and named
        return named or (bool(value) and path not in self._outline.declared)


_ABSENT: Any = object()


def _by_parent(names: Collection[str]) -> dict[str, list[str]]:
    """Keys by the dict that they lie in, for all names and the dicts above them."""
    found: dict[str, dict[str, None]] = {}
    for name in names:
        parts = name.split(".") if "[" not in name else ()
        for depth, part in enumerate(parts):
            found.setdefault(".".join(parts[:depth]), {})[part] = None
    return {parent: list(keys) for parent, keys in found.items()}


def _listed(declared: Declared | None) -> Schema:
    return {"enum": _plain(list(declared.choices))} if declared is not None and declared.choices else {}


def _default(value: Any) -> Schema:
    """The default of an entry, where JSON can say it."""
    if value is _ABSENT:
        return {}
    try:
        plain = _plain(value)
        json.dumps(plain, allow_nan=False)
    except RAISED as error:
        tolerate(error)
        return {}
    return {"default": plain}


def _plain(value: Any) -> Json:
    """A value as a person writes it in JSON: a path as its text, a member of an enumeration as its value."""
    from pydantic_core import to_jsonable_python

    from expkit.record.encoding import encode

    plain: Json = to_jsonable_python(value, fallback=encode)
    return plain
