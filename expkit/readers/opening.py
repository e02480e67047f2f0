"""Where people begin to look: :func:`runs` and :func:`open_run`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Union

from expkit.provenance.projects import default_store
from expkit.readers.resolve import resolve
from expkit.readers.selection import Runs
from expkit.stores.urls import open_store

if TYPE_CHECKING:
    from expkit.readers.asking import Where
    from expkit.readers.run import StoredRun
    from expkit.stores.base import RunStore
    from expkit.types import RunId

    Place = Union[RunStore, str, os.PathLike[str], None]
    """A store, the path or URL of one; None: where runs go that name no observer."""


def runs(where: Where | None = None, store: Place = None, *, trash: bool = False) -> Runs:
    """The runs of a store, or those of them for which something is true. Nothing is read before somebody asks.

    Args:
        where: a text such as ``"config.lr < 0.1 and state == 'COMPLETED'"``, or a tree of :mod:`expkit.record.query`.
        store: a store, or its path or URL. By default where runs go that name no observer: ``SETTINGS.DEFAULT_STORE``, the
            environment variable ``EXPKIT_STORE``, ``store`` in ``[tool.expkit]`` of ``pyproject.toml``, the folder ``runs``.
        trash: whether runs in the trash are among them.

    Raises:
        QueryError: a text that cannot be read, or a field that no run has.
        StoreError: nobody can open such a store.
    """
    found = Runs(opened(store), trash=trash)
    return found if where is None else found.where(where)


def open_run(run: RunId, store: Place = None) -> StoredRun:
    """One run of a store.

    Args:
        run: its id or uid; ``last`` or ``last~2``, the second before it; ``best:max:metrics.acc.max``; ``~`` and the
            beginning of its uid; its name.
        store: see :func:`expkit.runs`.

    Raises:
        RunNotFoundError: there is none; the message has near names.
        SeveralRunsError: several fit; the message names them.
    """
    return resolve(Runs(opened(store)), run)


def opened(store: Place) -> RunStore:
    """The store that is meant."""
    place = default_store() if store is None else store
    return open_store(place) if isinstance(place, (str, os.PathLike)) else place
