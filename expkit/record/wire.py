"""How records, events and what lies beside them are written as JSON; ``record-v1.schema.json`` is its schema.

A record's top-level keys are the predecessor's where it had them, so that tools made for it can read ours. Some are
repeated for such readers only and ignored on reading: ``experiment.sources``, ``resources`` and ``artifacts``, all of
them derived from ``files``.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from expkit.errors import FormatError
from expkit.record.encoding import encode
from expkit.record.events import Event
from expkit.record.model import FORMAT, Annotation, ConfigFacts, FileRef, Launch, Lease, RunRecord
from expkit.record.tagged import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from expkit.record.tagged import PutBytes
    from expkit.types import Json

_Ours = TypeVar("_Ours")
_NONE = object()
_LONGEST_INTERVAL = 1e9

# -- times ---------------------------------------------------------------------------------------------


def time_to_json(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds, so that texts sort like times; naive times mean local time."""
    return None if time is None else time.astimezone(timezone.utc).isoformat(timespec="microseconds")


def time_from_json(text: Json) -> datetime | None:
    """The aware UTC time; a text without zone means UTC.

    Raises:
        FormatError: the text is no time.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except (TypeError, ValueError, OverflowError):
        raise FormatError(f"{text!r} is no time in ISO 8601") from None


# -- records -------------------------------------------------------------------------------------------


def record_to_json(record: RunRecord) -> dict[str, Json]:
    """The JSON form of a record; its trees are shared, not copied."""
    tree: dict[str, Json] = {"format": record.format, "_id": record.id}
    tree.update((key, getattr(record, key)) for key in (*_REQUIRED, *_OPTIONAL, *_TREES))
    tree.update((key, time_to_json(getattr(record, key))) for key in _TIMES)
    tree.update((key, list(getattr(record, key))) for key in _LISTS)
    tree["facts"] = _to_json(record.facts)
    tree["launch"] = _to_json(record.launch)
    tree["files"] = [file_to_json(ref) for ref in record.files]
    sources = [[ref.path, ref.md5] for ref in record.files_of("source")]
    return tree | {
        "experiment": {**record.experiment, "sources": sources},
        "resources": [[ref.path, ref.md5] for ref in record.files_of("resource")],
        "artifacts": [ref.path for ref in record.files_of("artifact")],
    }


def record_from_json(tree: Json) -> RunRecord:
    """The record of :func:`record_to_json`. Unknown keys are ignored: they come from newer minor versions.

    Raises:
        FormatError: the tree is no record, or one of a format that only later versions read.
    """
    _check_format(tree)
    lacking = [key for key in _REQUIRED if not isinstance(tree.get(key), str)]
    if lacking:
        raise FormatError(f"this is no record of a run: {', '.join(lacking)} is missing or no text")
    values: dict[str, Any] = {key: tree[key] for key in (*_REQUIRED, *_OPTIONAL) if key in tree}
    wrong = [key for key, kind in _KINDS.items() if type(tree.get(key, kind())) is not kind]
    if wrong:
        raise FormatError(f"this is no record of a run: {', '.join(wrong)} is of the wrong type")
    values.update((key, time_from_json(tree.get(key))) for key in _TIMES)
    values.update((key, tuple(_typed(tree, key, list))) for key in _LISTS)
    values.update((key, _typed(tree, key, dict)) for key in _TREES)
    values["experiment"] = {key: item for key, item in values["experiment"].items() if key != "sources"}
    return RunRecord(
        **values,
        id=tree.get("_id"),
        facts=_from_json(ConfigFacts, _typed(tree, "facts", dict)),
        launch=_from_json(Launch, _typed(tree, "launch", dict)),
        files=tuple(file_from_json(item) for item in _typed(tree, "files", list)),
        format=tree["format"],
    )


_REQUIRED = ("uid", "name", "command", "status")
_TIMES = ("queue_time", "start_time", "stop_time", "heartbeat")
_LISTS = ("fail_trace", "gaps", "unseen")
_TREES = ("experiment", "host", "meta", "config", "info")
_OPTIONAL = ("result", "parent", "segment", "ranks", "seed", "cause")
_KINDS = {"segment": int, "ranks": int, "cause": str}


def _check_format(tree: Json) -> None:
    number = tree.get("format") if isinstance(tree, dict) else None
    if type(number) is not int:
        raise FormatError("this is no record of a run: it does not say its format number")
    if number > FORMAT:
        raise FormatError(
            f"this record has format {number}, and this version of expkit reads formats up to {FORMAT};"
            " a newer version of expkit wrote it, and can read it"
        )


def _typed(tree: dict[str, Json], key: str, kind: Callable[[], Any]) -> Any:
    value = tree.get(key, kind())
    if type(value) is not kind:
        raise FormatError(f"this is no record of a run: {key} is {type(value).__name__}, not {kind.__name__}")
    return value


# -- what records hold and what lies beside them --------------------------------------------------------


def file_to_json(ref: FileRef) -> dict[str, Json]:
    """The JSON form of a file reference."""
    return _to_json(ref)


def file_from_json(tree: Json) -> FileRef:
    """The file reference of :func:`file_to_json`."""
    return _from_json(FileRef, tree)


def lease_to_json(lease: Lease) -> dict[str, Json]:
    """The JSON form of a lease; what one reader saw of it is no part of it."""
    return {key: value for key, value in _to_json(lease).items() if key != "unmoved"}


def lease_from_json(tree: Json) -> Lease:
    """The lease of :func:`lease_to_json`.

    Raises:
        FormatError: the tree is no lease.
    """
    lease = _from_json(Lease, tree)
    if not 0 <= lease.interval <= _LONGEST_INTERVAL:
        raise FormatError(f"this is no Lease: nobody renews it every {lease.interval} seconds")
    return lease


def annotation_to_json(annotation: Annotation) -> dict[str, Json]:
    """The JSON form of an annotation."""
    return _to_json(annotation)


def annotation_from_json(tree: Json) -> Annotation:
    """The annotation of :func:`annotation_to_json`."""
    return _from_json(Annotation, tree)


# -- events --------------------------------------------------------------------------------------------

_ENCODED = {"info": True, "result": True, "host": False, "experiment": False}
"""Fields of events that hold values; whether NumPy scalars in them are unwrapped."""

_EVENTS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Event)}


def event_to_json(event: Event, arrays: PutBytes | None = None) -> dict[str, Json]:
    """The JSON form of an event.

    Args:
        event: any event; its values are encoded.
        arrays: keeps the bytes of large arrays among the values.
    """
    tree: dict[str, Json] = {"event": type(event).__name__}
    for name, unwrap in _ENCODED.items():
        value = encode(getattr(event, name, None), arrays, unwrap=unwrap)
        if value is not None and value != {}:
            tree[name] = value
    return tree | _to_json(event, _ENCODED)


def event_from_json(tree: Json) -> Event:
    """The event of :func:`event_to_json`; its values come as :class:`~expkit.record.tagged.Encoded`.

    So folding it encodes nothing twice, and :func:`~expkit.record.codec.decode` gives the values.

    Raises:
        FormatError: the tree is no event that this version knows.
    """
    name = tree.get("event") if isinstance(tree, dict) else None
    if not isinstance(name, str) or name not in _EVENTS:
        raise FormatError(f"this version of expkit knows no event {name!r}")
    values = {key: Encoded(item) if key in _ENCODED else item for key, item in tree.items()}
    event: Event = _from_json(_EVENTS[name], values)
    return event


# -- any of our frozen classes ----------------------------------------------------------------------------

_READ: dict[str, Callable[[Any], Any]] = {
    "time": time_from_json,
    "first_seen": time_from_json,
    "renewed": time_from_json,
    "record": record_from_json,
    "file": file_from_json,
    "files": lambda trees: tuple(file_from_json(tree) for tree in trees),
    "facts": lambda tree: _from_json(ConfigFacts, tree),
    "typechanged": lambda tree: {key: tuple(pair) for key, pair in tree.items()},
}


def _to_json(thing: Any, leave_out: Container[str] = ()) -> dict[str, Json]:
    """The fields of an object that are not as usual."""
    kind: Any = type(thing)
    values: dict[str, Any] = thing.__dict__
    return {
        name: value if type(value := values[name]) in _PLAIN else _field_to_json(value)
        for name, usual in _usual(kind).items()
        if name not in leave_out and values[name] != usual
    }


_PLAIN = frozenset((str, int, float, bool))


def _field_to_json(value: Any) -> Json:
    if isinstance(value, datetime):
        return time_to_json(value)
    if isinstance(value, RunRecord):
        return record_to_json(value)
    if isinstance(value, (FileRef, ConfigFacts)):
        return _to_json(value)
    if isinstance(value, dict):
        return {key: _field_to_json(item) for key, item in value.items()}
    return [_field_to_json(item) for item in value] if isinstance(value, tuple) else value


def _from_json(kind: type[_Ours], tree: Json) -> _Ours:
    """An object of one of our frozen classes; unknown keys are ignored."""
    try:
        known: Any = kind
        values = {name: _read(name, tree[name], usual) for name, usual in _usual(known).items() if name in tree}
        _check_types(known, values)
        return kind(**values)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"this is no {kind.__name__}: {error}") from None


def _read(name: str, item: Json, usual: Any) -> Any:
    if name in _READ:
        return _READ[name](item)
    return tuple(item) if isinstance(usual, tuple) else item


def _check_types(kind: Any, values: Mapping[str, Any]) -> None:
    wrong = [name for name, types in _types(kind).items() if name in values and type(values[name]) not in types]
    if wrong:
        raise FormatError(f"this is no {kind.__name__}: {', '.join(wrong)} is of the wrong type")


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "datetime": (datetime,),
}


@cache
def _types(kind: Any) -> Mapping[str, tuple[type, ...]]:
    """The plain types of the fields of one of our classes; what else there is may be anything."""
    return {name: _TYPES[text] for name, text in kind.__annotations__.items() if text in _TYPES}


@cache
def _usual(kind: Any) -> Mapping[str, Any]:
    """The fields of one of our classes and their defaults, :data:`_NONE` where there is none."""
    usual: Mapping[str, Any] = dict.fromkeys(kind._fields, _NONE) | kind.usual()
    return usual
