"""The sources of a run: named at its start, their bytes kept soon, and more of them found while it lasts."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from expkit._support.threads import OwnThread, start
from expkit.errors import StoreError
from expkit.provenance.code.imported import digests
from expkit.provenance.code.packages import elsewhere
from expkit.provenance.code.sources import MANY
from expkit.record.events import Learned
from expkit.run.facts import packages_in_use, place_of, ref_of
from expkit.run.recording.log import NoLog
from expkit.run.recording.recorder import now
from expkit.settings import SETTINGS
from expkit.stores.folder.log import FolderGoneError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.provenance.code.sources import SourceFile
    from expkit.record.model import FileRef
    from expkit.run.handle import Run

    Kept = tuple[str | bytes, FileRef]


_HEAD_START = 0.1
"""Seconds that the program has for itself before the bytes of its many sources are kept."""


class RunSources:
    """Keeps the bytes of the sources that a run's record names, and adds those that are imported later.

    What the record calls kept is kept when this returns; the rest follows in the background, so that a program of a
    thousand modules starts at once. While main runs, nothing appears in the folder that shows sources: some scripts
    take what they find there, and remove it.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._recorder = run.recorder
        self._finder = run.plan.facts.finder
        self._dependencies = run.record.experiment.get("dependencies")
        self._elsewhere = len(elsewhere)
        self._lock = threading.Lock()
        self._unshown: list[FileRef] = []
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()
        if isinstance(run.recorder.log, NoLog):
            self._finder = None
            return
        places = run.plan.facts.places
        named: list[Kept] = [(places[ref.path], ref) for ref in run.plan.facts.sources]
        named += run.plan.facts.files
        self._lost([(place, ref) for place, ref in named if ref.kept])
        self._follow([(place, ref) for place, ref in named if not ref.kept])

    def look(self) -> None:
        """Add what was imported since the last look; costs next to nothing where nothing was."""
        finder = self._finder
        if finder is None:
            return
        with self._lock:
            if finder.has_news():
                self._add(finder.look(), finder.problems)
                self._note_packages()
            elif len(elsewhere) != self._elsewhere:
                self._note_packages()

    def stop(self) -> None:
        """Wait for what is being kept, and look for the last time."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(SETTINGS.LANES.END_LIMIT)
        if self._thread is not None and self._thread.is_alive():
            self._recorder.gap("sources are not complete: the disk does not answer")
        else:
            self.look()
            self._recorder.log.show(self._unshown)

    def _lost(self, named: list[Kept]) -> None:
        """Keep sources that the record calls kept, and take the word back where that fails."""
        kept = [self._kept(place, ref, show=True) for place, ref in named]
        lost = tuple(ref for ref in kept if not ref.kept)
        if lost:
            self._recorder.tell(Learned(time=now(), files=lost))

    def _follow(self, named: list[Kept]) -> None:
        if not named:
            return
        if self._run.queue_only:
            self._keep_all(named)
            return
        thread = OwnThread(self._keep_soon, "sources", named)
        if start(thread):
            self._thread = thread
        else:
            self._keep_all(named)

    def _keep_soon(self, named: list[Kept]) -> None:
        self._is_over.wait(_HEAD_START)
        self._keep_all(named)
        if self._finder is not None and len(named) > MANY:
            self._finder.remember()

    def _keep_all(self, named: Iterable[Kept]) -> None:
        self._recorder.tell(
            Learned(time=now(), files=tuple(self._kept(place, ref.but(kept=True)) for place, ref in named))
        )

    def _kept(self, place: str | bytes, ref: FileRef, *, show: bool = False) -> FileRef:
        """The reference, ``kept`` if the store has its bytes now."""
        try:
            if isinstance(place, bytes) or digests(place)[0] == ref.sha256 or self._is_there(ref.sha256):
                kept = self._recorder.log.keep(place if isinstance(place, bytes) else Path(place), ref, show=show)
                if kept.sha256 == ref.sha256:
                    self._unshown += [] if show else [kept]
                    return kept
            self._recorder.gap(f"source {ref.path} has changed since it was imported, and its bytes are not kept")
        except FolderGoneError as error:  # said once, however many sources there are
            self._recorder.lost(error)
        except (OSError, StoreError) as error:
            self._recorder.gap(f"{ref.role} {ref.path} could not be kept: {error}")
        return ref.but(kept=False)

    def _is_there(self, sha256: str) -> bool:
        home = self._recorder.log.home
        return home is not None and home.has_blob(sha256)

    def _add(self, sources: list[SourceFile], problems: list[str]) -> None:
        time = now()
        files = [self._kept(place_of(source), ref_of(source, time)) for source in sources]
        if files or problems:
            self._recorder.tell(Learned(time=time, files=tuple(files), gaps=tuple(problems)))

    def _note_packages(self) -> None:
        """Tell which packages are in use, if there are more by now."""
        from expkit.provenance.code.environment import cuda_facts

        self._elsewhere = len(elsewhere)
        dependencies = packages_in_use(self._run.plan.root.ordered())
        if dependencies != self._dependencies:
            self._dependencies = dependencies
            self._recorder.tell(Learned(time=now(), host=cuda_facts(), experiment={"dependencies": dependencies}))
