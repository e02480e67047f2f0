"""The git repositories that a run's sources lie in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import ProvenanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path


class Repositories(NamedTuple):
    """What git says about a run's sources.

    Attributes:
        found: one entry per repository, see :func:`ask`.
        problems: a sentence for each thing that could not be known.
    """

    found: list[dict[str, Any]]
    problems: list[str]


def ask(paths: Iterable[str | Path]) -> Callable[[], Repositories]:
    """Start asking git about each repository that holds one of the files ``paths``.

    An entry has ``url`` (of the first remote, without access data, or ``git:/`` and the folder's name), ``commit``
    (None before the first), ``branch`` (None where none is checked out), ``dirty``, and ``changed``: up to
    20 paths that make it dirty. Dirty means that a tracked file differs from the commit, or that one of
    ``paths`` itself is neither tracked nor ignored; other new files do not count.

    Never raises because of git: what cannot be known becomes a sentence.

    Returns:
        A function that waits for the answers, one entry per repository, sorted by url. Git works meanwhile. It must be
        called in the end, and once only.
    """
    roots = _repositories(paths)
    if not roots:
        return lambda: Repositories([], [])
    from expkit.provenance import git

    problems: list[str] = []
    questions = [git.ask(root, sources, problems) for root, sources in roots.items()]

    def answers() -> Repositories:
        given = [git.answer(question, problems) for question in questions if question is not None]
        found = [repository for repository in given if repository is not None]
        return Repositories(sorted(found, key=lambda repository: str(repository["url"])), problems)

    return answers


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


def _repositories(paths: Iterable[str | Path]) -> dict[str, list[str]]:
    """Root of each working tree to the files in it, relative and with forward slashes."""
    roots: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, base = os.path.split(os.path.abspath(path))
        if folder not in roots:
            roots[folder] = _root_above(os.path.realpath(folder))
        if root := roots[folder]:
            relative = os.path.relpath(os.path.join(os.path.realpath(folder), base), root)
            found.setdefault(root, []).append(relative.replace(os.sep, "/"))
    return found


def _root_above(folder: str) -> str:
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, last = os.path.split(folder)
        if not last:
            return ""
    return folder
