"""The folder store as an observer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.errors import ObserverError
from expkit.observers.delivery import current
from expkit.observers.store import StoreObserver
from expkit.stores.folder.store import FolderStore

if TYPE_CHECKING:
    import os

    from expkit.record.model import Lease, RunRecord
    from expkit.types import RunId


class FileStorageObserver(StoreObserver):
    """Records runs into a folder, one sub-folder each, readable by people and by Sacred's tools.

    Args:
        basedir: the folder; made when the first run starts.
        resource_dir: where resources are shown; default ``basedir/_resources``.
        source_dir: where sources are shown; default ``basedir/_sources``.
        template: refused: templates run code whenever a run ends.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        copy_artifacts, copy_sources: without effect: bytes are always kept, and lie in the folder once.
        offline: see :class:`~expkit.observers.store.StoreObserver`; for folders on a share that may be away.

    Raises:
        ObserverError: a template was given.
    """

    def __init__(
        self,
        basedir: str | os.PathLike[str],
        resource_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        template: None = None,
        priority: float = 20,
        copy_artifacts: bool = True,  # noqa: ARG002
        copy_sources: bool = True,  # noqa: ARG002
        *,
        offline: str | None = None,
    ) -> None:
        if template is not None:
            raise ObserverError(
                "FileStorageObserver renders no templates; write the report in a post-run hook: "
                "(_run.dir / 'report.html').write_text(...)"
            )
        store = FolderStore(
            Path(basedir),
            resource_dir=Path(resource_dir) if resource_dir is not None else None,
            source_dir=Path(source_dir) if source_dir is not None else None,
        )
        super().__init__(store, priority=priority, offline=offline)
        self.folder_store = store
        self._last: RunId | None = None
        self._ids: dict[str, RunId] = {}

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> FileStorageObserver:
        """The constructor, as old scripts call it."""
        import warnings

        warnings.warn(f"{cls.__name__}.create(...) is deprecated; use {cls.__name__}(...)", DeprecationWarning, 2)
        return cls(*args, **kwargs)

    @property
    def basedir(self) -> str:
        """The folder of all runs."""
        return str(self.folder_store.root)

    @property
    def dir(self) -> str | None:
        """The folder of the run that is being told about, or of the last one; None before the first."""
        delivery = current.get()
        run = self._ids.get(delivery.record.uid) if delivery is not None else self._last
        return str(self.folder_store.root / str(run)) if run is not None else None

    def take_in(self, record: RunRecord, run_id: RunId | None, *, bind: bool, lease: Lease | None = None) -> RunId:
        """Create the run's folder; see :meth:`StoreObserver.take_in`."""
        self._last = self._ids[record.uid] = super().take_in(record, run_id, bind=bind, lease=lease)
        return self._last

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileStorageObserver) and self.basedir == other.basedir

    def __hash__(self) -> int:
        return hash(self.basedir)
