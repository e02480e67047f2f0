"""W&B's folders of runs, ``wandb/offline-run-*``: config, history, system metrics, summary, output and saved files."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Any

from expkit.errors import BlobNotFoundError, FormatError
from expkit.record.model import OUTPUT, POINTS, FileRef, StreamKey
from expkit.stores.foreign import protobuf, wandb_records
from expkit.stores.foreign.told import Told, files_below, moment, stamps
from expkit.stores.foreign.wandb_log import entries
from expkit.stores.foreign.wandb_records import RUN, SCHEME, TOOL, Learnt
from expkit.stores.sacred import uid_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from expkit.record.model import Point
    from expkit.stores.foreign.told import ForeignRun

_FILE = re.compile(r"run-(.+)\.wandb")
_LOG = "output.log"
_OUTPUTS = (4, 13)
_EARLY = 20
_OWN = ("config.yaml", "wandb-summary.json", "wandb-metadata.json", _LOG)
_ROLES = {"requirements.txt": "environment", "conda-environment.yaml": "environment", "diff.patch": "patch"}


class Wandb:
    """A folder with runs of W&B, at any depth; or the ``.wandb`` file of one.

    Args:
        place: its path.
    """

    tool, scheme = TOOL, SCHEME

    def __init__(self, place: str) -> None:
        self.place = place

    def runs(self) -> list[ForeignRun]:
        """Those that wrote a ``.wandb`` file, whether or not they were sent to W&B."""
        if os.path.isfile(self.place):
            return [_Run(self.place)]
        return [
            _Run(os.path.join(place, name)) for place, _, names in os.walk(self.place) for name in names if is_log(name)
        ]


def is_log(name: str) -> bool:
    """Whether a file is called as the records of runs are."""
    return _FILE.fullmatch(name) is not None


class _Run:
    """A run's folder."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._folder = os.path.dirname(os.path.abspath(path))
        self._files = f"{self._folder}/files"
        matched = _FILE.fullmatch(os.path.basename(path))
        self.name = matched[1] if matched else os.path.basename(path)
        self.started = self._began()
        label = os.path.basename(self._folder) if not self.started else ""
        self.uid = uid_of(self.name, moment(self.started), TOOL, label)

    def stamp(self) -> Any:
        return stamps((self._path, f"{self._files}/{_LOG}", self._files))

    def tell(self) -> Told:
        learnt, count = Learnt(), 0
        try:
            for data in entries(self._path):
                count += sum(1 for _ in wandb_records.look(data, learnt))
        except FormatError as error:
            if not learnt.run:
                raise
            learnt.troubles.append(f"{error}; what follows is missing")
        learnt.read_files(self._files)
        record = wandb_records.record_of(self.uid, self.name, learnt, tuple(ref for ref, _ in self._kept()))
        notes = wandb_records.notes_of(learnt)
        ends = {StreamKey(POINTS): count, StreamKey(OUTPUT): self._printed()}
        return Told(record=record, ends=ends, notes=notes, dropped=learnt.dropped, damage=tuple(learnt.troubles))

    def points(self, key: StreamKey) -> Iterator[Point]:  # noqa: ARG002 - there is one
        learnt = Learnt()
        try:
            for data in entries(self._path):
                yield from wandb_records.look(data, learnt, points_only=True)
        except FormatError:  # told among the gaps
            return

    def output(self, offset: int, limit: int | None) -> bytes:
        try:
            file: BinaryIO = open(f"{self._files}/{_LOG}", "rb")  # noqa: SIM115 - closed below
        except OSError:
            file = io.BytesIO(self._raw())
        with file:
            file.seek(offset)
            return file.read(-1 if limit is None else limit)

    def open(self, ref: FileRef) -> BinaryIO:
        for known, path in self._kept():
            if (known.path, known.role) == (ref.path, ref.role):
                return open(path, "rb")
        raise BlobNotFoundError(f"there is no file {ref.path!r} in {self._files}")

    def _began(self) -> float:
        """When the run started; 0 where its file does not say so at its beginning."""
        try:
            for number, data in enumerate(entries(self._path)):
                found = protobuf.message(data)
                if RUN in found:
                    return wandb_records.seconds(protobuf.message(found[RUN]).get(17))
                if number > _EARLY:
                    break
        except FormatError:
            pass
        return 0.0

    def _printed(self) -> int:
        try:
            return os.path.getsize(f"{self._files}/{_LOG}")
        except OSError:
            return len(self._raw())

    def _raw(self) -> bytes:
        """What was printed, where only the record of the run has it."""
        lines: list[bytes] = []
        try:
            for data in entries(self._path):
                for number, value in protobuf.fields(data):
                    if number in _OUTPUTS:
                        lines.append(protobuf.message(value).get(3, b""))
        except FormatError:  # told among the gaps
            pass
        return b"".join(lines)

    def _kept(self) -> Iterator[tuple[FileRef, str]]:
        """Files of the run. ``wandb.save`` makes links to where they were saved, which is followed in the project alone."""
        wandb = os.path.dirname(self._folder)
        within = os.path.dirname(wandb) if os.path.basename(wandb) == "wandb" else self._folder
        for name, path in files_below(self._files, within):
            if name not in _OWN:
                yield _ref(name, path), path


def _ref(name: str, path: str) -> FileRef:
    role = "source" if name.startswith("code/") else _ROLES.get(name, "artifact")
    mode = "w" if role == "artifact" else "r"
    shown = name.removeprefix("code/") if role == "source" else name
    root = "files" if role == "artifact" else "project"
    return FileRef(path=shown, role=role, root=root, size=os.path.getsize(path), mode=mode, layer="folder")
