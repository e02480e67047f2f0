"""Which bytes runs name: the one rule by which every store's ``sweep`` decides what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.errors import RunNotFoundError
from expkit.record.tagged import run_blobs

if TYPE_CHECKING:
    from expkit.stores.base import RunStore


def named(store: RunStore) -> set[str]:
    """The sha256 of all bytes that the runs of a store name, in their records or in later facts.

    Raises:
        FormatError: a run cannot be read, so nobody knows what it names.
    """
    return {sha256 for key in store.ids() for sha256 in _of_run(store, key.uid)}


def _of_run(store: RunStore, uid: str) -> set[str]:
    try:
        return run_blobs(store.load(uid), store.annotations(uid))
    except RunNotFoundError:  # somebody deleted it meanwhile
        return set()
