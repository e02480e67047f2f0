"""Runs that were queued and start later, under their own id.

What was queued is the base of the run that starts: command, name, tags, comment and the like, and the config. Values
that can be restored are those that were queued, whatever the definitions say by now. Updates and named configs of the
start come on top. So the record speaks of what was asked for, when the run was queued and when it was started.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from expkit.config.base import Base, base_from
from expkit.config.merging import overlay
from expkit.config.origin import Origin
from expkit.errors import RunExistsError, RunNotFoundError
from expkit.observers.store import StoreObserver
from expkit.record.codec import decode
from expkit.record.later import Later
from expkit.record.model import QUEUED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.observers.base import RunObserver
    from expkit.record.model import FileRef, RunRecord
    from expkit.run.inputs import RunInputs
    from expkit.run.observing import Observing
    from expkit.stores.base import RunStore
    from expkit.types import RunId

log = logging.getLogger("expkit")

_INVOCATION = frozenset(("command", "options", "named_configs", "config_updates", "tags"))
"""What a record's ``meta`` says about the command line; the rest is the user's, such as comment and priority."""


def find_queued(observing: Observing, run_id: RunId, config: Callable[[], Mapping[str, Any]]) -> QueuedRun | None:
    """The queued run of this id in the first store that has it; None where there is none.

    Args:
        observing: who would be told of the start.
        run_id: what ``--id`` names.
        config: the config as far as it is known, for observers that ask for it.

    Raises:
        RunExistsError: it lies in the trash.
    """

    def waiting(observer: RunObserver) -> QueuedRun | None:
        if not isinstance(observer, StoreObserver):
            return None
        try:
            record = observer.store.load(run_id)
        except RunNotFoundError:
            return None
        if record.status == QUEUED:
            _refuse_trashed(observer.store, record)
            return QueuedRun(record)
        return None

    found: QueuedRun | None = observing.first(waiting, config)
    return found


def _refuse_trashed(store: RunStore, record: RunRecord) -> None:
    """Nobody wants a run that lies in the trash: it is not for starting, and ``expkit gc`` may delete it at any moment."""
    if Later(store.annotations(record.uid)).trash is not None:
        raise RunExistsError(
            f"run {record.id} is queued, but lies in the trash; expkit rm --restore {record.id} takes it out"
        )


def refuse_taken(observing: Observing, run_id: RunId, config: Mapping[str, Any]) -> None:
    """Refuse an id that a run has already, where something else is wrong with the start, too: the id is not to be had.

    Args:
        observing: who would be told of the start.
        run_id: what ``--id`` names.
        config: for observers that ask for it.

    Raises:
        RunExistsError: a store has it.
    """

    def taken(observer: RunObserver) -> str | None:
        if isinstance(observer, StoreObserver):
            with suppress(RunNotFoundError):
                return f"there is a run {str(observer.store.load(run_id).id)!r} already; choose another id"
        return None

    if (found := observing.first(taken, lambda: config)) is not None:
        raise RunExistsError(found)


class QueuedRun:
    """A queued run that is about to start.

    Args:
        record: of the queued run.
    """

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._meta: dict[str, Any] = decode(record.meta)
        self._named = [str(name) for name in self._meta.get("named_configs") or ()]
        self._updates: dict[Any, Any] = self._meta.get("config_updates") or {}

    def fill(self, inputs: RunInputs) -> None:
        """Take from what was queued whatever the start does not say."""
        inputs.command = inputs.command or self._meta.get("command") or self._record.command
        inputs.name = inputs.name or self._record.name
        inputs.tags = list(dict.fromkeys([*(self._meta.get("tags") or ()), *inputs.tags]))
        kept = {key: value for key, value in self._meta.items() if key not in _INVOCATION}
        inputs.meta_info = {**kept, **inputs.meta_info}

    def base(self) -> Base:
        """The config that was queued."""
        config = decode(self._record.config)
        return base_from(
            Origin(f"queued run {self._record.id}"), config, self._record.facts, self._named, self._updates
        )

    def meta_with(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """What the record says about the invocation: named configs and updates of both."""
        updates: dict[Any, Any] = {}
        overlay(updates, self._updates)
        overlay(updates, meta["config_updates"])
        return {**meta, "named_configs": [*self._named, *meta["named_configs"]], "config_updates": updates}

    def started(self, record: RunRecord) -> RunRecord:
        """``record`` as the start of this run."""
        gaps = tuple(
            f"source {ref.path} has changed since the run was queued"
            for ref in record.files_of("source")
            if ref.sha256 != _sha256(self._record.files_of("source"), ref.path)
        )
        for gap in gaps:
            log.warning("%s", gap)
        return record.but(uid=self._record.uid, queue_time=self._record.queue_time, gaps=record.gaps + gaps)


def _sha256(refs: Sequence[FileRef], path: str) -> str:
    return next((ref.sha256 for ref in refs if ref.path == path), "")
