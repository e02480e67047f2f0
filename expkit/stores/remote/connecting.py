"""From a place to the driver of its file system."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from expkit._support.quiet import quieten
from expkit.errors import StoreError
from expkit.stores.remote.kinds import lacks
from expkit.stores.remote.options import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.remote.drivers import Driver
    from expkit.stores.remote.place import Place


def connected(place: Place) -> Driver:
    """A driver for a place.

    Raises:
        StoreError: its package is not installed, or it takes no such options.
    """
    with hushed(*place.kind.driver.loggers):
        fs = _asked(place)
    return place.kind.driver(fs, place)


def _asked(place: Place) -> Any:
    try:
        return _made(place)
    except (ImportError, KeyError) as error:
        raise StoreError(lacks(place.kind, error)).lasting() from None
    except TypeError as error:
        raise StoreError(f"{place.where} cannot be asked like this: {error}").lasting() from None
    except FileNotFoundError as error:  # not there is a key or another file of whoever asks
        raise StoreError(f"{place.where} cannot be asked: {error}").lasting() from None


def _made(place: Place) -> Any:
    driver = place.kind.driver
    system = driver.system(place.kind.protocol)
    check(place, system, place.options)
    return driver.made(system, place)


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let loggers print nothing from now on, and say nothing at all meanwhile: what is wrong is raised as well."""
    from logging import getLogger

    loggers = [getLogger(name) for name in names]
    before = [logger.propagate for logger in loggers]
    for name, logger in zip(names, loggers, strict=True):
        quieten(name)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.propagate = propagate
