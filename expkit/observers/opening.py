"""From what a user names an observer by (an object, a URL, a callable) to the observer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Union, cast

from expkit._support.loading import loading
from expkit._support.urls import folder_of, plugins, split_url, unknown_scheme
from expkit.errors import NoObserverError, StoreError
from expkit.observers.base import RunObserver
from expkit.observers.dispatch import dispatch
from expkit.stores.urls import GROUP as STORES
from expkit.stores.urls import (
    OFFLINE,
    SQL,
    check_options,
    database_folder,
    is_ours,
    is_remote,
    known_schemes,
    open_store,
    without_driver,
    without_offline,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.types import RunId

    Factory = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]

ObserverLike = Union[RunObserver, str, "os.PathLike[str]", "Factory"]
"""An observer, the URL or folder of a store, or a callable of (config, options) that returns one of these."""

GROUP = "expkit.observers"
"""Entry points of this group are callables of (URL) that return an observer, named by the URL's scheme.

A scheme that only a store has is observed to by writing into that store."""


_NEAR = 0.8


class ForeignObserver(RunObserver):
    """Something with event methods that is no :class:`RunObserver`; those that it has are called.

    Attributes:
        target: the object itself.
    """

    def __init__(self, target: Any) -> None:
        self.target = target
        self.priority = getattr(target, "priority", 0)

    def __repr__(self) -> str:
        return repr(self.target)

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Call the event method that fits."""
        answer: RunId | None = dispatch(self.target, event, record, RunObserver)
        return answer

    def join(self) -> None:
        """Pass it on."""
        if hasattr(self.target, "join"):
            self.target.join()


def open_observer(spec: Any, config: Mapping[str, Any], options: Mapping[str, Any]) -> RunObserver:
    """The observer that ``spec`` stands for.

    Args:
        spec: see :data:`ObserverLike`.
        config: the run's config, for callables.
        options: the command line's options, for callables.

    Raises:
        NoObserverError: nothing that could observe.
    """
    if isinstance(spec, (str, os.PathLike)):
        return _open_place(spec)
    if isinstance(spec, type):
        raise NoObserverError(f"{spec.__name__} is a class; give an instance: {spec.__name__}(...)")
    if isinstance(spec, RunObserver):
        return spec
    if hasattr(spec, "started_event") and not isinstance(spec, type):
        return ForeignObserver(spec)
    if callable(spec):
        made = spec(config, options)
        if isinstance(made, (RunObserver, str, os.PathLike)):
            return open_observer(made, config, options)
    raise NoObserverError(
        f"{spec!r} is no observer: give an instance of expkit.observers.RunObserver, "
        "a URL such as 'folder:runs', or a callable of (config, options) that returns one"
    )


def _open_place(place: str | os.PathLike[str]) -> RunObserver:
    try:
        made = _opened(place)
    except StoreError as error:
        raise NoObserverError(str(error)) from None
    if isinstance(made, RunObserver):
        made.of_one_run = True
    return made


def _opened(place: str | os.PathLike[str]) -> RunObserver:
    url, offline = without_offline(place)
    scheme, rest = split_url(url)
    if isinstance(url, str) and "?" in url and rest != url:
        _check_options(scheme, rest)
    opener = _OPENERS.get(without_driver(scheme))
    if opener is not None:
        return opener(url, offline)
    return _plugged_in(scheme, os.fspath(url), offline) or _into_store(os.fspath(url), offline)


def _check_options(scheme: str, rest: str) -> None:
    """Refuse what looks like a mistyped ``offline``: a run that must not start would, or the other way round."""
    if scheme in ("folder", "memory", "tinydb"):
        check_options(scheme, rest)
    from difflib import get_close_matches

    for option in rest.rpartition("?")[2].split("&"):
        name = option.partition("=")[0]
        if name != OFFLINE and get_close_matches(name.lower(), [OFFLINE], cutoff=_NEAR):
            raise NoObserverError(f"{name!r} is no option of {scheme}:; did you mean {OFFLINE}?")


def _plugged_in(scheme: str, url: str, offline: str | None) -> RunObserver | None:
    """What an installed package adds for the scheme; None where it is to be observed by writing into a store."""
    if is_ours(scheme):
        return None
    observers, stores = plugins(GROUP), plugins(STORES)
    if scheme in observers:
        if offline is not None:
            raise NoObserverError(f"offline={offline} is for stores; {scheme}: is an observer of its own kind")
        return cast("RunObserver", observers[scheme]()(url))
    if scheme not in stores and not is_remote(scheme, url.partition(":")[2]):
        raise NoObserverError(unknown_scheme(scheme, {"notify", *known_schemes(), *observers, *stores}, GROUP, STORES))
    return None


def _into_folder(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    with loading:
        from expkit.observers.file import FileStorageObserver

    try:
        return FileStorageObserver(folder_of(split_url(url)[1]), offline=offline)
    except ValueError as error:
        raise NoObserverError(str(error)) from None


def _into_mongodb(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    from expkit.observers.mongo import MongoObserver

    return MongoObserver.at(os.fspath(url), offline=offline)


def _into_sql(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    from expkit.observers.sql import SqlObserver

    return SqlObserver(os.fspath(url), offline=offline)


def _into_s3(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    from expkit.observers.remote import S3Observer

    return S3Observer.of_url(os.fspath(url), offline=offline)


def _into_google(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    from expkit.observers.remote import GoogleCloudStorageObserver

    return GoogleCloudStorageObserver.of_url(os.fspath(url), offline=offline)


def _into_tinydb(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    with loading:
        from expkit.observers.tinydb import TinyDbObserver

    return TinyDbObserver(database_folder(split_url(url)[1]), offline=offline)


def _to_people(url: str | os.PathLike[str], offline: str | None) -> RunObserver:
    from expkit.observers.notices.notify import open_notices

    if offline is not None:
        raise NoObserverError(f"offline={offline} is for stores; notify: tells people, and keeps nothing")
    return open_notices(split_url(url)[1])


def _into_store(url: str, offline: str | None) -> RunObserver:
    from expkit.observers.store import StoreObserver

    return StoreObserver(open_store(url), offline=offline)


_OPENERS: dict[str, Callable[[str | os.PathLike[str], str | None], RunObserver]] = {
    "folder": _into_folder,
    "gcs": _into_google,
    "gs": _into_google,
    "mongodb": _into_mongodb,
    "mongodb+srv": _into_mongodb,
    "notify": _to_people,
    "s3": _into_s3,
    "s3a": _into_s3,
    "tinydb": _into_tinydb,
    **dict.fromkeys(SQL, _into_sql),
}
"""Observers of our own that are more than a store, by scheme."""
