"""Where everything lies: :class:`StoreLayout` and :class:`RunLayout`. No other file knows a name on disk."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from expkit.errors import StoreError, StoreNameError
from expkit.record.model import OUTPUT, POINTS, StreamKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.record.model import FileRef, RunRecord
    from expkit.types import Json

HIDDEN = ".expkit"
_LONGEST, _LONGEST_PATH = 255, 4000
_SHOWN = 40
FILES = "files"

_RECORD_FILES = (
    r"(run|config|info|metrics|lease(-\d+-\d+)?)\.json|cout.*\.(txt|raw)"
    r"|events(-\d+-\d+)?\.jsonl|metrics-\d+-\d+\.points|status-\d+\.json|last-words-\d+-\d+\.raw"
)
_OUTPUT = r"cout(?:-(\d+)-(\d+))?\.txt"
_POINTS = r"metrics-(\d+)-(\d+)\.points"
_RANK_EVENTS = r"events-\d+-[1-9]\d*\.jsonl"
_RANK_LEASE = r"lease-\d+-([1-9]\d*)\.json"


class StoreLayout:
    """All paths of a store, as str: they are asked for at every step, and pathlib takes its time.

    Args:
        root: the store's folder; need not exist.
        resource_dir: where resources are shown, default ``root/_resources``.
        source_dir: where sources are shown, default ``root/_sources``.
        hidden: name of the folder for everything that is no run's.
    """

    def __init__(
        self, root: str, resource_dir: str | None = None, source_dir: str | None = None, hidden: str = HIDDEN
    ) -> None:
        self.root = root
        self.resources = resource_dir or f"{root}/_resources"
        self.sources = source_dir or f"{root}/_sources"
        self.hidden = hidden = f"{root}/{hidden}"
        self.format = f"{hidden}/format.json"
        self.last_id = f"{hidden}/last-id"
        self.blobs = f"{hidden}/blobs"
        self.known = f"{hidden}/known"
        self.reserve = f"{hidden}/reserve"
        self.points_reserve = f"{hidden}/reserve-points"
        self.changes = f"{hidden}/changes"
        self.trash = f"{hidden}/trash"
        self.scratch = f"{hidden}/aside"
        self.uids = f"{hidden}/uids"
        self.annotated = f"{hidden}/annotations"
        self.jobs = f"{hidden}/jobs"
        self.locks = f"{hidden}/locks"

    def run(self, name: str) -> RunLayout:
        """The folder of the run with this id."""
        return RunLayout(self.root, name)

    def blob(self, sha256: str) -> str:
        """Where the bytes of this hash lie."""
        return f"{self.blobs}/{sha256[:2]}/{sha256[2:]}"

    def uid(self, uid: str) -> str:
        """The file that says which id the run ``uid`` has."""
        return f"{self.uids}/{uid}"

    def annotations(self, uid: str) -> str:
        """The folder of later facts about the run ``uid``."""
        return f"{self.annotated}/{uid}"

    def shown(self, role: str) -> str:
        """The folder in which sources or resources of all runs are shown."""
        return self.sources if role == "source" else self.resources

    def shown_from_root(self, role: str) -> str:
        """The same, relative to the root and with forward slashes."""
        return _relative(self.shown(role), self.root)


class RunLayout:
    """All paths of one run.

    Args:
        root: the store's folder.
        id: the run's id, and the name of its folder.
    """

    def __init__(self, root: str, id: str) -> None:
        self.root = root
        self.id = id
        self.folder = folder = f"{root}/{id}"
        self.record = f"{folder}/run.json"
        self.config = f"{folder}/config.json"
        self.info = f"{folder}/info.json"
        self.metrics = f"{folder}/metrics.json"
        self.lease = f"{folder}/lease.json"
        self.files = f"{folder}/{FILES}"

    def events(self, segment: int = 0, rank: int = 0) -> str:
        """What happened since ``run.json`` was written."""
        return f"{self.folder}/events{_suffix(segment, rank)}.jsonl"

    def output(self, segment: int = 0, rank: int = 0) -> str:
        """Captured output; its bytes are the stream."""
        return f"{self.folder}/cout{_suffix(segment, rank)}.txt"

    def points(self, segment: int = 0, rank: int = 0) -> str:
        """Packed metric points."""
        return f"{self.folder}/metrics-{segment}-{rank}.points"

    def last_words(self, segment: int = 0, rank: int = 0) -> str:
        """Signals that a process got and how it crashed; there while it lives, and after a death."""
        return f"{self.folder}/last-words-{segment}-{rank}.raw"

    def claim(self, number: int) -> str:
        """The ``number``-th change of the status by compare-and-set."""
        return f"{self.folder}/status-{number}.json"

    def stream(self, stream: StreamKey) -> str:
        """The file of a stream."""
        return (self.output if stream.content == OUTPUT else self.points)(stream.segment, stream.rank)

    def streams(self) -> Iterator[tuple[StreamKey, str]]:
        """The streams whose files exist, sorted."""
        found = []
        for name in self._names():
            if match := re.fullmatch(_POINTS, name):
                found.append((StreamKey(POINTS, int(match[1]), int(match[2])), f"{self.folder}/{name}"))
            elif match := re.fullmatch(_OUTPUT, name):
                found.append((StreamKey(OUTPUT, int(match[1] or 0), int(match[2] or 0)), f"{self.folder}/{name}"))
        return iter(sorted(found))

    def rank_events(self) -> list[str]:
        """The events that ranks other than 0 wrote, sorted."""
        return [f"{self.folder}/{name}" for name in sorted(self._names()) if re.fullmatch(_RANK_EVENTS, name)]

    def rank_lease(self, segment: int, rank: int) -> str:
        """Signs of life of a rank other than 0; there until it has said its end."""
        return f"{self.folder}/lease-{segment}-{rank}.json"

    def rank_leases(self) -> list[tuple[int, str]]:
        """The ranks that have not said their end, sorted, with their signs of life."""
        found = ((name, re.fullmatch(_RANK_LEASE, name)) for name in self._names())
        return sorted((int(match[1]), f"{self.folder}/{name}") for name, match in found if match)

    def artifact(self, name: str) -> str:
        """Where an artifact of this name is shown.

        Raises:
            StoreNameError: the name leaves the folder or hides a file of the record.
        """
        check_artifact_name(name)
        path = f"{self.folder}/{name}"
        if "/" in name and not is_inside(os.path.dirname(path), self.folder):
            raise StoreNameError(f"artifact name {name!r} leads out of the run's folder")
        return path

    def _names(self) -> list[str]:
        """Names of files; folders and pipes, however they came here, hold no part of a record."""
        try:
            with os.scandir(self.folder) as found:
                return [item.name for item in found if item.is_file()]
        except OSError:
            return []


def check_artifact_name(name: str) -> None:
    """Refuse names that leave the run's folder or hide a file of the record.

    Raises:
        StoreNameError: says what is wrong with the name.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\\x00-\x1f]|^[A-Za-z]:", name):
        raise StoreNameError(f"{name!r} cannot be an artifact's name; use a relative path like 'plots/loss.png'")
    if not all(fits(part) for part in parts):
        raise StoreNameError(f"{name[:40]!r}... cannot be an artifact's name: no file can have it")
    first = _as_some_disks_see(parts[0])
    if is_of_record(first) or (first == FILES and (len(parts) == 1 or parts[0] != FILES)):
        raise StoreNameError(f"{name!r} cannot be an artifact's name: the run keeps its record in {first!r}")
    if os.name == "nt" and any(map(_is_strange_to_windows, parts)):
        raise StoreNameError(f"{name!r} cannot be an artifact's name: Windows keeps it for itself")


def is_of_record(name: str) -> bool:
    """Whether a file of this name in a run's folder is a part of the record."""
    return re.fullmatch(_RECORD_FILES, name) is not None


def _as_some_disks_see(part: str) -> str:
    """The name without what file systems may not tell apart: case, forms of one letter, what no one sees, a last dot."""
    if not part.isascii():
        import unicodedata

        part = "".join(sign for sign in unicodedata.normalize("NFKC", part) if unicodedata.category(sign) != "Cf")
    return part.casefold().rstrip(". ")


def _is_strange_to_windows(part: str) -> bool:
    is_device = re.fullmatch(
        r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", part.split(".", maxsplit=1)[0].strip().lower()
    )
    return bool(is_device or re.search(r'[<>:"|?*]', part) or part[-1] in ". ")


def check_id(name: str) -> str:
    """The id, if it can be the name of a run's folder; times of day can, but on Windows.

    Raises:
        StoreNameError: says what is wrong with the id.
    """
    strange = r'[\\/:*?"<>|\x00-\x1f]' if os.name == "nt" else r'[\\/*?"<>|\x00-\x1f]'
    if not name or name[0] in "._" or re.search(strange, name) or name[-1] in ". ":
        raise StoreNameError(f"{name!r} cannot be a run's id here: ids are names of folders, like '7' or 'baseline'")
    if not fits(name):
        raise StoreNameError(f"{name[:40]!r}... cannot be a run's id: no folder can have that name")
    return name


def check_place(path: str) -> str:
    """The path of a store, if there can be a file or folder of that name.

    Raises:
        StoreError: says what is wrong with it.
    """
    if "\0" in path or not _is_encodable(path):
        raise StoreError(f"{path[:_SHOWN]!r} cannot be the path of a store: no file system takes such characters")
    parts = path.replace(os.sep, "/").split("/")
    if len(os.fsencode(path)) > _LONGEST_PATH or not all(map(fits, parts)):
        raise StoreError(
            f"{path[:_SHOWN]!r}... cannot be the path of a store: it, or the name of a folder in it, is too long"
        )
    return path


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeError:
        return False
    return True


def stored_name(ref: FileRef) -> str:
    """``STEM_MD5.EXT``, the name under which sources and resources are shown."""
    stem, extension = os.path.splitext(ref.path.replace("\\", "/").rsplit("/", 1)[-1])
    return f"{stem[:50]}_{ref.md5 or ref.sha256[:32]}{extension[:10]}"


def shown_files(store: StoreLayout, record: RunRecord, role: str) -> list[Json]:
    """``[name, path below the store]`` of each kept file, as the predecessor's readers expect."""
    place = store.shown_from_root(role)
    kept = (ref for ref in record.files_of(role) if ref.kept and ref.sha256)
    return [[ref.path, f"{place}/{stored_name(ref)}"] for ref in kept]


def _suffix(segment: int, rank: int) -> str:
    return f"-{segment}-{rank}" if segment or rank else ""


def fits(part: str) -> bool:
    """Whether a name is short enough for a file, and can be one."""
    try:
        return len(os.fsencode(part)) <= _LONGEST and "\0" not in part
    except UnicodeError:
        return False


def is_inside(path: str, folder: str) -> bool:
    """Whether a path leads below a folder, through whatever links."""
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


@lru_cache(maxsize=64)
def _relative(path: str, root: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
