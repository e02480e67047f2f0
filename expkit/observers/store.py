"""An observer that writes into a store: any store, any number of times."""

from __future__ import annotations

import os
from contextvars import ContextVar
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from expkit._support.threads import each_in_threads
from expkit.errors import BlobNotFoundError, ObserverError, RunExistsError, RunNotFoundError
from expkit.observers.base import RunObserver
from expkit.observers.delivery import Delivery, current
from expkit.observers.dispatch import dispatch
from expkit.record.encoding import encode
from expkit.record.events import Beat, Completed, Event, Failed, FileAdded, Interrupted, Queued, Started
from expkit.record.fold import fold
from expkit.record.hashing import config_hashes
from expkit.record.masking import masked, masked_mapping
from expkit.record.model import OUTPUT, QUEUED, RUNNING, ConfigFacts, FileRef, Point, RunRecord, StreamKey
from expkit.record.tagged import record_blobs
from expkit.record.uid import new_uid
from expkit.stores.same import is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import BinaryIO

    from expkit.observers.base import Tree
    from expkit.record.model import Lease
    from expkit.stores.base import RunStore
    from expkit.types import RunId

JOURNAL = "journal"
"""The value of ``offline`` that lets runs start while the store is away."""


_OFTEN = 0.25
"""Seconds between two times when a new file alone brings a record up to date."""

_hearing: ContextVar[StoreObserver | None] = ContextVar("expkit_hearing", default=None)
"""The observer whose overrides are being called."""


class StoreObserver(RunObserver):
    """Writes runs into ``store``.

    In a lane, every event brings the store up to date from the local log: record, files, streams; so late,
    repeated and interrupted delivery end in the same record. Event methods may also be called by hand: they
    write at once.

    Args:
        store: any :class:`~expkit.stores.base.RunStore`.
        priority: the highest one among stores gives the run its id.
        offline: ``"journal"``: runs start also while the store is away. They are kept in the local log, which gives
            them an id, and are delivered when the store answers; there they get an id of the store's own.
            None: a store that is away is an error at the start.

    Attributes:
        offline: see above.

    Raises:
        ObserverError: another value of ``offline``.
    """

    tries = None

    def __init__(self, store: RunStore, *, priority: float = 20, offline: str | None = None) -> None:
        if offline not in (None, JOURNAL):
            raise ObserverError(f"offline={offline!r} means nothing; use offline='{JOURNAL}', or leave it out")
        self._store = store
        self.priority = priority
        self.offline = offline
        self._by_hand: RunRecord | None = None
        self._saved = 0.0
        self._read: dict[str, int] = {}

    @property
    def store(self) -> RunStore:
        """The store that is written into."""
        return self._store

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.store.url!r})"

    # -- events ----------------------------------------------------------------------------------------

    def queued_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        queue_time: datetime,
        config: Tree,
        meta_info: Tree,
        _id: RunId | None = None,
    ) -> RunId | None:
        """Create the run as QUEUED and return its id."""
        return self._begin(_first_record(ex_info, command, host_info, config, meta_info, queue_time, QUEUED), _id)

    def started_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        start_time: datetime,
        config: Tree,
        meta_info: Tree,
        _id: RunId | None = None,
    ) -> RunId | None:
        """Create the run, or start the queued one of that id, and return its id."""
        return self._begin(_first_record(ex_info, command, host_info, config, meta_info, start_time, RUNNING), _id)

    def log_metrics(self, metrics_by_name: Mapping[str, Tree], info: Tree) -> None:  # noqa: ARG002
        """Add points; in a lane they come with the next beat."""
        if current.get() is None:
            self._append_points(metrics_by_name)

    def heartbeat_event(self, info: Tree, captured_out: str, beat_time: datetime, result: Any) -> None:
        """Bring the store up to date."""
        if current.get() is None:
            self._append_output(captured_out)
        self._tell(Beat(time=_aware(beat_time), info=info, result=result))

    def resource_event(self, filename: str) -> None:
        """Keep a file that the run reads."""
        self._add_file("resource", os.path.basename(filename), filename, {}, None)

    def artifact_event(
        self, name: str, filename: str, metadata: Tree | None = None, content_type: str | None = None
    ) -> None:
        """Keep a file that the run made."""
        self._add_file("artifact", name, filename, metadata or {}, content_type)

    def completed_event(self, stop_time: datetime, result: Any) -> None:
        """Write the end."""
        self._tell(Completed(time=_aware(stop_time), result=result))

    def interrupted_event(self, interrupt_time: datetime, status: str) -> None:
        """Write the end."""
        self._tell(Interrupted(time=_aware(interrupt_time), status=status))

    def failed_event(self, fail_time: datetime, fail_trace: Sequence[str]) -> None:
        """Write the end."""
        self._tell(Failed(time=_aware(fail_time), fail_trace=tuple(fail_trace)))

    def join(self) -> None:
        """Let go of connections that nobody else can be using: a process may have thousands of runs."""
        if self.of_one_run:
            self.store.close()

    def preflight(self) -> None:
        """Ask the store one cheap thing, before it is told of a run; return when it has answered.

        Raises:
            Exception: whatever the store raises.
        """
        getattr(self.store, "preflight", self.store.now)()

    # -- in a lane -------------------------------------------------------------------------------------

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Hear an event; those without a method of their own bring the store up to date as well."""
        delivery = current.get()
        if delivery is None or isinstance(event, (Queued, Started)):
            return self.begun(record, super().notify(event, record))
        token = _hearing.set(self)
        try:
            dispatch(self, event, record, StoreObserver)  # for overrides only: catching up does what the methods do
        finally:
            _hearing.reset(token)
        self.catch_up(delivery)
        return None

    def begun(self, record: RunRecord, answer: RunId | None) -> RunId | None:  # noqa: ARG002 - others may look
        """Hear that the event methods were told of a start, and what they answered; the answer."""
        return answer

    def _begin(self, by_hand: RunRecord, run_id: RunId | None) -> RunId:
        delivery = current.get()
        if delivery is None:
            self._by_hand = by_hand
            return self.take_in(by_hand, run_id, bind=run_id is not None)
        bind = delivery.bind or run_id != delivery.id
        return self.take_in(delivery.record, run_id, bind=bind, lease=delivery.lease)

    def take_in(self, record: RunRecord, run_id: RunId | None, *, bind: bool, lease: Lease | None = None) -> RunId:
        """Create the run in the store, or start the queued one that it is; return its id.

        Raises:
            RunExistsError: the id is demanded and taken, or somebody else has started the queued run.
        """
        found = self.store.create(record, id=run_id, bind=bind, lease=lease)
        if record.queue_time is None or record.status == QUEUED:
            return found
        if self.store.load(found).status == QUEUED and not self.store.set_status(found, QUEUED, RUNNING):
            raise RunExistsError(f"queued run {found} in {self.store.url} has just been started by somebody else")
        if lease is not None:
            self.store.renew(found, lease)
        return found

    def catch_up(self, delivery: Delivery) -> None:
        """Bring the store up to date: first what the record names, last the record.

        A store that has lost the run, though nobody has deleted it there, gets all of it again.
        """
        log = delivery.log
        if log is None or is_same(log.home, self.store):
            return
        standing = self._standing
        try:
            self._bring(delivery)
        except RunNotFoundError:
            from expkit.stores.rules import was_deleted

            if was_deleted(self.store, delivery.record.uid):
                raise
            self._bring_anew(delivery)
        if self._standing != standing:
            self._bring_anew(delivery)

    @property
    def _standing(self) -> int:
        """Changes when another file stands where the store's was; that one has no bytes that were sent before."""
        return int(getattr(self.store, "opened", 0))

    def _bring_anew(self, delivery: Delivery) -> None:
        self.store.close()  # it may hold files open that nobody will ever see again
        delivery.sent.clear()
        self.take_in(delivery.record, delivery.id, bind=False, lease=delivery.lease)
        self._bring_all(delivery)

    def _bring(self, delivery: Delivery) -> None:
        event = delivery.event
        if not isinstance(event, FileAdded):
            self._bring_all(delivery)
            return
        self._send_blobs((event.file.sha256,) if event.file.kept else (), delivery)
        if monotonic() - self._saved >= _OFTEN:  # else the record follows with the next beat
            self._send_blobs(record_blobs(delivery.record), delivery)
            self._save(delivery)

    def _bring_all(self, delivery: Delivery) -> None:
        self._send_blobs(record_blobs(delivery.record), delivery)
        self._send_streams(delivery)
        self._save(delivery)

    def _save(self, delivery: Delivery) -> None:
        self.store.save(delivery.record)
        self._saved = monotonic()

    def _send_blobs(self, wanted: Iterable[str], delivery: Delivery) -> None:
        standing, sent = self._standing, delivery.sent

        def send(sha256: str) -> None:
            if not self.store.has_blob(sha256):
                self._send_blob(sha256, delivery)
            sent[sha256] = standing

        missing = sorted(sha256 for sha256 in set(wanted) if sha256 and sent.get(sha256) != standing)
        each_in_threads(send, missing, self.store.capabilities.at_once, "files")

    def _send_blob(self, sha256: str, delivery: Delivery) -> None:
        assert delivery.log is not None
        try:
            source = delivery.log.open_blob(sha256)
        except BlobNotFoundError:  # the log could not keep them; the record names the gap
            return
        counted = _Counted(source, delivery.moved, self._read.get(sha256, 0))
        with source:
            try:
                self.store.put_blob(cast("BinaryIO", counted))
            except BaseException:
                self._read[sha256] = max(counted.read_so_far, self._read.get(sha256, 0))
                raise
        self._read.pop(sha256, None)

    def _send_streams(self, delivery: Delivery) -> None:
        from expkit.stores.copying.streams import Missing, carry

        uid, log = delivery.record.uid, delivery.log
        assert log is not None
        there = self.store.streams(uid)
        for stream, end in log.streams().items():
            carry(log.read, self.store, uid, Missing(stream, there.get(stream, 0), end), delivery.moved)

    # -- by hand, and what an override tells beyond the delivery -----------------------------------------

    def _tell(self, event: Event) -> None:
        delivery = current.get()
        if delivery is None:
            record = self._by_hand = fold(self._hand(), event)
            self.store.save(record)
        elif _hearing.get() is not self:  # another observer passes on what it is told
            self.catch_up(delivery.but(sent={}))

    def _add_file(self, role: str, name: str, filename: str, metadata: Tree, content_type: str | None) -> None:
        ref = FileRef(path=name, role=role, metadata=encode(metadata), content_type=content_type or "")
        delivery = current.get()
        if delivery is None:
            blob = self.store.put_blob(Path(filename))
            self._tell(FileAdded(time=_now(), file=ref.but(sha256=blob.sha256, size=blob.size)))
        elif delivery.log is not None and not _is_delivered(delivery, role, name):
            delivery.add_file(Path(filename), ref)

    def _append_points(self, metrics: Mapping[str, Tree]) -> None:
        stream = StreamKey()
        points = [
            Point(name, step, value, _aware(time).timestamp())
            for name, series in metrics.items()
            for step, value, time in zip(series["steps"], series["values"], series["timestamps"], strict=True)
        ]
        uid = self._hand().uid
        self.store.append(uid, stream, self.store.streams(uid).get(stream, 0), points)

    def _append_output(self, text: str) -> None:
        stream = StreamKey(OUTPUT)
        uid = self._hand().uid
        end = self.store.streams(uid).get(stream, 0)
        self.store.append(uid, stream, end, text.encode()[end:])

    def _hand(self) -> RunRecord:
        if self._by_hand is None:
            raise ObserverError(f"{self!r} was told of a run that has not started; call started_event(...) first")
        return self._by_hand


class _Counted:
    """A file of bytes that tells how much of it was read, so that a large one on a slow way is known to move.

    ``before``: what an earlier try has read and could not bring there; to do that once more is no progress.
    """

    def __init__(self, source: BinaryIO, moved: Callable[[int], None], before: int) -> None:
        self._source = source
        self._moved = moved
        self._before = before
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.read_so_far += len(data)
        self._moved(max(0, min(len(data), self.read_so_far - self._before)))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def _is_delivered(delivery: Delivery, role: str, name: str) -> bool:
    """Whether the file is the one that the delivery is about, and not another one that an override adds."""
    event = delivery.event
    if not isinstance(event, FileAdded) or event.file.role != role:
        return False
    return role == "resource" or event.file.path == name


def _first_record(
    ex_info: Tree, command: str, host: Tree, config: Tree, meta: Tree, time: datetime, status: str
) -> RunRecord:
    tree = encode(masked(config))
    hashed, unseeded = config_hashes(tree)
    return RunRecord(
        uid=new_uid(),
        name=str(ex_info.get("name", "")),
        command=command,
        status=status,
        config=tree,
        seed=config.get("seed"),
        facts=ConfigFacts(hash=hashed, hash_unseeded=unseeded),
        experiment=encode({key: value for key, value in ex_info.items() if key not in ("sources", "base_dir")}),
        host=encode(masked_mapping(host)),
        meta=encode(masked_mapping(meta)),
        queue_time=_aware(time) if status == QUEUED else None,
        start_time=_aware(time) if status == RUNNING else None,
    )


def _aware(time: datetime) -> datetime:
    """Event methods speak naive UTC, records aware UTC."""
    return time.replace(tzinfo=timezone.utc) if time.tzinfo is None else time


def _now() -> datetime:
    return datetime.now(timezone.utc)
