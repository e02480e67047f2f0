"""Classes that are made of fields: data classes, attrs classes, pydantic models, typed dicts and named tuples."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from expkit._support.frozen import Frozen
from expkit._support.odd import is_a
from expkit.config.typed.docs import doc_in, written_docs
from expkit.config.typed.families import family_of
from expkit.errors import ConfigScopeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ABSENT = type("Absent", (), {"__repr__": lambda _: "ABSENT"})()
"""What stands for a value that is not there."""


class Field(Frozen):
    """A field of a class.

    Attributes:
        name: of the field.
        kind: its annotation.
        default: makes the default, :data:`ABSENT` where only the class can; None if the field is required.
        doc: what is said about it.
        alias: what the constructor calls it.
        written: the annotation as text, where the class kept it so.
        soft: whether the class converts what it is given, so that a value need not fit the annotation.
    """

    name: str
    kind: Any
    default: Any = None
    doc: str = ""
    alias: str = ""
    written: str = ""
    soft: bool = False

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is None


class Shape:
    """A class that is made of fields.

    Args:
        kind: the class.

    Attributes:
        kind: the class.
        fields: by name, in order.
        extra: whether it takes other fields, too.
        is_dict: whether its objects are plain dicts.
        checks_defaults: whether its validators see values that are defaults, too.
    """

    extra = False
    is_dict = False
    checks_defaults = True

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.fields: dict[str, Field] = {field.name: field for field in self._find()}

    @cached_property
    def arguments(self) -> frozenset[str]:
        """Fields that objects do not keep."""
        return frozenset()

    @cached_property
    def docs(self) -> dict[str, str]:
        """What is said about the fields, in the class's source as well."""
        written = written_docs(self.kind)
        return {name: field.doc or written.get(name, "") for name, field in self.fields.items()}

    @cached_property
    def named(self) -> dict[str, str]:
        """The fields by what the class itself calls them where it tells what is wrong."""
        return {field.alias: name for name, field in self.fields.items() if field.alias}

    @cached_property
    def is_made_of_fields(self) -> bool:
        """Whether objects can be made by giving the fields, so that they may be taken apart."""
        from inspect import signature

        if any(self.fields[name].required for name in self.arguments & self.fields.keys()):
            return False
        try:
            signature(self.kind).bind(**{field.alias or name: None for name, field in self.fields.items()})
        except (TypeError, ValueError):
            return False
        return True

    def of(self, kind: Any) -> Shape:
        """The same class with arguments for its type variables."""
        free = getattr(self.kind, "__parameters__", ())
        arguments = dict(zip(free, get_args(kind), strict=False))
        if not arguments:
            return self
        other = copy(self)
        fields = self.fields.items()
        other.fields = {name: field.but(kind=_filled(field.kind, arguments)) for name, field in fields}
        return other

    def _find(self) -> list[Field]:
        raise NotImplementedError

    def make(self, values: dict[str, Any]) -> Any:
        """An object of the class.

        Raises:
            Exception: whatever the class raises.
        """
        names = {name: self.fields[name].alias or name for name in values}
        return self.kind(**{names[name]: value for name, value in values.items()})

    def apart(self, value: Any) -> dict[str, Any]:
        """The values of an object's fields."""
        names = (name for name in self.fields if name not in self.arguments)
        return {name: getattr(value, name) for name in names if hasattr(value, name)}

    def is_made(self, value: Any) -> bool:
        """Whether a value is an object of the class."""
        return is_a(value, self.kind)

    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.kind, include_extras=True)
        except NameError:
            return {name: self._hint(name, kind) for name, kind in _annotations(self.kind).items()}

    def _hint(self, name: str, kind: Any) -> Any:
        """One hint alone; of classes that are made in functions, others may not be found."""
        import sys

        if not isinstance(kind, str):
            return kind
        scope = {**vars(sys.modules.get(self.kind.__module__, sys)), self.kind.__name__: self.kind}
        try:
            return eval(kind, scope)  # noqa: S307 - as the class's author wrote it
        except Exception as error:
            where = f"{self.kind.__module__}.{self.kind.__qualname__}"
            raise ConfigScopeError(
                f"the type of field {name} of {where}, {kind}, cannot be evaluated ({error}); "
                "define what it names at the top level of the module"
            ) from None

    def _field(
        self, name: str, kind: Any, default: Any, doc: str = "", alias: str = "", *, soft: bool = False
    ) -> Field:
        written = _annotations(self.kind).get(name)
        return Field(
            name=name,
            kind=kind,
            default=default,
            doc=doc or doc_in(kind),
            alias=alias,
            soft=soft,
            written=written if isinstance(written, str) else "",
        )


class _DataClass(Shape):
    @cached_property
    def arguments(self) -> frozenset[str]:
        """Fields that are only arguments: ``InitVar``."""
        return frozenset(
            name for name, field in self.kind.__dataclass_fields__.items() if field._field_type.name == "_FIELD_INITVAR"
        )

    def _find(self) -> list[Field]:
        hints = self._hints()
        return [
            self._field(name, self._kind_of(hints[name]), self._default(field), doc_in(field.metadata))
            for name, field in self.kind.__dataclass_fields__.items()
            if field.init and get_origin(hints.get(name)) is not ClassVar and hints.get(name) is not ClassVar
        ]

    def _kind_of(self, hint: Any) -> Any:
        return getattr(hint, "type", hint) if type(hint).__name__ == "InitVar" else hint

    def _default(self, field: Any) -> Any:
        from dataclasses import MISSING

        if field.default_factory is not MISSING:
            return field.default_factory
        return None if field.default is MISSING else (lambda: field.default)


class _Attrs(Shape):
    def _find(self) -> list[Field]:
        hints = self._hints()
        return [
            self._field(
                field.name,
                hints.get(field.name, field.type or Any),
                self._default(field.default),
                doc_in(field.metadata),
                getattr(field, "alias", None) or field.name.lstrip("_"),
                soft=field.converter is not None,
            )
            for field in self.kind.__attrs_attrs__
            if field.init
        ]

    def _default(self, default: Any) -> Any:
        if getattr(default, "name", "") == "NOTHING":
            return None
        if hasattr(default, "takes_self"):
            return (lambda: ABSENT) if default.takes_self else default.factory
        return lambda: default


class _Pydantic(Shape):
    checks_defaults = False

    def _find(self) -> list[Field]:
        if "model_rebuild" in dir(self.kind):
            self.kind.model_rebuild()
        config = getattr(self.kind, "model_config", None) or getattr(self.kind, "__pydantic_config__", None) or {}
        self.extra = config.get("extra") == "allow"
        infos = getattr(self.kind, "__pydantic_fields__", None) or self.kind.model_fields
        return [
            self._field(
                name,
                info.annotation,
                self._default(info),
                info.description or doc_in(info.metadata),
                _alias(info),
                soft=True,
            )
            for name, info in infos.items()
            if getattr(info, "init", None) is not False
        ]

    def _default(self, info: Any) -> Any:
        if info.is_required():
            return None

        def make() -> Any:
            try:
                return info.get_default(call_default_factory=True)
            except (TypeError, ValueError):  # a factory that wants the other fields
                return ABSENT

        return make

    def make(self, values: dict[str, Any]) -> Any:
        """An object of the class; its validators run."""
        named = {self._key(name): value for name, value in values.items()}
        return self.kind.model_validate(named) if hasattr(self.kind, "model_validate") else self.kind(**named)

    def apart(self, value: Any) -> dict[str, Any]:
        """The values of an object's fields."""
        return {**super().apart(value), **(getattr(value, "model_extra", None) or {})}

    @cached_property
    def is_made_of_fields(self) -> bool:
        """Always."""
        return True

    def _key(self, name: str) -> str:
        field = self.fields.get(name)
        return (field.alias if field else "") or name


class _TypedDict(Shape):
    is_dict = True

    def _find(self) -> list[Field]:
        needed = self.kind.__required_keys__
        return [
            self._field(name, kind, None if _needs(kind, name in needed) else (lambda: ABSENT))
            for name, kind in self._hints().items()
        ]

    def make(self, values: dict[str, Any]) -> Any:
        """A plain dict."""
        return dict(values)

    def apart(self, value: Any) -> dict[str, Any]:
        """A copy."""
        return dict(value)

    def is_made(self, value: Any) -> bool:  # noqa: ARG002
        """No dict is told from others."""
        return False


def _needs(kind: Any, otherwise: bool) -> bool:
    """Whether a typed dict needs a key; its own list knows nothing of annotations that are texts."""
    mark = getattr(get_origin(kind), "_name", "")
    return mark == "Required" or (mark != "NotRequired" and otherwise)


class _NamedTuple(Shape):
    def _find(self) -> list[Field]:
        hints, defaults = self._hints(), self.kind._field_defaults
        return [
            self._field(name, hints.get(name, Any), (lambda name=name: defaults[name]) if name in defaults else None)
            for name in self.kind._fields
        ]


_shapes: dict[int, tuple[type, Shape | None]] = {}
_MOST = 512


def shape_of(kind: Any) -> Shape | None:
    """What a class is made of, one with arguments (``Pair[int]``) as well; None for anything else.

    Raises:
        ConfigScopeError: a field's type cannot be evaluated.
    """
    origin = get_origin(kind)
    if origin is not None:
        shape = _of_class(origin) if isinstance(origin, type) else None
        return None if shape is None else shape.of(kind)
    return _of_class(kind) if isinstance(kind, type) else None


def _of_class(kind: type) -> Shape | None:
    known = _shapes.get(id(kind))
    if known is None or known[0] is not kind:
        if len(_shapes) > _MOST:  # classes that functions make anew, and whose runs are over
            _shapes.clear()
        finder = _FINDERS.get(family_of(kind))
        known = _shapes[id(kind)] = kind, finder(kind) if finder else None
    return known[1]


def _filled(kind: Any, arguments: Mapping[Any, Any]) -> Any:
    """A type with its variables replaced."""
    if type(kind).__name__ == "TypeVar":
        return arguments.get(kind, kind)
    free = getattr(kind, "__parameters__", ()) if get_origin(kind) is not None else ()
    return kind[tuple(arguments.get(one, one) for one in free)] if free else kind


_FINDERS: dict[str, type[Shape]] = {
    "pydantic": _Pydantic,
    "attrs": _Attrs,
    "dataclass": _DataClass,
    "tuple": _NamedTuple,
    "dict": _TypedDict,
}


def _alias(info: Any) -> str:
    """What a pydantic field is called in what it is validated from; empty if that is its name."""
    alias = getattr(info, "validation_alias", None)
    choices = getattr(alias, "choices", [alias])
    return next((choice for choice in choices if isinstance(choice, str)), "")


def _annotations(kind: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(getattr(kind, "__mro__", ())):
        own = getattr(base, "__annotations__", None) if base is kind else vars(base).get("__annotations__")
        found.update(own if isinstance(own, dict) else {})
    return found
