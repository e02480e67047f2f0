"""Types as JSON Schema. Classes of fields are ours to write; everything else is what pydantic says."""

from __future__ import annotations

import json
import re
import warnings
from enum import Enum, Flag
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from expkit._support.odd import RAISED, is_a, tolerate
from expkit._support.secrets import Secret
from expkit.config.typed.kinds import LISTS, MAPPINGS, alternatives, bare, holds_shape, is_union, kind_of
from expkit.config.typed.shapes import ABSENT, Field, Shape, shape_of
from expkit.record.masking import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from expkit.types import Json

Schema = dict[str, Any]

_WHERE = "#/$defs/"


class Fragments:
    """Schemas of types. Classes of fields inside other types are referred to.

    Attributes:
        definitions: what is referred to, by name.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type; ``{}`` for one that only Python can check."""
        inner, marks = bare(kind)
        if not holds_shape(inner):
            return _leaf(inner, marks)
        shape = shape_of(inner)
        if shape is not None:
            return {"$ref": f"{_WHERE}{self._name(shape)}"}
        if is_union(inner):
            return {"anyOf": [self.of(member) for member in alternatives(inner)]}
        bounds = _leaf(get_origin(inner), marks) if marks else {}
        return {**bounds, **self._container(inner)}

    def field(self, shape: Shape, field: Field) -> Schema:
        """The schema of a class's field, with what is said about it, without its default."""
        info = getattr(shape.kind, "model_fields", getattr(shape.kind, "__pydantic_fields__", {})).get(field.name)
        kind = kind_of(field)
        schema = self.of(kind if info is None or holds_shape(kind) else Annotated[kind, info])
        if _is_converted(shape, field):
            schema = {}
        schema = {key: value for key, value in schema.items() if key != "default"}
        return {**schema, "description": field.doc} if field.doc else schema

    def described(self, shape: Shape) -> Schema:
        """Name and doc of a class."""
        doc = shape.kind.__doc__ or ""
        written = doc if not doc.startswith(f"{shape.kind.__name__}(") else ""  # else a data class's own
        return {"title": shape.kind.__name__, **({"description": _cleaned(written)} if written else {})}

    def _name(self, shape: Shape) -> str:
        if shape.kind not in self._names:
            name = shape.kind.__name__
            name = next(free for free in (name, *(f"{name}{n}" for n in range(2, 999))) if free not in self.definitions)
            self._names[shape.kind] = name
            self.definitions[name] = {}
            self.definitions[name].update(self._defined(shape))
        return self._names[shape.kind]

    def _defined(self, shape: Shape) -> Schema:
        fields = {name: {**self.field(shape, field), **_own_default(field)} for name, field in shape.fields.items()}
        schema: Schema = {**self.described(shape), "type": "object", "properties": fields}
        if required := [name for name, field in shape.fields.items() if field.required]:
            schema["required"] = required
        return schema if shape.extra else {**schema, "additionalProperties": False}

    def _container(self, kind: Any) -> Schema:
        origin, inner = get_origin(kind), get_args(kind)
        if origin in MAPPINGS:
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if origin is tuple and inner[1:] != (...,):
            return {
                "type": "array",
                "prefixItems": [self.of(item) for item in inner],
                "minItems": len(inner),
                "items": False,
            }
        if origin in (*LISTS, tuple, set, frozenset):
            return {"type": "array", "items": self.of(inner[0])}
        return {}


class _Generator(GenerateJsonSchema):
    """What JSON Schema cannot say stays open, and nobody is warned: the rest is as true without it."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}  # noqa: RUF012

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:  # noqa: ARG002
        return {}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _leaf(kind: Any, marks: tuple[Any, ...]) -> Schema:
    if kind is Secret:
        return {"type": "string", "format": "password"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _flags(kind) if issubclass(kind, Flag) else listed(tuple(kind))
    if get_origin(kind) is Literal:
        return listed(get_args(kind))
    bounded = (kind, *marks)
    whole: Any = Annotated[bounded] if marks else kind
    for config in (ConfigDict(arbitrary_types_allowed=True), None):
        try:
            with warnings.catch_warnings():  # of marks that only count in a class, such as an alias
                warnings.simplefilter("ignore")
                adapter: TypeAdapter[Any] = TypeAdapter(whole, config=config)
                return _inlined(adapter.json_schema(schema_generator=_Generator))
        except RAISED as error:
            tolerate(error)
    return {}


def _flags(kind: type[Flag]) -> Schema:
    """A number, or names with strokes between them."""
    name = f"({'|'.join(map(re.escape, kind.__members__))})"
    most = sum({member.value for member in kind})
    return {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": most},
            {"type": "string", "pattern": rf"^{name}( *\| *{name})*$"},
        ]
    }


def _inlined(schema: Schema) -> Schema:
    """A schema with its definitions (of enumerations) in the places that refer to them."""
    definitions = schema.pop("$defs", {})

    def inline(part: Any) -> Any:
        if isinstance(part, list):
            return [inline(item) for item in part]
        if not isinstance(part, dict):
            return part
        here = {key: inline(item) for key, item in part.items() if key != "$ref"}
        if here.get("propertyNames", {}).get("type", "string") != "string":  # keys of JSON are texts
            del here["propertyNames"]
        target = definitions.get(str(part.get("$ref", "")).removeprefix(_WHERE))
        return here if target is None else {**inline(target), **here}

    inlined: Schema = inline(schema)
    return inlined


def listed(choices: tuple[Any, ...]) -> Schema:
    """The schema of what is one of a few values."""
    found: list[Json] = []
    names = [choice.name for choice in choices if is_a(choice, Enum)]
    for choice in (*names, *map(plain, choices)):
        if not any(choice == other and type(choice) is type(other) for other in found):
            found.append(choice)
    return {"enum": found}


def plain(value: Any) -> Json:
    """A value as a person writes it in JSON: a path as its text, a member of an enumeration as its value.

    Raises:
        ValueError: JSON has nothing for it.
    """
    found: Json = to_jsonable_python(value)
    return found


def default(value: Any) -> Schema:
    """The default of an entry, where JSON can say it."""
    try:
        return {"default": json.loads(json.dumps(plain(value), allow_nan=False))}
    except RAISED as error:
        tolerate(error)
        return {}


def _is_converted(shape: Shape, field: Field) -> bool:
    """Whether a converter takes what is given, whatever the field's type is."""
    attributes = getattr(shape.kind, "__attrs_attrs__", ())
    return any(attribute.name == field.name and attribute.converter is not None for attribute in attributes)


def _own_default(field: Field) -> Schema:
    value = ABSENT if field.default is None else field.default()
    return {} if value is ABSENT else default(masked(value, field.name))


def _cleaned(doc: str) -> str:
    from inspect import cleandoc

    return cleandoc(doc)
