"""How much processor and memory this process may use: what the machine has, and what control groups leave of it."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def machine_memory() -> int:
    """Bytes of memory that the machine has."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    import psutil

    return int(psutil.virtual_memory().total)


def usable_memory(root: str = "/") -> int:
    """Bytes of memory that this process may use: the least of what machine and control groups give.

    Args:
        root: of the file system that ``proc`` and ``sys`` lie in.
    """
    limits = [int(words[0]) for words in _control(root, "memory.max", "memory/memory.limit_in_bytes")]
    return min([machine_memory(), *limits])


def usable_cpus(root: str = "/") -> float:
    """How many processors this process may keep busy: those that it may run on, or what control groups give of them.

    Args:
        root: of the file system that ``proc`` and ``sys`` lie in.
    """
    limits = [float(_allowed_cpus())]
    limits += [int(quota) / int(period) for quota, period in _control(root, "cpu.max", "")]
    quotas = _control(root, "", "cpu/cpu.cfs_quota_us")
    periods = _control(root, "", "cpu/cpu.cfs_period_us")
    limits += [int(quota) / int(period) for (quota,), (period,) in zip(quotas, periods, strict=False)]
    return min(limit for limit in limits if limit > 0)


def _allowed_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=16)  # they change with the machine, and a process stays where it is
def _control(root: str, name: str, old_name: str) -> list[list[str]]:
    """Words of a limit's file, of this process' group and of all above it, but for those that set no limit.

    Args:
        root: of the file system.
        name: of the file in the second version of control groups.
        old_name: controller and file in the first version.
    """
    controller, _, old_file = old_name.partition("/")
    found: list[list[str]] = []
    for controllers, group in _groups(root):
        if not controllers and name:
            found += _limits(f"{root}sys/fs/cgroup", group, name)
        elif controllers and controller in controllers:
            found += _limits(f"{root}sys/fs/cgroup/{controller}", group, old_file)
    return found


def _groups(root: str) -> list[tuple[list[str], str]]:
    """(controllers, path) of each control group that this process is in; the second version has no controllers there."""
    if sys.platform != "linux":
        return []
    try:
        with open(f"{root}proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            parts = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return []
    return [(names.split(",") if names else [], group) for _, names, group in parts]


def _limits(mount: str, group: str, name: str) -> Iterator[list[str]]:
    """From the group up to the mount; inside of containers the groups between may not be visible."""
    while True:
        try:
            with open(f"{mount}{group.rstrip('/')}/{name}", encoding="utf-8") as file:
                words = file.read().split()
        except OSError:
            words = []
        if words and words[0] not in ("max", "-1"):
            yield words
        if group in ("", "/"):
            return
        group = group.rpartition("/")[0]
