"""Asking the ``git`` program about a repository: two processes, which only look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit.provenance.mask import stripped_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from subprocess import Popen

_PATIENCE = 10.0  # seconds
_NAMED_CHANGES = 20

# What points git at another repository than the one a file lies in (set inside git hooks, for example).
_REDIRECTIONS = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
    "GIT_PREFIX",
)  # fmt: skip


class Status(NamedTuple):
    """What ``git status`` says."""

    commit: str | None
    branch: str | None
    changed: list[str]
    untracked: list[str]


class Question(NamedTuple):
    """A repository and the two git processes that were started about it."""

    root: str
    sources: list[str]
    remotes: Popen[bytes]
    status: Popen[bytes]


def ask(root: str, sources: list[str], problems: list[str]) -> Question | None:
    """Start both processes; they work until :func:`answer` waits for them."""
    try:
        remotes = _git(root, "config", "--local", "--null", "--get-regexp", r"^remote\..*\.url$")
        status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z")
    except OSError as error:
        problems.append(f"{_name(root)} is a git repository, but git cannot be run: {error.strerror}")
        return None
    return Question(root, sources, remotes, status)


def _git(root: str, *command: str) -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen

    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTIONS}
    # Looking must not take the lock of the index, ask for passwords, or start a watcher of files.
    environment.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    program = ["git", "-C", root, "-c", "core.fsmonitor=false", *command]
    return Popen(program, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment)


def answer(question: Question, problems: list[str]) -> dict[str, Any] | None:
    """Wait for both processes and put their answers together; None, and a sentence, where git refuses."""
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


def _parse_status(output: str) -> Status:
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
    return Status(
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
