"""What a lane hands to an observer: :class:`Delivery`, and which one the current thread is in."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from expkit._support.frozen import Frozen, field
from expkit.record.masking import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from expkit.record.events import Event
    from expkit.record.model import FileRef, Lease, RunRecord, StreamKey
    from expkit.stores.base import Batch
    from expkit.types import RunId


class Log(Protocol):
    """The local log of a run, as lanes and observers know it."""

    @property
    def home(self) -> object:
        """The store in whose folder the log lies."""
        ...

    def streams(self) -> Mapping[StreamKey, int]:
        """Streams of the run and their present ends."""
        ...

    def read(self, stream: StreamKey, offset: int, limit: int | None = None) -> Batch:
        """Items of a stream from ``offset`` on."""
        ...

    def output_text(self) -> str:
        """Captured output, filtered; its last 10 MB."""
        ...

    def open_blob(self, sha256: str) -> BinaryIO:
        """Kept bytes."""
        ...

    def filename(self, ref: FileRef) -> str:
        """Where the bytes of a kept file can be read, under its own name: a resource itself while unchanged, else a copy."""
        ...


class Live(Frozen):
    """What the program holds while the run lasts, and a record does not.

    Attributes:
        config: the values, but for secrets.
        base_dir: the project's folder.
        secrets: of the run; they go nowhere.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    base_dir: str = ""
    secrets: Secrets = field(default_factory=Secrets)


def _nowhere(source: Path | bytes, ref: FileRef) -> None:
    """Where a delivery has no log, there is no room for files."""


def _unseen(amount: int) -> None:
    """Where nobody waits for a delivery, nobody looks at its progress."""


def _unsaid(text: str) -> None:
    """Where a delivery has no log, nothing is written down."""


class Delivery(Frozen):
    """One event on its way to one observer.

    Attributes:
        event, record: what happened, and the record after it.
        live: values that records do not hold.
        log: the local log; None before it exists (while observers are asked for an id).
        id: the id that the run has so far, or that is asked for.
        bind: whether ``id`` is demanded.
        lease: who runs the run; told at its start.
        cursors: how far this observer has read each stream; the observer's own, kept by its lane.
        sent: hashes of the bytes that the observer has, each with the number of the store that took them: another one
            may come to stand in its place. Kept like ``cursors``.
        add_file: keeps a further file, writes it down and tells all other observers.
        moved: told of progress within one event: bytes or points that the observer has taken.
        gap: writes down what is missing, in one sentence, while the run goes on.
    """

    event: Event
    record: RunRecord
    live: Live = field(default_factory=Live)
    log: Log | None = None
    id: RunId | None = None
    bind: bool = False
    lease: Lease | None = None
    cursors: dict[StreamKey, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    add_file: Callable[[Path | bytes, FileRef], None] = _nowhere
    moved: Callable[[int], None] = _unseen
    gap: Callable[[str], None] = _unsaid


current: ContextVar[Delivery | None] = ContextVar("expkit_delivery", default=None)
"""The delivery that the current thread is in; None where somebody calls an event method by hand."""
