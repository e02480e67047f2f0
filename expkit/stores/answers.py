"""What stores answer with: small facts, as tuples. The protocol itself is in :mod:`expkit.stores.base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.types import RunId


class Capabilities(NamedTuple):
    """What a store can do beyond the minimum; the contract checks that a flag is honest.

    Attributes:
        durable: what was acknowledged survives the death of the process.
        shared: several processes may write at once.
        folder: every run has a local folder of its own, so the store can be the local log: it is an
            :class:`~expkit.stores.base.IsLocalLog`.
        counts: ids of its own choice are whole numbers. A store that cannot let one of several processes win a name
            gives a number with a unique suffix, as in ``7-3f9a1c``.
        at_once: how many threads at once bring their bytes sooner than one; more than one where every answer is far away.
    """

    durable: bool = False
    shared: bool = False
    folder: bool = False
    counts: bool = True
    at_once: int = 1


class RunKey(NamedTuple):
    """The two names of a run in one store."""

    id: RunId
    uid: str


class Change(NamedTuple):
    """One entry of the change log: something happened to the run ``uid``.

    ``what`` is ``created``, ``saved``, ``annotated``, ``deleted`` or ``resumed``. A store may say ``saved`` of a run that has
    ended and gets points after that, too.
    """

    uid: str
    what: str
    time: datetime


class Blob(NamedTuple):
    """Stored bytes: hex digest and size in bytes."""

    sha256: str
    size: int
