"""Files that a run reads and writes, found without special calls.

What the program opens is noted where it happens, in the program's own threads, and worked off by a thread here.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack
from time import monotonic, perf_counter, time
from typing import TYPE_CHECKING

from expkit.capture.binding import current
from expkit.record.events import Learned
from expkit.run.clock import LateThread
from expkit.run.own_paths import absolute, own_paths, own_paths_of
from expkit.run.recording.log import NoLog
from expkit.run.recording.recorder import now
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from expkit.provenance.files.opened import Opened
    from expkit.run.handle import Run
    from expkit.run.used.ledger import Ledger

_BEAT = 2.0
_IDLE = 0.1
_LONGEST_PAUSE = 0.05
_REST = 20  # times as long as work took, so that it takes the program no more than a twentieth of one processor
_AT_ONCE = 100
_LIBRARIES = 1000  # files that are noted for a moment, and are none of the run's
_LAST_PATIENCE = 2.0
_AUDIT = "expkit.provenance.files.audit"


class UsedFiles:
    """Sees which files the program opens, until stopped; nothing where nobody observes, or where the setting says so."""

    def __init__(self, run: Run) -> None:
        wanted = SETTINGS.FILES.CAPTURE and not isinstance(run.recorder.log, NoLog)
        self._watch = _Watch(run) if wanted else None

    def stop(self) -> None:
        """Add what was seen to the record."""
        if self._watch is not None:
            self._watch.stop()


class _Watch:
    """Everything that looks for files during one run."""

    def __init__(self, run: Run) -> None:
        from expkit.provenance.files.audit import listen, unlisten
        from expkit.provenance.files.opened import Opened, look
        from expkit.provenance.files.reading import hook_readers, unhook_readers
        from expkit.provenance.files.workers import Workers, report

        self._run = run
        self._pid, self._start = os.getpid(), time()
        # what libraries open is noted, too, until it is worked off
        self._opened = Opened(
            2 * SETTINGS.FILES.MAX_FILES + _LIBRARIES, lambda: report(self._workers.folder, forked=True)
        )
        self._opened.owner, self._opened.ours = run, _our_paths(run)
        for place in map(os.path.abspath, SETTINGS.FILES.OUTPUT_FOLDERS):
            self._opened.folders[place] = look(place, SETTINGS.FILES.MAX_FILES)
        self._told: set[str] = set()
        self._ledger: Ledger | None = None
        self._ending, self._hurry = threading.Event(), threading.Event()
        self._workers = Workers(run.uid)
        with ExitStack() as undo:
            undo.callback(self._workers.dismiss)
            if SETTINGS.FILES.HOOKS:
                undo.callback(unhook_readers)
                hook_readers()
            undo.callback(unlisten, self._opened)
            listen(self._opened, _innermost)
            self._thread = LateThread(lambda: self._try(self._work), "files", _IDLE)
            self._watching = undo.pop_all()

    def stop(self) -> None:
        """Look no longer; wait for hashes as long as the setting says."""
        self._watching.close()
        if os.getpid() != self._pid:  # a forked process has no such thread
            return
        if self._thread.is_waiting and self._try(self._is_idle) and self._thread.call_off():
            self._try(self._leave)
            return
        self._thread.begin()
        self._ending.set()
        self._thread.ended(SETTINGS.FILES.END_PATIENCE)
        self._hurry.set()
        if not self._thread.ended(_LAST_PATIENCE):
            self._run.recorder.gap("inputs and outputs are not complete: a file system does not answer")

    # -- in the thread ---------------------------------------------------------------------------------

    def _work(self) -> None:
        pause, beaten = 0.0, monotonic()
        while not self._ending.wait(pause):
            pause = self._step()
            if monotonic() - beaten > _BEAT:
                self._beat()
                beaten = monotonic()
        self._finish()

    def _try(self, step: Callable[[], object]) -> object:
        """What ``step`` returns; the run has other things to tell when it fails."""
        try:
            return step()
        except Exception as error:
            self._run.recorder.gap(f"inputs and outputs are not complete: {type(error).__name__}: {error}")
            return None

    def _step(self) -> float:
        """Work off one file; return how long to rest from it."""
        begun = perf_counter()
        self._opened.catch_up(_AT_ONCE)
        if not self._opened.pending or not self._book().step():
            return _IDLE
        return min(_LONGEST_PAUSE, _REST * (perf_counter() - begun))

    def _beat(self) -> None:
        from expkit.provenance.files.programs import is_python

        self._workers.hear(self._opened)
        if self._opened.reads or self._opened.writes:
            self._book().beat()
        self._tell_unseen([name for name in self._programs() if not is_python(name)])  # those may still report

    def _finish(self) -> None:
        if not self._is_idle():
            self._book().finish()
        self._leave()

    def _is_idle(self) -> bool:
        """Whether nothing was opened that would have to be worked off."""
        self._opened.catch_up()
        self._workers.hear(self._opened)
        opened = self._opened
        return not (opened.reads or opened.writes or opened.folders or opened.modules)

    def _leave(self) -> None:
        self._workers.forget()
        self._tell_unseen(self._programs(), [*self._workers.silent(), *_unseen_readers()])

    def _programs(self) -> list[str]:
        return self._workers.unheard(self._opened)

    def _tell_unseen(self, programs: list[str], more: Sequence[str] = ()) -> None:
        unseen = [*(f"subprocess {name}" for name in programs), *more]
        new = [name for name in unseen if name not in self._told]
        self._told.update(new)
        if new:
            self._run.recorder.tell(Learned(time=now(), unseen=tuple(new)))

    def _book(self) -> Ledger:
        """The ledger, made with the first file: many runs need none."""
        if self._ledger is None:
            from expkit.provenance.files.places import Places
            from expkit.run.used.ledger import Ledger

            files = SETTINGS.FILES
            places = Places(self._run.plan.root.project, self._opened.ours, files.ROOTS, files.IGNORE)
            self._ledger = Ledger(
                self._run.recorder,
                self._opened,
                places,
                self._modules,
                self._ending.is_set,
                self._hurry.is_set,
                self._start,
            )
        return self._ledger

    def _modules(self) -> Iterable[str]:
        from expkit.provenance.code.modules import users_modules

        return [*map(str, self._run.plan.facts.places.values()), *(file for _, file in users_modules())]


def _innermost(listeners: tuple[Opened, ...]) -> Opened:
    """Of nested or parallel runs, the one that the calling thread belongs to; else the last that began."""
    run = getattr(current.get(), "run", None)
    return next((each for each in listeners if each.owner is run), listeners[-1])


def disown_store_of(observer: object) -> None:
    """What an observer that comes late writes into its store is no output of the run."""
    from expkit.provenance.files.audit import disown

    disown(_beginnings(own_paths_of([observer])))


def disown_stores_of(run: Run) -> None:
    """What is about to be written of a run is nothing that another run around it writes, be that in another process."""
    if _AUDIT in sys.modules:  # else nobody listens
        from expkit.provenance.files.audit import disown

        disown(_our_paths(run))


def _our_paths(run: Run) -> tuple[str, ...]:
    """What stores have, and our own state."""
    from expkit._support.places import state_dir

    ours = [*absolute(state_dir()), *own_paths([run.recorder.log.home]), *own_paths_of(run.recorder.observers)]
    return _beginnings(ours)


def _beginnings(paths: Iterable[str]) -> tuple[str, ...]:
    """How paths of these files and in these folders begin."""
    return tuple(dict.fromkeys(path.rstrip(os.sep) + os.sep for path in paths))


def _unseen_readers() -> list[str]:
    from expkit.provenance.files.reading import unseen_readers

    return unseen_readers()
