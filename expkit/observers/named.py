"""What the observers that write into one kind of store have in common: :class:`NamedObserver`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.observers.delivery import current
from expkit.observers.store import StoreObserver

if TYPE_CHECKING:
    from collections.abc import Hashable

    from typing_extensions import Self

    from expkit.record.model import Lease, RunRecord
    from expkit.types import RunId


class NamedObserver(StoreObserver):
    """Writes into one kind of store, under a name that scripts know.

    Two of them are equal if they write into the same place, and one can be asked about the run that it is told of.
    """

    _last: str | None = None

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> Self:
        """The constructor, as old scripts call it."""
        import warnings

        warnings.warn(f"{cls.__name__}.create(...) is deprecated; use {cls.__name__}(...)", DeprecationWarning, 2)
        return cls(*args, **kwargs)

    def take_in(self, record: RunRecord, run_id: RunId | None, *, bind: bool, lease: Lease | None = None) -> RunId:
        """Create the run; see :meth:`StoreObserver.take_in`."""
        taken = super().take_in(record, run_id, bind=bind, lease=lease)
        self._last = record.uid
        return taken

    def _told(self) -> str | None:
        """The uid of the run that is being told about, or of the last one; None before the first."""
        delivery = current.get()
        return self._last if delivery is None else delivery.record.uid

    def _where(self) -> Hashable:
        """The place in its kind of store."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NamedObserver)
            and type(self.store) is type(other.store)
            and self._where() == other._where()
        )

    def __hash__(self) -> int:
        return hash(self._where())
