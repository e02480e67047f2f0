"""``run.json`` and the files beside it, as objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import DAMAGE, FormatError, RunNotFoundError
from expkit.record.wire import record_from_json, record_to_json
from expkit.stores import rules
from expkit.stores.disk import text
from expkit.stores.folder.records import is_sacred
from expkit.stores.remote import layout
from expkit.stores.remote.sacred import sacred_record

if TYPE_CHECKING:
    from expkit.record.model import RunRecord
    from expkit.stores.remote.media import Media
    from expkit.types import Json


class Stored(NamedTuple):
    """A record, and what the store itself notes: ISO time of creation, changes of the status by compare-and-set."""

    record: RunRecord
    created: str
    claims: int = 0
    is_sacred: bool = False


def record_name(run_id: str) -> str:
    """The object with the whole record."""
    return f"{run_id}/run.json"


def read(media: Media, run_id: str, data: bytes | None = None) -> Stored:
    """The record of a run.

    Args:
        media: where.
        run_id: of the run.
        data: what ``run.json`` says, if that has been fetched.

    Raises:
        RunNotFoundError: there is none.
        FormatError: it cannot be read.
    """
    data = media.find(record_name(run_id)) if data is None else data
    if data is None:
        raise rules.not_found(run_id, media.place.url)
    try:
        tree = text.parsed(data)
        if is_sacred(tree):
            record = sacred_record(media, run_id, data)
            return Stored(record, record.start_time.isoformat() if record.start_time else "", is_sacred=True)
        record = record_from_json(tree).but(id=run_id)
        return Stored(record, str(tree.get("created", "")), int(tree.get("status_changes", 0)))
    except RunNotFoundError:
        raise
    except DAMAGE as error:
        raise FormatError(f"run.json of run {run_id} in {media.place.url} cannot be read: {error}") from error


class Writer:
    """Writes records; what has not changed since the last time is not sent again.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._sent: dict[str, tuple[Json, Json]] = {}

    def write(self, run_id: str, stored: Stored) -> None:
        """Replace ``run.json``, and what differs beside it."""
        record = stored.record
        config, info = self._sent.get(record.uid, (None, None))
        if config != record.config:
            self._media.put(f"{run_id}/config.json", text.pretty(record.config))
        if record.info and info != record.info:
            self._media.put(f"{run_id}/info.json", text.pretty(record.info))
        self._media.put(record_name(run_id), text.pretty(_to_tree(run_id, stored)))
        self._sent[record.uid] = json.loads(json.dumps([record.config, record.info]))

    def forget(self, uid: str) -> None:
        """Know nothing of a run any more."""
        self._sent.pop(uid, None)

    def drop(self) -> None:
        """Let go of what is remembered."""
        self._sent.clear()


def _to_tree(run_id: str, stored: Stored) -> dict[str, Json]:
    record = stored.record
    tree: dict[str, Any] = record_to_json(record)
    tree["_id"] = run_id
    tree["experiment"] = {**tree["experiment"], "sources": _shown(record, "source")}
    tree["resources"] = _shown(record, "resource")
    tree["artifacts"] = [ref.path for ref in record.files_of("artifact")]
    # the log that a folder store goes on with is not here: whatever it says is told already
    tree["created"], tree["events_folded"], tree["status_changes"] = stored.created, 0, stored.claims
    return tree


def _shown(record: RunRecord, role: str) -> list[Json]:
    """``[name, object below the root]`` of each kept file."""
    return [[ref.path, layout.blob(ref.sha256)] for ref in record.files_of(role) if ref.kept and ref.sha256]
