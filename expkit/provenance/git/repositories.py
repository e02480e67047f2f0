"""The git repositories that a run's sources lie in."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.errors import ProvenanceError
from expkit.provenance.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from expkit.provenance.found import Job
    from expkit.provenance.git.asking import Question, Status
    from expkit.provenance.git.changes import Changes

PATIENCE = 10.0
"""Seconds until git is given up."""

START_PATIENCE = 2.0
"""Seconds that the start of a run waits for git; then it goes on, and git is heard later."""

_LAST_PATIENCE, _CHANGES_PATIENCE = 2.0, 5.0


class Repositories(NamedTuple):
    """What git says about a run's sources.

    Attributes:
        found: one entry per repository, see :func:`ask`.
        problems: a sentence for each thing that could not be known.
    """

    found: list[dict[str, Any]]
    problems: list[str]


def ask(paths: Iterable[str | Path], stores: Iterable[str] = ()) -> Asked:
    """Start asking git about each repository that holds one of the files ``paths``.

    An entry has ``url`` (of the first remote, without access data, or ``git:/`` and the folder's name), ``commit``
    (None before the first), ``branch`` (None where none is checked out), ``tag`` (of the commit itself, else None),
    ``dirty``, and ``changed``: up to 20 paths that make it dirty. Dirty means that a tracked file differs from the
    commit, or that one of ``paths`` itself is neither tracked nor ignored; other new files do not count.

    Never raises because of git: what cannot be known becomes a sentence.

    Args:
        paths: see above.
        stores: files and folders that are known to be of stores, absolute: what changes there is no change.
    """
    return Asked(_repositories(paths), stores)


class Asked:
    """Git at work in some repositories; call it to wait for the answers.

    Args:
        roots: of the working trees, and the files of interest in each, relative to it.
        stores: see :func:`ask`.
    """

    def __init__(self, roots: Mapping[str, Sequence[str]], stores: Iterable[str]) -> None:
        self._stores = tuple(stores)
        self._problems: list[str] = []
        self._entries: dict[str, dict[str, Any]] = {}
        self._status: dict[str, Status] = {}
        self._questions = [question for root, sources in roots.items() if (question := self._ask(root, sources))]
        self._silent = list(self._questions)

    def __call__(self) -> Repositories:
        """Wait for the answers, one entry per repository, sorted by url."""
        self._hear(PATIENCE)
        for question in self._silent:
            question.end()
            self._problems.append(f"{_about(question)}: no answer in {PATIENCE:g} seconds")
        self._silent = []
        return self._heard()

    def at_start(self, *, keep: bool) -> tuple[Repositories, Job | None]:
        """What is known soon, and what finds out the rest in the background.

        Args:
            keep: whether git looks for changes, too: the job gives their files, and the same entries with ``patch`` and
                ``untracked``, see :class:`~expkit.provenance.git.changes.Kept`.
        """
        self._hear(START_PATIENCE)
        known = self._heard()
        changes = self._changes() if keep else {}
        if not self._silent and not changes:
            return known, None
        return known, _Rest(lambda: self._rest(len(known.problems), changes, keep=keep), self)

    @property
    def is_silent(self) -> bool:
        """Whether there is a repository of which nothing is known yet."""
        return bool(self._silent)

    def give_up(self) -> None:
        """End what is still at work."""
        for question in self._silent:
            question.give_up()

    def _rest(self, told: int, changes: dict[str, Changes], *, keep: bool) -> Found:
        """What was not known at the start: the answers of slow repositories, and all changes."""
        late = {question.root for question in self._silent}
        self()
        if keep and late:
            changes = {**changes, **{root: found for root, found in self._changes().items() if root in late}}
        kept = {root: found.collect() for root, found in changes.items()}
        for root, found in kept.items():
            self._entries[root] = {**self._entries[root], **found.entry}
        return Found(
            experiment={"repositories": self._heard().found},
            files=tuple(file for found in kept.values() for file in found.files),
            gaps=(*self._problems[told:], *(gap for found in kept.values() for gap in found.gaps)),
        )

    def _ask(self, root: str, sources: Sequence[str]) -> Question | None:
        from expkit.provenance.git.asking import Question, name_of

        try:
            return Question(root, sources, self._stores)
        except OSError as error:
            self._problems.append(f"{name_of(root)} is a git repository, but git cannot be run: {error.strerror}")
            return None

    def _hear(self, patience: float) -> None:
        if not self._silent:
            return
        from expkit.provenance.git.asking import Silent

        deadline, silent = monotonic() + patience, []
        for question in self._silent:
            try:
                self._take(question, deadline)
            except Silent:
                silent.append(question)
        self._silent = silent

    def _take(self, question: Question, deadline: float) -> None:
        status = question.status(deadline)
        if isinstance(status, str):
            question.end()
            self._problems.append(f"{_about(question)}: {status}")
            return
        self._entries[question.root] = question.entry(status, deadline)
        self._status[question.root] = status
        if status.commit is None:
            self._problems.append(f"repository {question.name} has no commit yet")

    def _heard(self) -> Repositories:
        found = sorted(self._entries.values(), key=lambda entry: str(entry["url"]))
        return Repositories(found, list(self._problems))

    def _changes(self) -> dict[str, Changes]:
        """Git at work on the changes of those repositories that have any."""
        changed = [
            (question, status)
            for question in self._questions
            if (status := self._status.get(question.root)) and (status.changed or status.untracked)
        ]
        if not changed:
            return {}
        from expkit.provenance.git.changes import Changes

        roots = [question.root for question in self._questions]
        return {
            question.root: Changes(question.root, status, question.sources, roots, self._stores)
            for question, status in changed
        }


def require_clean(repositories: Sequence[dict[str, Any]], problems: Sequence[str] = ()) -> None:
    """Refuse to go on unless every repository is clean.

    Args:
        repositories: what :func:`ask` found.
        problems: what it could not find out.

    Raises:
        ProvenanceError: a repository is dirty or unreadable, or there is none.
    """
    for repository in repositories:
        if repository["dirty"]:
            names = ", ".join(repository["changed"]) or "there is no commit"
            raise ProvenanceError(f"repository {repository['url']} has changes that are not committed: {names}")
    if problems:
        raise ProvenanceError(f"cannot tell whether the sources are committed: {problems[0]}")
    if not repositories:
        raise ProvenanceError("cannot enforce a clean repository: no source of this run lies in a git repository")


class _Rest:
    """A job that is worth waiting for: a run without its patch cannot be had again."""

    def __init__(self, job: Job, asked: Asked) -> None:
        self._job = job
        self._asked = asked

    @property
    def patience(self) -> float:
        """In seconds; who has not said a word since the start is not likely to speak."""
        return _LAST_PATIENCE if self._asked.is_silent else _CHANGES_PATIENCE

    def give_up(self) -> None:
        """The run is over."""
        self._asked.give_up()

    def __call__(self) -> Found:
        return self._job()


def _about(question: Question) -> str:
    return f"git says nothing about repository {question.name}"


def _repositories(paths: Iterable[str | Path]) -> dict[str, list[str]]:
    """Root of each working tree to the files in it, relative and with forward slashes."""
    folders: dict[str, tuple[str, str]] = {}
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, base = os.path.split(path)
        if folder not in folders:
            folders[folder] = _root_and_way(os.path.realpath(folder))
        root, way = folders[folder]
        if root:
            found.setdefault(root, []).append(way + base)
    return found


def _root_and_way(folder: str) -> tuple[str, str]:
    """The working tree around a folder, or ``""``, and the way from there to the folder."""
    root = _root_above(folder)
    way = os.path.relpath(folder, root).replace(os.sep, "/") if root else "."
    return root, "" if way == "." else f"{way}/"


def _root_above(folder: str) -> str:
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, last = os.path.split(folder)
        if not last:
            return ""
    return folder
