"""What the kernel notes when memory runs out: in its log, and in a counter of the control group."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_NAMESPACE = "pid:[4026531836]"
"""The pid namespace of Linux itself, whose process ids the kernel's log names."""

GROUPS = "/sys/fs/cgroup"
"""Where control groups are shown."""

_KILLED = r"[Oo]ut of memory: Killed process (\d+) \("
_RESIDENT = r"anon-rss:(\d+)kB"
_MOST = 20_000


def oom_note(pid: int, since: float) -> str | None:
    """The kernel's own note that it killed a process because memory ran out; None if there is none, or none to read.

    Args:
        pid: in the kernel's own pid namespace.
        since: seconds since boot when the process started; older notes are about somebody else.
    """
    return next((text for seconds, text in _log() if seconds >= since and _victim(text) == pid), None)


def resident(note: str) -> int | None:
    """Bytes of memory that the process of such a note had; None where it does not say."""
    found = re.search(_RESIDENT, note)
    return int(found[1]) * 1024 if found else None


def oom_counter(groups: str = "/proc/self/cgroup") -> tuple[str, int] | None:
    """The file that counts how many processes of this control group ran out of memory, and the count."""
    for place in _counters(_lines(groups)):
        if (count := oom_kills(place)) is not None:
            return place, count
    return None


def oom_kills(place: str) -> int | None:
    """The count in such a file; None where there is no such file any more, or it counts nothing."""
    for line in _lines(place):
        name, _, count = line.partition(" ")
        if name == "oom_kill" and count.isdigit():
            return int(count)
    return None


def _victim(text: str) -> int | None:
    found = re.search(_KILLED, text)
    return int(found[1]) if found else None


def _counters(groups: list[str]) -> list[str]:
    places = []
    for line in groups:
        _, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if not colon:  # of a form that nobody knows
            continue
        if "memory" in controllers.split(","):
            places.append(f"{GROUPS}/memory{path}/memory.oom_control")
        elif not controllers:
            places.append(f"{GROUPS}{path}/memory.events")
    return places


def _log(path: str = "/dev/kmsg") -> list[tuple[float, str]]:
    """Seconds since boot and text of what the kernel's log still holds; nothing where it may not be read."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return []
    try:
        return list(_records(fd))
    finally:
        os.close(fd)


def _records(fd: int) -> Iterator[tuple[float, str]]:
    """One read gives one record: ``priority,number,microseconds,flags;text``."""
    for _ in range(_MOST):
        try:
            head, _, text = os.read(fd, 8192).decode("utf-8", "replace").partition(";")
        except BrokenPipeError:  # overwritten meanwhile; the next one is there
            continue
        except OSError:  # that was the last one, or reading is forbidden
            return
        fields = head.split(",")
        if len(fields) < 3 or not fields[2].isdigit():  # noqa: PLR2004 - an ordinary file ends like this
            return
        yield int(fields[2]) / 1e6, text.partition("\n")[0]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
