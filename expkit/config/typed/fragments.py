"""JSON Schemas of annotations, as pydantic writes them: :class:`Fragments`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from expkit._support.odd import RAISED, tolerate
from expkit.record.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_WHERE = "#/$defs/"


class Fragments:
    """The schemas of many annotations, which refer to the same definitions.

    Args:
        annotations: by any names.
    """

    def __init__(self, annotations: Mapping[str, Any]) -> None:
        adapters = {name: made for name, kind in annotations.items() if (made := _adapter(kind)) is not None}
        self._schemas, self._definitions = _generated(adapters)

    def of(self, name: str) -> Schema:
        """The schema of an annotation; ``{}`` where nothing is known, as with a class that only Python can check."""
        return self._schemas.get(name, {})

    def target(self, schema: Schema) -> Schema:
        """The definition that a schema refers to; itself if to none."""
        return self._definitions.get(schema.get("$ref", "").removeprefix(_WHERE), schema)

    def definitions(self, schema: Schema) -> dict[str, Schema]:
        """Those definitions that a schema needs."""
        needed: dict[str, Schema] = {}
        left = list(_references(schema))
        while left:
            name = left.pop()
            if name not in needed:
                needed[name] = self._definitions[name]
                left += _references(needed[name])
        return dict(sorted(needed.items()))


class _Generator(GenerateJsonSchema):
    """What JSON Schema cannot say stays open, and nobody is warned: the rest is as true without it."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}  # noqa: RUF012

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:  # noqa: ARG002
        return {}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _generated(adapters: Mapping[str, TypeAdapter[Any]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Schemas by name, and the definitions that they refer to; secrets among their defaults are masked."""
    inputs: list[Any] = [(name, "validation", adapter) for name, adapter in adapters.items()]
    found, shared = TypeAdapter.json_schemas(
        inputs, by_alias=False, ref_template=f"{_WHERE}{{model}}", schema_generator=_Generator
    )
    schemas: dict[str, Schema] = {name: schema for (name, _), schema in found.items()}
    definitions: dict[str, Schema] = shared.get("$defs", {})
    for schema in (*schemas.values(), *definitions.values()):
        _without_secrets(schema)
    return schemas, definitions


def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    for config in (None, ConfigDict(arbitrary_types_allowed=True)):
        try:
            return TypeAdapter(annotation, config=config)
        except RAISED as error:
            tolerate(error)
    return None


def _without_secrets(schema: Schema, name: str = "") -> None:
    for place in ("default", "examples"):
        if place in schema:
            schema[place] = json.loads(json.dumps(masked(schema[place], name)))
    for key, field in schema.get("properties", {}).items():
        _without_secrets(field, key)
    for inner in schema.values():
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, dict) and item is not schema.get("properties"):
                _without_secrets(item, name)


def _references(schema: Any) -> Iterator[str]:
    items = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        yield schema["$ref"].removeprefix(_WHERE)
    for item in items:
        yield from _references(item)
