"""One stored run: :class:`StoredRun`."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from expkit._support.printable import printable
from expkit.errors import DAMAGE, ExpkitError
from expkit.readers import remarks
from expkit.readers.files import Files, StoredFile
from expkit.readers.metric import Metrics
from expkit.readers.values import View, decoded
from expkit.record.later import Later
from expkit.record.model import OUTPUT
from expkit.record.query import MISSING, Compare
from expkit.record.wire import time_to_json
from expkit.stores.finding import cause_of, duration_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from expkit.readers.following import News
    from expkit.readers.selection import Runs
    from expkit.record.model import Annotation, FileRef, RunRecord
    from expkit.stores.answers import RunKey
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class StoredRun:
    """A run in a store: what it was asked, what came out, what belongs to it.

    It is read when somebody asks, once: :meth:`refresh` forgets what was read. Only the judged ``state`` is asked for
    each time. What people add (tags, notes, names, late results and artifacts) lies beside the record, which never changes.

    Args:
        runs: all runs of the store.
        key: which one.
    """

    def __init__(self, runs: Runs, key: RunKey) -> None:
        self._runs = runs
        self._key = key

    # -- names and states ------------------------------------------------------------------------------

    @property
    def store(self) -> RunStore:
        """Where it is kept."""
        return self._runs.store

    @cached_property
    def record(self) -> RunRecord:
        """The record as it was written, values being JSON trees.

        Raises:
            RunNotFoundError: somebody has deleted the run.
            FormatError: this version cannot read it.
        """
        return self.store.load(self._key.uid)

    @property
    def id(self) -> RunId:
        """The short id in this store."""
        return self._key.id

    @property
    def uid(self) -> str:
        """The globally unique name."""
        return self._key.uid

    @property
    def name(self) -> str:
        """The last name that people gave it, else that of the experiment."""
        return self.record.name if self._later.name is None else str(self._later.name)

    @property
    def command(self) -> str:
        """The command that was run, such as ``main``."""
        return self.record.command

    @property
    def status(self) -> str:
        """The status as it was last written."""
        return self.record.status

    @property
    def state(self) -> str:
        """The status, judged now by the signs of life: RUNNING, DIED, COMPLETED, FAILED, ..."""
        return state_of(self.store, self.record)

    @property
    def cause(self) -> str:
        """Why it ended without completing, as far as that can be known; else ``""``."""
        return self.record.cause or cause_of(self.store, self.record, self.state)

    @property
    def fail_trace(self) -> str:
        """The traceback of the error that ended it, or ``""``."""
        return "".join(self.record.fail_trace)

    @property
    def start(self) -> datetime | None:
        """When it began, in UTC."""
        return self.record.start_time

    @property
    def stop(self) -> datetime | None:
        """When it ended, in UTC; None while it runs and where it died."""
        return self.record.stop_time

    @property
    def duration(self) -> float | None:
        """Seconds from its start to its end; of a live run up to now, of a dead one up to its last sign of life."""
        facts = {name: time_to_json(getattr(self.record, name)) for name in ("start_time", "stop_time", "heartbeat")}
        found = duration_of({**facts, "state": self.state}, self.store.now)
        return None if found is MISSING else float(found)

    # -- what was asked, and what came out -------------------------------------------------------------

    @cached_property
    def config(self) -> View:
        """The config, by attribute or item: ``run.config.net.units``."""
        return View(decoded(self.store, dict(self.record.config)), "config")

    @cached_property
    def overrides(self) -> View:
        """What was set for this run alone, on the command line or by ``config_updates``."""
        updates = self.record.meta.get("config_updates")
        return View(decoded(self.store, updates) if isinstance(updates, dict) else {}, "overrides")

    @property
    def seed(self) -> int | None:
        """The root of its randomness."""
        return self.record.seed

    @cached_property
    def result(self) -> Any:
        """What the main function returned; a result that was reported later is in :attr:`late`."""
        return decoded(self.store, self.record.result)

    @cached_property
    def late(self) -> View:
        """Results that were reported afterwards, by name; ``result`` is one without a name."""
        return View(decoded(self.store, self._later.results), "late results")

    @cached_property
    def info(self) -> View:
        """What the program put into ``_run.info``."""
        return View(decoded(self.store, dict(self.record.info)), "info")

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics by name: ``run.metrics["loss"].values``."""
        return Metrics(self.store, self._key.uid)

    @property
    def output(self) -> str:
        """What it printed, over all its segments."""
        return self.read_output()

    def read_output(self, rank: int = 0) -> str:
        """What one of its processes printed; what is no UTF-8 is replaced.

        Args:
            rank: of the process, where several made the run together.
        """
        keys = sorted(key for key in self.store.streams(self._key.uid) if key.content == OUTPUT and key.rank == rank)
        parts: list[Any] = [self.store.read(self._key.uid, key) for key in keys]
        return b"".join(parts).decode("utf-8", "replace")

    # -- files -----------------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> Files:
        """The program's own files: ``run.sources["train.py"].text``."""
        return self._files("source")

    @cached_property
    def artifacts(self) -> Files:
        """Files that it kept, and that were added later: ``run.artifacts["model.pkl"].open()``."""
        return self._files("artifact", self._later.files)

    @cached_property
    def resources(self) -> Files:
        """Files that it opened as resources."""
        return self._files("resource")

    @cached_property
    def inputs(self) -> Files:
        """Data that it read; of most of these the hash alone is kept."""
        return self._files("input")

    @cached_property
    def outputs(self) -> Files:
        """Files that it wrote; of most of these the hash alone is kept."""
        return self._files("output")

    # -- surroundings ----------------------------------------------------------------------------------

    @cached_property
    def packages(self) -> dict[str, str]:
        """Versions of the installed packages that it used, by name."""
        found = self.record.experiment.get("dependencies")
        pairs = (str(text).partition("==") for text in found or () if isinstance(text, str))
        return {name: version for name, _, version in pairs}

    @property
    def git(self) -> View | None:
        """The repository of the program: ``url``, ``commit``, ``dirty``; None without one."""
        return self.repositories[0] if self.repositories else None

    @cached_property
    def repositories(self) -> tuple[View, ...]:
        """All repositories that the program's files lie in."""
        found = self.record.experiment.get("repositories")
        trees = [tree for tree in found or () if isinstance(tree, dict)]
        return tuple(View(decoded(self.store, tree), "git") for tree in trees)

    @cached_property
    def host(self) -> View:
        """Facts about the machine and its Python."""
        return View(decoded(self.store, dict(self.record.host)), "host")

    @property
    def parent(self) -> StoredRun | None:
        """The run inside which it was started; None if there is none in this store."""
        return None if self.record.parent is None else self._runs.get(self.record.parent)

    @property
    def children(self) -> Runs:
        """The runs that it started."""
        return self._runs.where(Compare("parent", "==", self._key.uid))

    # -- what people said ------------------------------------------------------------------------------

    @cached_property
    def annotations(self) -> list[Annotation]:
        """All that was added afterwards, in order of time, with authors."""
        return self.store.annotations(self._key.uid)

    @property
    def tags(self) -> list[str]:
        """Its own tags and those that were added later, without those that were removed."""
        return self._later.tags(dict(self.record.meta))

    @property
    def notes(self) -> list[Annotation]:
        """Notes, each with ``value`` (its text), ``author`` and ``time``."""
        return list(self._later.notes)

    @property
    def trashed(self) -> Annotation | None:
        """Who put it into the trash (``author``, ``time``); None if it is not there."""
        return self._later.trash

    def trash(self, author: str | None = None) -> None:
        """Put it into the trash: lists leave it out, and nothing of it is lost."""
        self._say("trash", None, author)

    def restore(self, author: str | None = None) -> bool:
        """Take it out of the trash; tell whether it was there."""
        was_there = self.trashed is not None
        if was_there:
            self._say("restore", None, author)
        return was_there

    def delete(self, *, purge: bool = False, force: bool = False, author: str | None = None) -> bool:
        """Put it into the trash, or delete it for good; tell whether that changed anything.

        Args:
            purge: delete it for good, be it in the trash or not. Its files go with the next :func:`expkit.readers.gc`.
            force: also if it goes on.
            author: see :meth:`tag`.

        Raises:
            StoreError: it goes on.
        """
        from expkit.readers.cleaning import delete

        return delete(self, purge=purge, force=force, author=author)

    def tag(self, *tags: str, author: str | None = None) -> None:
        """Add tags.

        Args:
            tags: any texts.
            author: who says so; by default ``EXPKIT_AUTHOR``, or the name of the login.
        """
        for tag in tags:
            self._say("tag", remarks.text_of(tag, "a tag"), author)

    def untag(self, *tags: str, author: str | None = None) -> None:
        """Remove tags."""
        for tag in tags:
            self._say("untag", remarks.text_of(tag, "a tag"), author)

    def note(self, text: str, author: str | None = None) -> None:
        """Add a note."""
        self._say("note", remarks.text_of(text, "a note"), author)

    def rename(self, name: str, author: str | None = None) -> None:
        """Give it another name."""
        self._say("name", remarks.text_of(name, "a name"), author)

    def add_result(self, value: Any, name: str = "", author: str | None = None) -> None:
        """Add a result that became known later.

        Args:
            value: anything; the items of a dict without a name are results of their own.
            name: under which it is found in :attr:`late`; without it, ``result``.
            author: see :meth:`tag`.
        """
        self._say("result", remarks.result_tree(self.store, value, name), author)

    def add_artifact(
        self,
        file: str | os.PathLike[str],
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
        author: str | None = None,
    ) -> None:
        """Add a file that was made later; its bytes are in the store when this returns.

        Args:
            file: its path.
            name: under which it is found in :attr:`artifacts`; by default its base name.
            metadata: kept with it.
            author: see :meth:`tag`.

        Raises:
            StoreNameError: a name that cannot be an artifact's.
        """
        self._say(
            "artifact", remarks.file_tree(self.store, file, name or os.path.basename(file), metadata or {}), author
        )

    # -- in time ---------------------------------------------------------------------------------------

    def follow(self, *, history: bool = True, poll: float = 0.2, timeout: float | None = None) -> Iterator[News]:
        """What happens to it, until it ends: points, output (:class:`~expkit.readers.following.Printed`), and
        states (:class:`~expkit.readers.following.Turned`), the last of which is how it ended.

        Args:
            history: whether what happened before is told, too.
            poll: seconds between two looks while there is news; without news up to two seconds.
            timeout: give up after so many seconds.
        """
        from expkit.readers.following import follow

        yield from follow(self.store, self._key.uid, history=history, poll=poll, timeout=timeout)
        self.refresh()

    def refresh(self) -> StoredRun:
        """Forget what was read, so that it is read anew; return the run itself."""
        kept = {"_runs": self._runs, "_key": self._key}
        vars(self).clear()
        vars(self).update(kept)
        return self

    # -- shown -----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        try:
            return printable(f"<StoredRun {self.id} of {self.name}: {self.state}>")
        except (ExpkitError, *DAMAGE) as error:
            return printable(f"<StoredRun ~{self.uid}, which cannot be read: {error}>")

    def _repr_html_(self) -> str:
        """How notebooks show it."""
        from expkit.readers.shown import run_html

        return run_html(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredRun) and other.uid == self.uid

    def __hash__(self) -> int:
        return hash(self._key.uid)

    # -- inside ----------------------------------------------------------------------------------------

    def _files(self, role: str, more: list[FileRef] | None = None) -> Files:
        refs = [*self.record.files_of(role), *(more or ())]
        return Files(f"{role}s", [StoredFile(self.store, self._key, ref) for ref in refs])

    @cached_property
    def _later(self) -> Later:
        return Later(self.annotations)

    def _say(self, action: str, value: Any, author: str | None) -> None:
        remarks.say(self.store, self._key.uid, action, value, author)
        for stale in ("annotations", "_later", "late", "artifacts"):
            vars(self).pop(stale, None)
