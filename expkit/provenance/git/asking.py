"""Asking the ``git`` program about a repository: three processes, which only look."""

from __future__ import annotations

import os
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit._support.threads import OwnThread, start
from expkit.provenance.files.programs import end_group
from expkit.provenance.git.stores import StorePaths
from expkit.record.masking import stripped_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMED_CHANGES = 20
_PIPE = 1 << 20  # bytes

# What points git at another repository than the one a file lies in (set inside git hooks, for example), or changes what
# it prints.
_MISLEADING = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
    "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_TRACE",
)  # fmt: skip


class Change(NamedTuple):
    """A tracked path that differs from the commit.

    Attributes:
        path: relative to the root, with forward slashes.
        within: it is a submodule that has changes of its own.
    """

    path: str
    within: bool = False


class Status(NamedTuple):
    """What ``git status`` says; names of untracked folders end with a slash."""

    commit: str | None
    branch: str | None
    changed: list[Change]
    untracked: list[str]


class Silent(Exception):  # noqa: N818 - it says that there is no answer yet
    """Git has not answered in time."""


class Git:
    """A git process at work in a repository.

    Args:
        root: of the working tree.
        command: and its arguments.
        quiet: nobody asks for its complaints; needed for :meth:`read`, which would not come to them.

    Raises:
        OSError: git cannot be run.
    """

    def __init__(self, root: str, *command: str, quiet: bool = False) -> None:
        from subprocess import DEVNULL, PIPE, Popen

        self._said: tuple[bytes, str] | None = b"", "not begun"
        environment = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
        # Looking must not take the lock of the index, ask for passwords, or start a watcher of files.
        environment.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
        program = ["git", "-C", root, "-c", "core.fsmonitor=false", *command]
        errors = DEVNULL if quiet else PIPE
        self._process = Popen(
            program, stdin=DEVNULL, stdout=PIPE, stderr=errors, env=environment, start_new_session=True
        )
        self._said = None
        self._owner = os.getpid()

    def output(self, deadline: float) -> tuple[bytes, str]:
        """(what it printed, why it failed or ``""``).

        Args:
            deadline: on the monotonic clock.

        Raises:
            Silent: it is still at work then.
        """
        if self._said is None:
            from subprocess import TimeoutExpired

            try:
                output, errors = self._process.communicate(timeout=max(0.0, deadline - monotonic()))
            except TimeoutExpired:
                raise Silent from None
            complaint = (errors or b"").decode(errors="replace").strip().partition("\n")[0]
            self._said = output, (complaint or "failed") if self._process.returncode else ""
        return self._said

    def widen(self) -> Git:
        """Let it print a good deal before anybody reads, where the system can do that (Linux)."""
        try:
            from fcntl import F_SETPIPE_SZ, fcntl

            assert self._process.stdout is not None
            fcntl(self._process.stdout, F_SETPIPE_SZ, _PIPE)
        except (ImportError, OSError):
            pass
        return self

    def read(self, limit: int, patience: float) -> bytes | None:
        """What it prints; None, and an end to it, where that is more than ``limit`` bytes.

        Args:
            limit: in bytes.
            patience: in seconds.

        Raises:
            Silent: it fails, or takes longer.
        """
        assert self._process.stdout is not None
        answered = Event()

        def give_up() -> None:
            if not answered.wait(patience):
                end_group(self._process)

        start(OwnThread(give_up, "git alarm"))
        try:
            output = self._process.stdout.read(limit + 1)
        finally:
            answered.set()
        if len(output) > limit:
            self.end()
            return None
        if self.output(monotonic() + patience)[1]:
            raise Silent
        return output

    def end(self) -> None:
        """End the process, if it has not ended by itself and is a child of this one."""
        if self._said is None and self._owner == os.getpid():
            self._said = b"", "given up"
            end_group(self._process)
            self._process.communicate()

    __del__ = end

    def give_up(self) -> None:
        """Let who waits for it wait no longer; from another thread."""
        if self._said is None and self._owner == os.getpid():
            end_group(self._process)


class Question:
    """A repository and the processes that were started about it.

    Args:
        root: of the working tree.
        sources: files in it, relative to the root.
        stores: files and folders that are known to be of stores, absolute.

    Raises:
        OSError: git cannot be run.
    """

    def __init__(self, root: str, sources: Sequence[str], stores: Iterable[str]) -> None:
        self.root = root
        self.sources = sources
        self._stores = stores
        self._remotes = Git(root, "config", "--local", "--null", "--get-regexp", r"^remote\..*\.url$")
        self._tag = Git(root, "describe", "--tags", "--exact-match")
        self._status = Git(
            root, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--no-renames", "-z"
        )

    @property
    def name(self) -> str:
        """What sentences call the repository."""
        return name_of(self.root)

    def status(self, deadline: float) -> Status | str:
        """What ``git status`` says; where git refuses, its complaint.

        Raises:
            Silent: git is still at work at the ``deadline``.
        """
        output, complaint = self._status.output(deadline)
        if complaint:
            return complaint
        status = _parse_status(os.fsdecode(output))
        return (
            "it printed what nobody understands" if status is None else _without_stores(self.root, status, self._stores)
        )

    def entry(self, status: Status, deadline: float) -> dict[str, Any]:
        """What the record says about the repository.

        Raises:
            Silent: git is still at work at the ``deadline``.
        """
        remotes, tag = (os.fsdecode(process.output(deadline)[0]) for process in (self._remotes, self._tag))
        untracked = [source for source in self.sources if _is_among(source, status.untracked)]
        changed = [*(change.path for change in status.changed), *untracked]
        return {
            "url": _url(remotes) or f"git:/{self.name}",
            "commit": status.commit,
            "branch": status.branch,
            "tag": tag.strip() or None,
            "dirty": bool(changed) or status.commit is None,
            "changed": changed[:_NAMED_CHANGES],
        }

    def end(self) -> None:
        """End the processes."""
        for process in (self._remotes, self._tag, self._status):
            process.end()

    def give_up(self) -> None:
        """Let who waits for an answer wait no longer; from another thread."""
        for process in (self._remotes, self._tag, self._status):
            process.give_up()


def name_of(root: str) -> str:
    """What sentences call the repository at ``root``."""
    return os.path.basename(root) or root


def _parse_status(output: str) -> Status | None:
    """None for what git does not print; anything may be called ``git``."""
    headers: dict[str, str] = {}
    changed: list[Change | None] = []
    untracked: list[str] = []
    for field in output.split("\0"):
        kind, _, rest = field.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            headers[name] = value
        elif kind == "?":
            untracked.append(rest)
        elif kind:
            changed.append(_change(kind, rest))
    if "branch.oid" not in headers or None in changed:
        return None
    commit, branch = headers.get("branch.oid", ""), headers.get("branch.head", "")
    return Status(
        None if commit == "(initial)" else commit,
        None if branch == "(detached)" else branch,
        [change for change in changed if change is not None],
        untracked,
    )


def _without_stores(root: str, status: Status, known: Iterable[str]) -> Status:
    """What runs have written into their stores, committed or not, is no change."""
    stores = StorePaths(root, known, [change.path for change in status.changed])
    return status._replace(
        changed=[change for change in status.changed if not stores.has(change.path)],
        untracked=[path for path in status.untracked if not stores.has(path)],
    )


def _change(kind: str, rest: str) -> Change | None:
    """The path stands behind 7 columns of facts, 9 for a conflict; the second says what changed in a submodule."""
    facts = {"1": 7, "u": 9}.get(kind, 0)
    columns = rest.split(" ", facts)
    if not facts or len(columns) <= facts:
        return None
    submodule = columns[1]
    return Change(columns[-1], within=submodule.startswith("S") and submodule[2:] != "..")


def _is_among(source: str, untracked: Sequence[str]) -> bool:
    return any(source == entry or (entry.endswith("/") and source.startswith(entry)) for entry in untracked)


def _url(remotes: str) -> str:
    """The url of the first remote in ``name newline url NUL`` entries."""
    return stripped_url(remotes.partition("\0")[0].partition("\n")[2])
