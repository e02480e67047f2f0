"""Worker processes of a run: what they open, and the modules that they import, comes to the run through a folder.

Each process appends lines of JSON to a file of its own, one for every file when it is first opened, so that nothing is
lost with a process that is killed. Spawned processes and those of a fork server learn of the folder from the
environment when they import expkit, as they do with the script of the run; forked ones know it.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit._support.digests import md5_of
from expkit._support.places import host_name, state_dir
from expkit._support.signature import Signature
from expkit._support.troubles import hear, keep, take
from expkit.provenance.code.modules import is_library, names_of, users_modules
from expkit.provenance.code.packages import note_elsewhere, package_files, package_module
from expkit.provenance.files.audit import listen, quietly
from expkit.provenance.files.opened import WORKER, Opened, Sight, Writing
from expkit.provenance.files.reading import hook_readers
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "EXPKIT_WORKER_FILES"
"""Environment variable with the pid of the run's process and, after a colon, the folder for what workers tell."""

_IMPORT, _PACKAGE, _BEGIN, _PROGRAM, _START = "import", "package", "begin", "program", "start"
_SPAWNING = (
    "multiprocessing.popen_spawn_posix",
    "multiprocessing.popen_spawn_win32",
    "multiprocessing.popen_forkserver",
)
_LOKY = ("loky.reusable_executor", "joblib.externals.loky.reusable_executor")
_SIGNED = 1 + len(Signature._fields)
_TROUBLE = "trouble"


# -- in a worker -------------------------------------------------------------------------------------------


class Report(Opened):
    """What a worker opens, written to a file at once.

    Args:
        folder: of the run.
    """

    is_immediate = True

    def __init__(self, folder: str) -> None:
        super().__init__(SETTINGS.FILES.MAX_FILES, lambda: report(folder, forked=True))
        self._path = os.path.join(folder, f"{os.getpid()}-{os.urandom(4).hex()}.jsonl")
        self._packages: set[str] = set()

    def begin(self, *, forked: bool) -> None:
        """Tell that there is a worker, and what it has imported already."""
        with quietly():
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
        modules = () if forked else [[_IMPORT, file] for _, file in users_modules()]
        programs = () if forked else [[_PROGRAM, name, os.getppid()] for name in _own_names()]
        packages = () if forked else [[_PACKAGE, file] for file in package_files()]
        self._tell([_BEGIN, "fork" if forked else _kind()], *programs, *modules, *packages)

    def started(self, name: str, by: int = 0) -> None:
        """Tell of a program, too."""
        super().started(name, by)
        self._tell([_START, name, os.getpid()])

    def put_aside(self, args: tuple[Any, ...]) -> None:
        """Nobody comes by later: it is looked at now."""
        if self.note(os.path.abspath(os.fsdecode(args[0])), reads=True, writes=False):
            self.seen.add(args)

    def note(self, path: str, *, reads: bool, writes: bool, layer: str = WORKER, at: float = 0.0) -> bool:  # noqa: ARG002
        """Note, and write down what is new."""
        before = self.reads.get(path), self.writes.get(path)
        done = super().note(path, reads=reads, writes=writes, layer=WORKER, at=at)
        self.pending.clear()
        after = self.reads.get(path), self.writes.get(path)
        if before != after:
            self._tell_about(path, *after)
        return done

    def _tell_about(self, path: str, sight: Sight | None, writing: Writing | None) -> None:
        if not is_library(path):
            self._tell(*_lines_about(path, sight, writing))
        elif (found := package_module(path)) and found not in self._packages:
            self._packages.add(found)
            self._tell([_PACKAGE, path])

    def _tell(self, *lines: list[object]) -> None:
        told = [*lines, *([_TROUBLE, trouble] for trouble in take())]
        text = "".join(f"{json.dumps(line)}\n" for line in told)
        with quietly():
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(fd, text.encode())
            finally:
                os.close(fd)


def _own_names() -> set[str]:
    """Under which names this program may have been started."""
    from expkit.provenance.files.programs import program_name

    return {program_name(name, ()) for name in (sys.orig_argv[:1] + sys.argv[:1]) if name}


def _kind() -> str:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return "loky" if "loky" in getattr(spec, "name", "") else "spawn"


def report_if_asked() -> None:
    """In a worker process of a run, report from now on; never raises."""
    pid, _, folder = os.environ.get(VARIABLE, "").partition(":")
    if pid.isdecimal() and int(pid) != os.getpid() and os.path.isabs(folder):
        report(folder)


def report(folder: str, *, forked: bool = False) -> None:
    """Report what this process opens from now on, to the run that has this folder; never raises."""
    try:
        listener = Report(folder)
        listener.begin(forked=forked)
        listen(listener)
        if SETTINGS.FILES.HOOKS and not forked:
            hook_readers()
    except OSError:  # the worker has other work
        pass
    except Exception as error:
        keep("what a worker opens is not seen", error)
        with suppress(OSError), quietly(), open(os.path.join(folder, f"{os.getpid()}.jsonl"), "a") as file:
            file.writelines(f"{json.dumps([_TROUBLE, text])}\n" for text in take())


def _lines_about(path: str, sight: Sight | None, writing: Writing | None) -> list[list[object]]:
    source = _source_of(path)
    lines: list[list[object]] = [[_IMPORT, source]] if source.endswith(".py") and sight else []
    if sight is not None and not path.endswith(".pyc"):
        lines.append(["r", path, sight.time, *sight.signature])
    if writing is not None:
        lines.append(["w", path, writing.time, *(writing.before or ())])
    return lines


def _source_of(file: str) -> str:
    """The source of a module's bytecode in ``__pycache__``; any other file is itself."""
    folder, name = os.path.split(file)
    if name.endswith(".pyc") and os.path.basename(folder) == "__pycache__":
        return os.path.join(os.path.dirname(folder), f"{name.partition('.')[0]}.py")
    return file


# -- in the run's process ----------------------------------------------------------------------------------

_addresses = [os.environ[VARIABLE]] if VARIABLE in os.environ else []
"""What the variable has said: for a run that this process is a worker of, and for its own runs that are going on."""


class Workers:
    """What the workers of a run tell.

    Args:
        uid: of the run.
    """

    def __init__(self, uid: str) -> None:
        self.folder = os.path.join(state_dir(), "workers", f"{_machine()}-{os.getpid()}-{uid}")
        self._mine = os.environ[VARIABLE] = f"{os.getpid()}:{self.folder}"
        _addresses.append(self._mine)
        self._read: dict[str, int] = {}
        self._kinds: set[str] = set()
        self._heard: dict[tuple[str, int], int] = {}

    def hear(self, opened: Opened) -> None:
        """Add to ``opened`` what was told since the last time."""
        for path in self._reports():
            for line in self._new_lines(path):
                if line[0] == _TROUBLE:
                    hear(f"in a worker: {line[1]}")
                else:
                    self._take(line, opened)

    def silent(self) -> list[str]:
        """Kinds of workers that were started and did not say a word, because they do not import expkit."""
        spawned = any(name in sys.modules for name in _SPAWNING)
        executors = (names_of(sys.modules[name]).get("_executor") for name in _LOKY if name in sys.modules)
        started = {"multiprocessing": spawned, "loky": any(found is not None for found in executors)}
        heard = {"multiprocessing": "spawn" in self._kinds, "loky": "loky" in self._kinds}
        return [f"{kind} workers that do not import expkit" for kind in started if started[kind] and not heard[kind]]

    def unheard(self, opened: Opened) -> list[str]:
        """Names of programs that were started and did not all report."""
        unheard = (
            name for (name, by), count in list(opened.programs.items()) if count > self._heard.get((name, by), 0)
        )
        return list(dict.fromkeys(unheard))

    def dismiss(self) -> None:
        """Tell no more processes of the run."""
        _addresses.remove(self._mine)
        if os.environ.get(VARIABLE) == self._mine:
            os.environ.pop(VARIABLE)
            if _addresses:  # runs may end in any order
                os.environ[VARIABLE] = _addresses[-1]

    def forget(self) -> None:
        """Remove what was told, and what was told to runs that were killed."""
        _remove(self.folder)
        for folder in _within(os.path.dirname(self.folder)):
            if _is_abandoned(os.path.basename(folder)):
                _remove(folder)

    def _reports(self) -> list[str]:
        return _within(self.folder)

    def _new_lines(self, path: str) -> list[Any]:
        with open(path, "rb") as file:
            file.seek(self._read.get(path, 0))
            whole, end, _ = file.read().rpartition(b"\n")  # the last line may be in the making
        self._read[path] = self._read.get(path, 0) + len(whole) + len(end)
        return [found for line in whole.split(b"\n") if (found := _parsed(line))]

    def _take(self, words: list[Any], opened: Opened) -> None:
        kind, path, *rest = words
        if kind == _BEGIN:
            self._kinds.add(path)
        elif kind == _IMPORT:
            opened.modules[path] = None
        elif kind == _PACKAGE:
            note_elsewhere(path)
        elif kind == _PROGRAM and len(rest) == 1:
            self._heard[path, rest[0]] = self._heard.get((path, rest[0]), 0) + 1
        elif kind == _START and len(rest) == 1:
            opened.started(path, rest[0])
        else:
            self._take_file(kind, path, rest, opened)

    def _take_file(self, kind: str, path: str, rest: list[Any], opened: Opened) -> None:
        if kind == "r" and len(rest) == _SIGNED:
            sight = Sight(Signature(*rest[1:]), rest[0], WORKER)
            if path not in opened.reads:
                opened.reads[path] = opened.pending[path] = sight
        elif kind == "w" and rest:
            before = Signature(*rest[1:]) if len(rest) == _SIGNED else None
            opened.writes.setdefault(path, Writing(before, rest[0], WORKER))


def _parsed(line: bytes) -> list[Any] | None:
    """A line of a report; None for one that is torn or foreign."""
    try:
        words = json.loads(line)
    except ValueError:
        return None
    if not isinstance(words, list) or len(words) < 2 or not all(isinstance(word, str) for word in words[:2]):  # noqa: PLR2004
        return None
    return words if all(type(number) in {int, float} for number in words[2:]) else None


@lru_cache(maxsize=1)
def _machine() -> str:
    """A short name of all that processes share whose pids this process can look up."""
    said = host_name()
    for place in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):  # of Linux
        with suppress(OSError):
            said += os.readlink(place) if os.path.islink(place) else _first_line(place)
    return md5_of(said.encode())[:8]


def _first_line(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline()


def _is_abandoned(name: str) -> bool:
    """Whether a folder was that of a process which is known to be gone."""
    machine, _, rest = name.partition("-")
    pid = rest.partition("-")[0]
    if machine != _machine() or not pid.isdecimal() or os.name != "posix":  # elsewhere kill() kills
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def _within(folder: str) -> list[str]:
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))
    except OSError:
        return []


def _remove(folder: str) -> None:
    for path in _within(folder):
        _quietly(os.unlink, path)
    _quietly(os.rmdir, folder)


def _quietly(step: Callable[[str], None], path: str) -> None:
    try:
        step(path)
    except OSError:  # a worker is still telling
        pass
