"""Runs that were queued and start later, under their own id."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from expkit.config.origin import Origin
from expkit.config.updates import updates_from_mapping
from expkit.errors import RunNotFoundError
from expkit.observers.opening import open_observer
from expkit.observers.store import StoreObserver
from expkit.record.model import QUEUED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.record.model import FileRef, RunRecord
    from expkit.run.inputs import RunInputs

log = logging.getLogger("expkit")


def waiting_run(observers: Sequence[Any], inputs: RunInputs) -> RunRecord | None:
    """The queued run that ``--id`` names, in the first store that has it; None where there is none."""
    if inputs.id is None or inputs.queue_only:
        return None
    for spec in observers:
        observer = None if _is_factory(spec) else open_observer(spec, {}, {})
        if isinstance(observer, StoreObserver):
            try:
                record = observer.store.load(inputs.id)
            except RunNotFoundError:
                continue
            if record.status == QUEUED:
                return record
    return None


def freeze_config(inputs: RunInputs, queued: RunRecord) -> None:
    """Start from the config that was queued, unless the invocation gives updates of its own."""
    if not inputs.updates and not inputs.named_configs:
        from expkit.record.codec import decode

        origin = Origin(f"queued run {queued.id}")
        inputs.updates = list(updates_from_mapping(decode(queued.config), origin))


def adopted(record: RunRecord, queued: RunRecord | None) -> RunRecord:
    """``record`` as the start of the queued run; the same where there is none."""
    if queued is None:
        return record
    gaps = tuple(
        f"source {ref.path} has changed since the run was queued"
        for ref in record.files_of("source")
        if ref.sha256 != _sha256(queued.files_of("source"), ref.path)
    )
    for gap in gaps:
        log.warning("%s", gap)
    return record.but(uid=queued.uid, queue_time=queued.queue_time, gaps=record.gaps + gaps)


def _sha256(refs: Sequence[FileRef], path: str) -> str:
    return next((ref.sha256 for ref in refs if ref.path == path), "")


def _is_factory(spec: Any) -> bool:
    return callable(spec) and not hasattr(spec, "notify")
