"""How the command line names a MongoDB: ``-m [HOST:PORT:]DATABASE[.COLLECTION[:ID]][!PRIORITY]``, or a URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.observers.mongo import PRIORITY, MongoObserver
from expkit.observers.opening import open_observer
from expkit.stores.mongo.place import DATABASE, RUNS, SCHEMES, Place, names_of

if TYPE_CHECKING:
    from expkit.observers.base import RunObserver

FORMS = "[HOST:PORT:]DATABASE[.COLLECTION[:ID]][!PRIORITY], HOST:PORT, or mongodb://HOST:PORT/DATABASE"

_HOST = r"(?P<host>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*):(?P<port>[0-9]{1,5})"
_NAME = r"[A-Za-z_][^.:!/\\\s\"$*<>|?]{0,63}"
_RUNS = rf"(?P<database>{_NAME})(?:\.(?P<collection>{_NAME})(?::(?P<id>[0-9]{{1,12}}))?)?"
_PRIORITY = re.compile(r"(?P<rest>.*)!(?P<number>-?[0-9]+)", re.DOTALL)
_SPECS = (re.compile(_HOST), re.compile(rf"(?:{_HOST}:)?{_RUNS}"))
_LAST_PORT = 65535


def observer_of(spec: str) -> RunObserver:
    """The observer that an argument of ``-m`` names.

    Raises:
        ValueError: it names none.
    """
    text, number = _ranked(spec)
    priority = float(PRIORITY if number is None else number)
    if text.partition("://")[0].lower() in SCHEMES:
        observer = open_observer(text, {}, {})
        observer.priority = priority
        return observer
    parts = _parts(text)
    server = f"mongodb://{parts['host'] or 'localhost'}:{parts['port'] or 27017}"
    try:
        runs, metrics = names_of(parts.get("collection") or RUNS)
    except StoreError as error:
        raise ValueError(str(error)) from None
    place = Place(server, parts.get("database") or DATABASE, runs, metrics)
    return MongoObserver.at(place, parts.get("id"), priority)


def parts_of(spec: str) -> dict[str, str | None]:
    """What such an argument says, but for URLs: host, port, database, collection, id, priority; None: left out.

    Raises:
        ValueError: it names no place.
    """
    text, number = _ranked(spec)
    return {**_parts(text), "priority": number}


def _ranked(spec: str) -> tuple[str, str | None]:
    ranked = _PRIORITY.fullmatch(spec)
    return (ranked["rest"], ranked["number"]) if ranked else (spec, None)


def _parts(text: str) -> dict[str, str | None]:
    match = next((match for pattern in _SPECS if (match := pattern.fullmatch(text))), None)
    if match is None:
        raise ValueError(f"this is no place in MongoDB; give {FORMS}")
    parts = match.groupdict()
    if not 0 < int(parts["port"] or 1) <= _LAST_PORT:
        raise ValueError(f"there is no port {parts['port']}; ports go from 1 to {_LAST_PORT}")
    return parts
