"""Files that a run was seen to use become inputs and outputs of its record."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from expkit._support.signature import signature_of
from expkit.provenance.code.executed import executed_files
from expkit.provenance.files.audit import quietly
from expkit.provenance.files.hashes import Unfinished, digest
from expkit.provenance.files.opened import FOLDER, SMALL, Writing, look
from expkit.provenance.files.still_open import open_for_writing
from expkit.provenance.private import is_private
from expkit.record.events import Learned
from expkit.record.model import FileRef
from expkit.run.recording.recorder import now
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from expkit._support.signature import Signature
    from expkit.provenance.files.hashes import Digest
    from expkit.provenance.files.opened import Opened, Sight
    from expkit.provenance.files.places import Places
    from expkit.run.recording.recorder import Recorder

_QUIET = 2.0  # seconds in which a file that is complete is not written to
_NAMED = 5
_LEAST = 100_000  # bytes that a file takes from what may be kept in all: many small ones take time and space, too


class Ledger:
    """Inputs and outputs of one run. Belongs to one thread.

    Args:
        recorder: is told of them.
        opened: what the run opened.
        places: which files count.
        modules: the files of the user's modules, asked at the end.
        stop: whether the run is over, and large files have to wait.
        hurries: whether hashing should be given up.
        start: of the run, in seconds since the epoch.
    """

    def __init__(
        self,
        recorder: Recorder,
        opened: Opened,
        places: Places,
        modules: Callable[[], Iterable[str]],
        stop: Callable[[], bool],
        hurries: Callable[[], bool],
        start: float,
    ) -> None:
        self._recorder = recorder
        self._opened = opened
        self._places = places
        self._modules = modules
        self._stop = stop
        self._hurries = hurries
        self._is_finishing = False
        self._start = start
        self._new: list[FileRef] = []
        self._late: dict[str, FileRef] = {}
        self._shown: dict[str, Signature] = {}
        self._batch: Iterator[str] = iter(())
        self._unhashed: list[str] = []
        self._named: dict[str, set[str]] = {"input": set(), "output": set()}
        self._room: int = SETTINGS.FILES.MAX_KEPT_TOTAL
        self._is_full = False

    # -- while the run is on ---------------------------------------------------------------------------

    def step(self) -> bool:
        """Work off one file that was read; False if there is none."""
        pending = self._opened.pending
        path = next(self._batch, None)
        if path is None:
            self._batch = iter(list(pending))
            path = next(self._batch, None)
        if path is None:
            return False
        try:
            self._work_off(path)
        except Unfinished:  # the run is over: it is looked at again after what takes less time
            return False
        return True

    def _work_off(self, path: str) -> None:
        sight = self._opened.pending.get(path)
        if sight is not None and self._counts(path) and self._has_room("input", path):
            self._add(path, sight, self._input(path, sight))
        self._opened.pending.pop(path, None)

    def beat(self) -> None:
        """Tell what is known so far, files that are being written or hashed without their hashes."""
        for path, writing in list(self._opened.writes.items()):
            current = signature_of(path)
            if current is None or self._shown.get(path) == current or not self._is_settled(path, writing, current):
                continue
            if self._has_room("output", path):
                self._shown[path] = current
                self._new.append(self._output(path, writing, current.size))
        self._tell()

    def _add(self, path: str, sight: Sight, ref: FileRef) -> None:
        """What was made during the run may turn out to be the run's own, or a passing file; modules are sources."""
        if path.endswith(".py") or sight.signature.latest >= self._start:
            self._late[path] = ref
        else:
            self._new.append(ref)

    def _is_settled(self, path: str, writing: Writing, current: Signature) -> bool:
        return (
            current != writing.before
            and current.latest < time() - _QUIET
            and self._counts(path)
            and self._places.name(path)[0] != "elsewhere"
        )

    # -- the end ---------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Everything up to the end of the run: small inputs, outputs, and last large inputs, for time may run out."""
        self._stop, self._is_finishing = self._hurries, True
        waiting = sorted(self._opened.pending.items(), key=_by_size)
        large = [path for path, sight in waiting if sight.signature.size > SMALL]
        for path, _ in waiting[: len(waiting) - len(large)]:
            self._work_off(path)
        self._look_at_folders()
        self._finish_outputs()
        for path in large:
            self._work_off(path)
        known = {os.path.realpath(file) for file in self._modules()}
        modules = known | {os.path.realpath(file) for file in (*self._opened.modules, *executed_files())}
        for path, ref in self._late.items():
            if self._is_input(path) and os.path.realpath(path) not in modules:
                self._new.append(ref)
        self._keep_modules(known)
        self._tell()
        self._own_up()

    def _look_at_folders(self) -> None:
        for folder, before in self._opened.folders.items():
            for path, current in look(folder, SETTINGS.FILES.MAX_FILES).items():
                if before.get(path) != current and path not in self._opened.writes:
                    self._opened.writes[path] = Writing(before.get(path), current.latest, FOLDER)

    def _is_input(self, path: str) -> bool:
        sight = self._opened.reads[path]
        return os.path.exists(path) and self._opened.is_given(path, sight.signature, sight.time)

    def _written(self) -> Iterator[tuple[str, Writing, Signature]]:
        """What was written, and is there."""
        for path, writing in list(self._opened.writes.items()):
            current = signature_of(path)
            if current is not None and current != writing.before and self._counts(path):
                yield path, writing, current

    def _finish_outputs(self) -> None:
        written = [each for each in sorted(self._written(), key=_by_current_size) if self._has_room("output", each[0])]
        if not written:
            return
        with quietly():
            still_open = open_for_writing()
        for path, writing, current in written:
            ref = self._hashed(path, self._output(path, writing, current.size))
            is_open = (current.device, current.inode) in still_open
            self._new.append(ref.but(changed=True) if is_open else ref)

    def _keep_modules(self, known: set[str]) -> None:
        """Modules that only workers have imported are sources of the run, too."""
        for path in list(self._opened.modules):
            if os.path.realpath(path) not in known and os.path.isfile(path):
                root, name = self._places.name(path)
                ref = FileRef(path=name, role="source", root=root, first_seen=now(), layer="worker")
                self._new.append(self._kept(Path(path), ref))

    def _own_up(self) -> None:
        """Say what is missing."""
        named, more = self._unhashed[:_NAMED], len(self._unhashed) - _NAMED
        if named:
            self._recorder.gap(f"no hash of {', '.join(named)}{f' and {more} other files' if more > 0 else ''}")
        if self._opened.is_full or self._is_full:
            self._recorder.gap(f"the run used more files than the {SETTINGS.FILES.MAX_FILES} that are recorded")

    # -- one file --------------------------------------------------------------------------------------

    def _input(self, path: str, sight: Sight) -> FileRef:
        ref = self._ref(path, "input", sight.time, sight.layer, sight.signature.size)
        saved = self._opened.saved.pop(path, None)
        if saved is not None:
            ref = ref.but(sha256=sha256(saved).hexdigest())
            return self._kept(saved, ref) if self._is_kept(path, len(saved)) else ref
        ref = self._hashed(path, ref)
        changed = sight.signature.latest > sight.time or signature_of(path) != sight.signature
        return ref.but(changed=changed)

    def _output(self, path: str, writing: Writing, size: int) -> FileRef:
        return self._ref(path, "output", writing.time, writing.layer, size).but(mode="w")

    def _hashed(self, path: str, ref: FileRef) -> FileRef:
        """With the hash, and the bytes kept where they should be."""
        if self._is_kept(path, ref.size) and not self._stop():
            kept = self._kept(Path(path), ref)
            if kept.sha256:
                return kept
        found = self._digest(path)
        return ref if found is None else ref.but(sha256=found.sha256, size=found.size)

    def _counts(self, path: str) -> bool:
        """Whether it may be an input or output; runs that begin later make more folders ours."""
        return not self._opened.is_ours(path) and self._places.counts(path)

    def _has_room(self, role: str, path: str) -> bool:
        """Whether one more file can be recorded; one that is recorded already always can."""
        named = self._named[role]
        if path not in named and len(named) >= SETTINGS.FILES.MAX_FILES:
            self._is_full = True
            return False
        named.add(path)
        return True

    def _ref(self, path: str, role: str, seen: float, layer: str, size: int) -> FileRef:
        root, name = self._places.name(path)
        first = datetime.fromtimestamp(seen, timezone.utc)
        return FileRef(path=name, role=role, root=root, size=size, first_seen=first, layer=layer, kept=False)

    def _digest(self, path: str) -> Digest | None:
        try:
            if self._stop():
                raise Unfinished
            return digest(path, self._stop)
        except Unfinished:
            if not self._is_finishing:
                raise
            self._unhashed.append(f"{self._places.name(path)[1]} (not finished in time)")
        except OSError as error:
            self._unhashed.append(f"{self._places.name(path)[1]} ({error.strerror})")
        return None

    def _is_kept(self, path: str, size: int) -> bool:
        name = path.replace(os.sep, "/")
        small = size <= SETTINGS.FILES.MAX_KEPT_SIZE and self._room >= size
        if not small and not any(fnmatchcase(name, pattern) for pattern in SETTINGS.FILES.KEEP):
            return False
        return not is_private(self._places.name(path)[1], path)

    def _kept(self, source: Path | bytes, ref: FileRef) -> FileRef:
        try:
            with quietly():
                return self._recorder.keep(source, ref)
        except OSError as error:
            self._recorder.gap(f"{ref.role} {ref.path} could not be kept: {error}")
            return ref.but(kept=False)

    def _tell(self) -> None:
        """Tell what is new, as one event."""
        new, self._new = sorted(self._new, key=_by_time), []
        if new:
            self._recorder.tell(Learned(time=now(), files=tuple(new)))


def _by_size(waiting: tuple[str, Sight]) -> int:
    return waiting[1].signature.size


def _by_current_size(written: tuple[str, Writing, Signature]) -> int:
    return written[2].size


def _by_time(ref: FileRef) -> datetime:
    assert ref.first_seen is not None
    return ref.first_seen
