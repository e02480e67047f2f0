"""The folder store as an observer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit._support.covering import coverable
from expkit._support.named import NamedTuple
from expkit.errors import ObserverError
from expkit.observers.delivery import current
from expkit.observers.dispatch import ex_info
from expkit.observers.named import NamedObserver
from expkit.record.events import Beat, Completed, Failed, Interrupted
from expkit.record.model import RUNNING
from expkit.stores.folder.store import FolderStore

if TYPE_CHECKING:
    from typing import NoReturn

    from expkit.observers.delivery import Delivery
    from expkit.record.model import Lease, RunRecord
    from expkit.types import RunId


_MOST = 100
"""Runs that can be asked about: that an earlier one has ended, nobody says whose own folder has the log."""


class _Seen(NamedTuple):
    """A run that was taken in: its store, uid and id, and its entry as it was shown last."""

    store: FolderStore
    uid: str
    id: RunId
    entry: dict[str, Any]


class FileStorageObserver(NamedObserver):
    """Records runs into a folder, one sub-folder each, readable by people and by Sacred's tools.

    Args:
        basedir: the folder; made when the first run starts.
        resource_dir: where resources are shown; default ``basedir/_resources``.
        source_dir: where sources are shown; default ``basedir/_sources``.
        template: refused: templates run code whenever a run ends.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        copy_artifacts, copy_sources: without effect: bytes are always kept, and lie in the folder once.
        offline: see :class:`~expkit.observers.store.StoreObserver`; for folders on a share that may be away.

    Attributes:
        basedir, resource_dir, source_dir: see above; may be set until a run is taken in.

    Raises:
        ObserverError: a template was given.
    """

    template = None

    def __init__(
        self,
        basedir: str | os.PathLike[str],
        resource_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        template: None = None,
        priority: float = 20,
        copy_artifacts: bool = True,
        copy_sources: bool = True,
        *,
        offline: str | None = None,
    ) -> None:
        _refuse(template)
        self.initialize(
            basedir, resource_dir, source_dir, None, priority, copy_artifacts, copy_sources, **_if_given(offline)
        )

    def initialize(
        self,
        basedir: str | os.PathLike[str],
        resource_dir: str | os.PathLike[str] | None = None,
        source_dir: str | os.PathLike[str] | None = None,
        template: None = None,
        priority: float = 20,
        copy_artifacts: bool = True,
        copy_sources: bool = True,
        *,
        offline: str | None = None,
    ) -> None:
        """What the constructor does; subclasses may add to it."""
        _refuse(template)
        self._basedir = Path(basedir)
        self._resource_dir = None if resource_dir is None else Path(resource_dir)
        self._source_dir = None if source_dir is None else Path(source_dir)
        self.copy_artifacts = copy_artifacts
        self.copy_sources = copy_sources
        self._seen: dict[str, _Seen] = {}
        self._own_dir: str | None = None
        self.folder_store = self._opened()
        super().__init__(self.folder_store, priority=priority, offline=offline)

    @classmethod
    def create_from(cls, *args: Any, **kwargs: Any) -> FileStorageObserver:
        """An object made without the constructor of a subclass."""
        made = cls.__new__(cls)
        made.initialize(*args, **kwargs)
        return made

    def _opened(self) -> FolderStore:
        return FolderStore(self._basedir, resource_dir=self._resource_dir, source_dir=self._source_dir)

    # -- where everything lies -------------------------------------------------------------------------

    @property
    def basedir(self) -> str:
        """The folder of all runs, as it was given."""
        return _as_given(self._basedir, self.folder_store.root)

    @basedir.setter
    def basedir(self, folder: str | os.PathLike[str]) -> None:
        """Use another folder from the next run on; sources and resources are still shown where they were."""
        self._resource_dir, self._source_dir = self.resource_dir, self.source_dir
        self._basedir = Path(folder)
        self._store = self.folder_store = self._opened()

    @property
    def resource_dir(self) -> Path:
        """Where resources are shown."""
        return self._resource_dir or Path(self.basedir, "_resources")

    @resource_dir.setter
    def resource_dir(self, folder: str | os.PathLike[str]) -> None:
        self._resource_dir = Path(folder)
        self._store = self.folder_store = self._opened()

    @property
    def source_dir(self) -> Path:
        """Where sources are shown."""
        return self._source_dir or Path(self.basedir, "_sources")

    @source_dir.setter
    def source_dir(self, folder: str | os.PathLike[str]) -> None:
        self._source_dir = Path(folder)
        self._store = self.folder_store = self._opened()

    @property
    def dir(self) -> str | None:
        """The folder of the run that is being told about, or of the last one; None before the first."""
        if self._own_dir is not None:
            return self._own_dir
        seen = self._present()
        if seen is None:
            return None
        return os.path.join(self.basedir if seen.store is self.folder_store else seen.store.root, str(seen.id))

    @dir.setter  # noqa: A003
    def dir(self, folder: str | os.PathLike[str] | None) -> None:
        self._own_dir = None if folder is None else os.fspath(folder)

    # -- what a run is, for whoever looks at the observer ----------------------------------------------

    @coverable
    def run_entry(self) -> dict[str, Any] | None:
        """What ``run.json`` says, as it stands; None before the first run. Changes of it go nowhere."""
        seen = self._present()
        if seen is None:
            return None
        if (record := self._record(seen)) is not None:
            from expkit.observers.entry import entry_of

            seen.entry.update(entry_of(record, seen.id, seen.store.shown(record)))
        return seen.entry

    @coverable
    def config(self) -> Any:
        """The config of the run, as it is recorded."""
        return getattr(self._record(self._present()), "config", None)

    @coverable
    def info(self) -> Any:
        """``info`` of the run, as it was reported last."""
        return getattr(self._record(self._present()), "info", None)

    @coverable
    def cout(self) -> str:
        """What the run has printed so far."""
        from expkit.observers.entry import output_of

        seen = self._present()
        return "" if seen is None else output_of(seen.store, seen.uid)

    # -- what scripts put beside the record ------------------------------------------------------------

    def save_file(self, filename: str | os.PathLike[str], target_name: str | None = None) -> None:
        """Copy a file into the run's folder, without further ado; :meth:`Run.add_artifact` records it as well.

        Args:
            filename: the file.
            target_name: its name there; default: its base name. May have sub-folders.

        Raises:
            FileExistsError: the name is one of the record's own files, or leads out of the run's folder.
        """
        from expkit.observers.folder_files import copy_in

        copy_in(filename, self._folder(), target_name or os.path.basename(filename))

    def save_json(self, obj: Any, filename: str) -> None:
        """Write a value as JSON into the run's folder; the record's own files are left as they are.

        Raises:
            FileExistsError: the name leads out of the run's folder.
        """
        from expkit.observers.folder_files import write_json

        write_json(obj, self._folder(), filename)

    def find_or_save(self, filename: str | os.PathLike[str], store_dir: str | os.PathLike[str]) -> Path:
        """Copy a file into a folder that all runs share, under a name with the md5 of its bytes; return where it is."""
        from expkit.observers.folder_files import copy_once

        return copy_once(filename, store_dir)

    # -- what subclasses may add to ----------------------------------------------------------------------

    @property
    def has_hooks(self) -> bool:  # type: ignore[override]
        """Whether a subclass has one of the methods that are called beside the event methods."""
        return any(getattr(type(self), name) is not getattr(FileStorageObserver, name) for name in _HOOKS)

    def save_sources(self, ex_info: dict[str, Any]) -> list[list[str]]:
        """Called when a run starts. Sources are kept already; this says where each is shown, below ``basedir``."""
        from expkit.observers.folder_files import shown_as

        place = os.path.relpath(self.source_dir, self.basedir)
        return [[name, os.path.join(place, shown_as(name, md5))] for name, md5 in ex_info["sources"]]

    def save_cout(self) -> None:
        """Called when a run starts, and at every beat. Output is kept as it is printed; there is nothing to do."""

    def render_template(self) -> None:
        """Called when a run has ended. There are no templates; a subclass may write a report into :attr:`dir`."""

    def catch_up(self, delivery: Delivery) -> None:
        """Bring the folder up to date, then call what a subclass added; see :meth:`StoreObserver.catch_up`."""
        super().catch_up(delivery)
        if isinstance(delivery.event, Beat):
            self._hook("save_cout")
        elif isinstance(delivery.event, (Completed, Interrupted, Failed)):
            self._hook("render_template")

    def _hook(self, name: str, *arguments: Any) -> None:
        if getattr(type(self), name) is not getattr(FileStorageObserver, name):
            getattr(self, name)(*arguments)

    def __getattr__(self, name: str) -> NoReturn:
        instead = _INSTEAD.get(name, "")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{instead}", name=name, obj=self)

    # -- in a lane -------------------------------------------------------------------------------------

    def take_in(self, record: RunRecord, run_id: RunId | None, *, bind: bool, lease: Lease | None = None) -> RunId:
        """Create the run's folder; see :meth:`StoreObserver.take_in`."""
        taken = super().take_in(record, run_id, bind=bind, lease=lease)
        if len(self._seen) >= _MOST:
            self._seen.pop(next(iter(self._seen)), None)
        self._seen[record.uid] = _Seen(self.folder_store, record.uid, taken, {})
        self._own_dir = None
        if record.status == RUNNING and (delivery := current.get()) is not None:
            self._hook("save_sources", ex_info(delivery, record))
            self._hook("save_cout")
        return taken

    def begun(self, record: RunRecord, answer: RunId | None) -> RunId | None:
        """Take in a run for which an override has made a folder by itself, without ``super()``, as the predecessor did."""
        if self._own_dir is None or record.uid in self._seen:
            return answer
        from contextlib import suppress

        with suppress(OSError):
            os.rmdir(self._own_dir)  # what lies in it stays, and the run gets another folder
        free = not os.path.lexists(self._own_dir)
        taken = self.take_in(record, answer or os.path.basename(self._own_dir), bind=free)
        return taken if answer is None else answer

    def _where(self) -> Path:
        return self.folder_store.root

    def __hash__(self) -> int:
        return hash(FileStorageObserver)  # the folder, which makes two of them equal, may change

    # -- inside ----------------------------------------------------------------------------------------

    def _present(self) -> _Seen | None:
        return self._seen.get(self._told() or "")

    def _record(self, seen: _Seen | None) -> RunRecord | None:
        """The record as the run has it; None where it is gone."""
        delivery = current.get()
        if seen is None or delivery is not None:
            return delivery.record if seen is not None and delivery is not None else None
        from expkit.errors import StoreError

        try:
            return seen.store.load(seen.uid)
        except (StoreError, OSError):
            return None

    def _folder(self) -> str:
        folder = self.dir
        if folder is None:
            raise ObserverError(f"{self!r} has no run's folder yet; the first run that starts makes one")
        return folder


_HOOKS = ("save_sources", "save_cout", "render_template")

_ASK_SUPER = (
    "; expkit makes the run's folder, and finds the next number for it: "
    "call super().started_event(...), with the folder's name as _id where you choose it"
)
_INSTEAD = dict.fromkeys(("_make_run_dir", "_make_dir", "_maximum_existing_run_id"), _ASK_SUPER)
_INSTEAD["cout_write_cursor"] = "; output is written as it is printed: read what there is from .cout"


def _refuse(template: object) -> None:
    if template is not None:
        raise ObserverError(
            "FileStorageObserver renders no templates; write the report in a post-run hook: "
            "(_run.dir / 'report.html').write_text(...)"
        )


def _if_given(offline: str | None) -> dict[str, Any]:
    """Subclasses with an ``initialize`` of their own need not know of what the predecessor did not have."""
    return {} if offline is None else {"offline": offline}


def _as_given(path: Path, absolute: Path) -> str:
    """A path as the user wrote it, as long as that means the same: programs change their folder."""
    return str(path) if os.path.abspath(path) == str(absolute) else str(absolute)
