"""What a repository has beyond its commit, so that its files can be had again: a patch and the untracked files."""

from __future__ import annotations

import os
from hashlib import sha256
from time import time_ns
from typing import TYPE_CHECKING, Any

from expkit._support.named import NamedTuple
from expkit.provenance.git.asking import name_of
from expkit.provenance.git.patch import Patch, is_newer
from expkit.provenance.git.untracked import UntrackedFiles, choose, read
from expkit.provenance.private import is_private, public_part, shows_secrets
from expkit.record.model import FileRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from expkit.provenance.git.asking import Status

_NAMED = 5
_LISTED = 20


class Kept(NamedTuple):
    """What was found.

    Attributes:
        entry: ``patch``, its sha256 or None, and ``untracked``: ``[path, sha256, mode]``, with the mode that git would
            give the file; the bytes of a symbolic link (``120000``) are its target. Where files are left out by rule,
            ``left_out`` has for each reason ``why``, ``count`` and up to 20 ``paths``.
        files: what to keep.
        gaps: a sentence for each kind of thing that is not kept.
    """

    entry: dict[str, Any]
    files: list[tuple[Path | bytes, FileRef]]
    gaps: list[str]


class Changes:
    """The changes of one repository; git looks at them from the moment on that this is made.

    Args:
        root: of the working tree.
        status: what ``git status`` said just before.
        sources: files in it that the run is made of; they are kept before others.
        others: roots of the repositories that are looked at, too.
        stores: files and folders that are known to be of stores, absolute.
    """

    def __init__(
        self, root: str, status: Status, sources: Sequence[str], others: Iterable[str], stores: Iterable[str]
    ) -> None:
        self._root = root
        self._sources = frozenset(sources)
        self._began = time_ns()
        self._others = roots = {os.path.relpath(other, root).replace(os.sep, "/") for other in others}
        self._within = [change.path for change in status.changed if change.within and change.path not in roots]
        public, self._private = _sorted_out(root, [change.path for change in status.changed])
        # before the first commit there is nothing that a patch could start from
        self._staged = [] if status.commit else public
        self._patch = Patch(root, status.commit, public, self._private) if status.commit and public else None
        folders = [path for path in public if _is_plain_folder(os.path.join(root, path))]
        self._untracked = UntrackedFiles(root, [*status.untracked, *folders], stores)

    def collect(self) -> Kept:
        """Wait for git, and read the untracked files."""
        kept = Kept({"patch": None, "untracked": []}, [], [])
        if self._patch is not None:
            self._keep_patch(kept, self._patch)
        self._keep_untracked(kept)
        _leave_out(kept, "they may hold secrets", self._private)
        self._note(kept, "they are changes inside of submodules", self._within)
        return kept

    def _keep_patch(self, kept: Kept, patch: Patch) -> None:
        text = patch.text()
        if isinstance(text, str):
            kept.gaps.append(f"the changes of repository {name_of(self._root)} are not kept: {text}")
            return
        text, private = public_part(text)
        self._private += private
        if text:
            name = f"{name_of(self._root)}.patch"
            kept.entry["patch"] = _keep(kept, text, "patch", name, changed=patch.uncertain)

    def _keep_untracked(self, kept: Kept) -> None:
        names = self._untracked.names()
        if isinstance(names, str):
            kept.gaps.append(f"the untracked files of repository {name_of(self._root)} are not kept: {names}")
            names = []
        public, private = _sorted_out(self._root, [*self._staged, *names])
        self._private += private
        chosen, left_out = choose(self._root, public, self._sources)
        for path, mode, content in sorted(read(self._root, chosen)):
            if shows_secrets(path, content):
                self._private.append(path)
                continue
            changed = is_newer(os.path.join(self._root, path), self._began)
            kept.entry["untracked"].append([path, _keep(kept, content, "untracked", path, changed=changed), mode])
        _leave_out(kept, "they are too large or too many", left_out)
        nested = [name for name in self._untracked.nested if name not in self._others]
        _leave_out(kept, "they are repositories of their own", nested)

    def _note(self, kept: Kept, reason: str, names: Sequence[str]) -> None:
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            listed = ", ".join(names[:_NAMED]) + more
            kept.gaps.append(f"of repository {name_of(self._root)} these are not kept, because {reason}: {listed}")


def _leave_out(kept: Kept, reason: str, paths: Sequence[str]) -> None:
    """What is left out on purpose is no gap."""
    if paths:
        about = {"why": reason, "count": len(paths), "paths": list(paths[:_LISTED])}
        kept.entry.setdefault("left_out", []).append(about)


def _sorted_out(root: str, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """(paths that may be kept, private ones)."""
    public: list[str] = []
    private: list[str] = []
    for path in paths:
        (private if is_private(path, os.path.join(root, path)) else public).append(path)
    return public, private


def _is_plain_folder(place: str) -> bool:
    """Whether there is a folder, and no submodule: git does not name it as new where it has taken a file's place."""
    return os.path.isdir(place) and not os.path.islink(place) and not os.path.exists(os.path.join(place, ".git"))


def _keep(kept: Kept, content: bytes, role: str, path: str, *, changed: bool) -> str:
    digest = sha256(content).hexdigest()
    ref = FileRef(path=path, role=role, sha256=digest, size=len(content), layer="git", changed=changed)
    kept.files.append((content, ref))
    return digest
