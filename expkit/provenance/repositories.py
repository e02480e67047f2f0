"""The git repositories that a run's sources lie in, asked from the ``git`` program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.errors import ProvenanceError
from expkit.provenance.mask import stripped_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from subprocess import Popen

_PATIENCE = 10.0  # seconds
_NAMED_CHANGES = 20

# What points git at another repository than the one a file lies in (set inside git hooks, for example).
_REDIRECTIONS = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
    "GIT_PREFIX",
)  # fmt: skip


class _Status(NamedTuple):
    commit: str | None
    branch: str | None
    changed: list[str]
    untracked: list[str]


class _Question(NamedTuple):
    """A repository and the two git processes that were started about it."""

    root: str
    sources: list[str]
    remotes: Popen[bytes]
    status: Popen[bytes]


class Repositories(NamedTuple):
    """What git says about a run's sources.

    Attributes:
        found: one entry per repository, see :func:`describe`.
        problems: a sentence for each thing that could not be known.
    """

    found: list[dict[str, Any]]
    problems: list[str]


def describe(paths: Iterable[str | Path]) -> Repositories:
    """One entry for each repository that holds one of the files ``paths``, sorted by url.

    An entry has ``url`` (of the first remote, without access data, or ``git:/`` and the folder's name), ``commit``
    (None before the first), ``branch`` (None where none is checked out), ``dirty``, and ``changed``: up to
    20 paths that make it dirty. Dirty means that a tracked file differs from the commit, or that one of
    ``paths`` itself is neither tracked nor ignored; other new files do not count.

    Never raises because of git: what cannot be known becomes a sentence.
    """
    problems: list[str] = []
    questions = [_ask(root, sources, problems) for root, sources in _repositories(paths).items()]
    answers = [_answer(question, problems) for question in questions if question is not None]
    found = sorted((answer for answer in answers if answer is not None), key=lambda answer: str(answer["url"]))
    return Repositories(found, problems)


def require_clean(repositories: Sequence[dict[str, Any]], problems: Sequence[str] = ()) -> None:
    """Refuse to go on unless every repository is clean.

    Args:
        repositories: what :func:`describe` found.
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


def _ask(root: str, sources: list[str], problems: list[str]) -> _Question | None:
    """Start both processes at once; they answer while the run prepares other things."""
    try:
        remotes = _git(root, "config", "--local", "--null", "--get-regexp", r"^remote\..*\.url$")
        status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z")
    except OSError as error:
        problems.append(f"{_name(root)} is a git repository, but git cannot be run: {error.strerror}")
        return None
    return _Question(root, sources, remotes, status)


def _git(root: str, *command: str) -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen

    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTIONS}
    # Looking must not take the lock of the index, ask for passwords, or start a watcher of files.
    environment.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    program = ["git", "-C", root, "-c", "core.fsmonitor=false", *command]
    return Popen(program, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment)


def _answer(question: _Question, problems: list[str]) -> dict[str, Any] | None:
    remotes, _ = _output(question.remotes)
    output, complaint = _output(question.status)
    if complaint:
        problems.append(f"git says nothing about repository {_name(question.root)}: {complaint}")
        return None
    status = _parse_status(output)
    if status.commit is None:
        problems.append(f"repository {_name(question.root)} has no commit yet")
    untracked = [source for source in question.sources if _is_among(source, status.untracked)]
    changed = [*status.changed, *untracked]
    return {
        "url": _url(remotes) or f"git:/{_name(question.root)}",
        "commit": status.commit,
        "branch": status.branch,
        "dirty": bool(changed) or status.commit is None,
        "changed": changed[:_NAMED_CHANGES],
    }


def _output(process: Popen[bytes]) -> tuple[str, str]:
    """(what it printed, why it failed or ``""``)."""
    from subprocess import TimeoutExpired

    try:
        output, errors = process.communicate(timeout=_PATIENCE)
    except TimeoutExpired:
        process.kill()
        process.communicate()
        return "", f"no answer in {_PATIENCE:g} seconds"
    complaint = errors.decode(errors="replace").strip().partition("\n")[0]
    return os.fsdecode(output), (complaint or "failed") if process.returncode else ""


def _parse_status(output: str) -> _Status:
    headers: dict[str, str] = {}
    changed: list[str] = []
    untracked: list[str] = []
    fields = iter(output.split("\0"))
    for field in fields:
        kind, _, rest = field.partition(" ")
        if kind == "#":
            name, _, headers_value = rest.partition(" ")
            headers[name] = headers_value
        elif kind == "?":
            untracked.append(rest)
        elif kind:
            changed.append(_changed_path(kind, rest, fields))
    commit, branch = headers.get("branch.oid", ""), headers.get("branch.head", "")
    return _Status(
        None if commit == "(initial)" else commit, None if branch == "(detached)" else branch, changed, untracked
    )


def _changed_path(kind: str, rest: str, fields: Iterator[str]) -> str:
    """The path of an entry, which stands behind 7, 8 or 9 columns of facts."""
    if kind == "2":  # renamed: the old path follows as a field of its own
        next(fields, None)
    return rest.split(" ", {"1": 7, "2": 8}.get(kind, 9))[-1]


def _is_among(source: str, untracked: Sequence[str]) -> bool:
    return any(source == entry or (entry.endswith("/") and source.startswith(entry)) for entry in untracked)


def _url(remotes: str) -> str:
    """The url of the first remote in ``name newline url NUL`` entries."""
    return stripped_url(remotes.partition("\0")[0].partition("\n")[2])


def _name(root: str) -> str:
    return os.path.basename(root) or root
