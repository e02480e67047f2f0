"""Files of a stored run: :class:`Files`, each of them a :class:`StoredFile`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit._support.counting import counted
from expkit._support.nearest import did_you_mean
from expkit._support.printable import printable
from expkit.errors import BlobNotFoundError, StoreNameError
from expkit.readers.values import View, decoded
from expkit.record.later import Later
from expkit.stores.base import KeepsForeignFiles, RunKey
from expkit.stores.disk.layout import RunLayout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from expkit.readers.run import StoredRun
    from expkit.record.model import FileRef
    from expkit.stores.base import RunStore
    from expkit.types import RunId


class StoredFile:
    """A file of a run, as it was when the run met it.

    Attributes:
        ref: what the record says about it: ``role``, ``root``, ``sha256``, ``size`` in bytes, ``content_type`` ...
    """

    def __init__(self, store: RunStore, key: RunKey, ref: FileRef) -> None:
        self.ref = ref
        self._store = store
        self._key = key

    @property
    def name(self) -> str:
        """Its name in the run: a relative path with forward slashes."""
        return self.ref.path

    @property
    def run(self) -> RunId:
        """The id of the run that it belongs to."""
        return self._key.id

    @property
    def size(self) -> int:
        """In bytes."""
        return self.ref.size

    @property
    def sha256(self) -> str:
        """Hex digest of its bytes; empty where the record lacks it."""
        return self.ref.sha256

    @property
    def kept(self) -> bool:
        """Whether the store has the bytes, or knows the file by its hash alone."""
        return self.ref.kept

    @property
    def metadata(self) -> View:
        """What was said about it."""
        return View(decoded(self._store, dict(self.ref.metadata)), f"the metadata of {self.name}")

    @property
    def text(self) -> str:
        """The bytes as UTF-8; what is none is replaced."""
        return self.read_bytes().decode("utf-8", "replace")

    def open(self) -> BinaryIO:
        """The bytes, for reading.

        Raises:
            BlobNotFoundError: the store does not have them.
        """
        if not self.ref.kept:
            raise BlobNotFoundError(
                f"of {self.ref.role} {self.name!r} of run {self._key.id} only the hash was recorded, not the bytes"
            )
        if not self.ref.sha256 and isinstance(self._store, KeepsForeignFiles):
            return self._store.open_foreign(self._key.uid, self.ref)
        return self._store.open_blob(self.ref.sha256)

    def read_bytes(self) -> bytes:
        """All bytes at once.

        Raises:
            BlobNotFoundError: the store does not have them.
        """
        with self.open() as file:
            return file.read()

    def save(self, to: str | os.PathLike[str]) -> Path:
        """Write a copy.

        Args:
            to: a path, or a folder, in which the copy gets the base name of the file.

        Returns:
            Where the copy is.

        Raises:
            BlobNotFoundError: the store does not have the bytes.
        """
        path = Path(to, _base_name(self.name)) if os.path.isdir(to) else Path(to)
        with self.open() as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        return path

    def path(self) -> Path:
        """Where the file lies on this machine, under its own name; for reading only.

        In a folder store that is its place there; else a copy that is removed when this process ends.

        Raises:
            BlobNotFoundError: the store does not have the bytes.
        """
        place = Path(_scratch(os.getpid()), self._key.uid, self.ref.sha256 or self.ref.md5 or "file", *self.parts)
        shown = self.shown()
        if shown is not None or place.exists():
            return shown or place
        place.parent.mkdir(parents=True, exist_ok=True)
        return self.save(place)

    @property
    def parts(self) -> list[str]:
        """Its name as parts of a path that stays where it begins."""
        return _parts(self.name)

    def __repr__(self) -> str:
        return f"<{self.ref.role} {printable(self.name)}, {counted(self.size, 'byte')}{'' if self.kept else ', hash only'}>"

    def shown(self) -> Path | None:
        """Where a folder store shows an artifact to people, if it is still the one that was recorded."""
        if self.ref.role != "artifact" or not self._store.capabilities.folder:
            return None
        root: Any = getattr(self._store, "root", "")
        try:
            path = Path(RunLayout(os.fspath(root), str(self._key.id)).artifact(self.name))
            return path if path.is_file() and path.stat().st_size == self.size else None
        except (StoreNameError, OSError):
            return None


class Files(Mapping[str, StoredFile]):
    """Files of one role by name; a base name will do where it is the only one.

    Args:
        what: how messages call them.
        files: of several with one name the last one counts, unless they come from different roots.
    """

    def __init__(self, what: str, files: Iterable[StoredFile]) -> None:
        self._what = what
        self._files: dict[str, StoredFile] = {}
        for file in files:
            known = self._files.get(file.name)
            same = known is None or known.ref.root == file.ref.root
            self._files[file.name if same else f"{file.ref.root}:{file.name}"] = file

    def __getitem__(self, name: str) -> StoredFile:
        if name in self._files:
            return self._files[name]
        short = [file for known, file in self._files.items() if known.endswith(f"/{name}")]
        if len(short) == 1:
            return short[0]
        known = f"; there are {', '.join(self._files)}" if self._files else "; there are none"
        raise KeyError(
            f"there is no {self._what.removesuffix('s')} {name!r}{did_you_mean(str(name), self._files) or known}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._what}: {printable(', '.join(self))}>" if self else f"<no {self._what}>"


ROLES = ("source", "artifact", "resource", "input", "output")
"""Of the files that programs use, as lists show them; others come last."""


def files_of(run: StoredRun) -> list[StoredFile]:
    """All files of a run, also those that were added later; of several with one name the last one."""
    key = RunKey(run.id, run.uid)
    refs = sorted((*run.record.files, *Later(run.annotations).files), key=lambda ref: _place(ref.role))
    last = {(ref.role, ref.root, ref.path): ref for ref in refs}
    return [StoredFile(run.store, key, ref) for ref in last.values()]


def find_file(run: StoredRun, name: str, role: str = "") -> StoredFile:
    """The file of a name; of several the one whose bytes are kept, sources before artifacts before the others.

    Args:
        run: whose.
        name: of the file; its base name will do where no other file has it.
        role: in which it is looked for; by default in all.

    Raises:
        BlobNotFoundError: there is none, or its base name fits several; the message names them.
    """
    files = [file for file in files_of(run) if role in ("", file.ref.role)]
    found = [file for file in files if file.name == name]
    if not found:
        found = [file for file in files if file.name.endswith(f"/{name}")]
        if len(names := list(dict.fromkeys(file.name for file in found))) > 1:
            raise BlobNotFoundError(f"run {run.id} has {len(names)} files {name}: {', '.join(names)}")
    if not found:
        what = role or "file"
        near = did_you_mean(name, [short for file in files for short in (file.name, file.name.rpartition("/")[2])])
        raise BlobNotFoundError(f"run {run.id} has no {what} {name!r}{near or f'; expkit files {run.id} lists them'}")
    return min(found, key=lambda file: not file.kept)


def _place(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def folder_of(store: RunStore, run: RunId) -> Path | None:
    """The folder of a run on this machine, which people may look into; None where the store has none."""
    root = getattr(store, "root", None)
    if root is None or not store.capabilities.folder:
        return None
    path = Path(RunLayout(os.fspath(root), str(run)).folder)
    return path if path.is_dir() else None


@cache
def _scratch(pid: int) -> str:
    """A folder for copies, until the process ends that asked for it; a forked child has one of its own."""
    import atexit
    import tempfile

    folder = tempfile.mkdtemp(prefix="expkit-")
    atexit.register(_remove, folder, pid)
    return folder


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _parts(name: str) -> list[str]:
    """Names of files cannot lead out of a folder."""
    return [part for part in name.replace("\\", "/").split("/") if part.strip(". ")] or ["file"]


def _base_name(name: str) -> str:
    return _parts(name)[-1]
