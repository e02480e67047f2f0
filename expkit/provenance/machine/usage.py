"""What a process and its children use: processor time, memory, disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICKS, _PAGE = 100, 4096
if hasattr(os, "sysconf"):
    _TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """What a process and its living children use, all the way down.

    Attributes:
        cpu: seconds of processor time so far, those of dead children included.
        memory: bytes in physical memory; what processes share counts for each of them.
        disk_read, disk_written: bytes so far; None where the system does not say.
    """

    cpu: float
    memory: int
    disk_read: int | None = None
    disk_written: int | None = None


def usage() -> Usage:
    """What this process and its children use now."""
    if os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return _added([_from_proc(pid) for pid in _tree(os.getpid())])
    return _added(list(_from_psutil()))


def _added(usages: list[Usage | None]) -> Usage:
    known = [one for one in usages if one is not None]
    reads = [one.disk_read for one in known if one.disk_read is not None]
    writes = [one.disk_written for one in known if one.disk_written is not None]
    return Usage(
        sum(one.cpu for one in known),
        sum(one.memory for one in known),
        sum(reads) if reads else None,
        sum(writes) if writes else None,
    )


# -- Linux: psutil takes 20 ms to load, and looks through all processes of the machine for the children of one -----------


def _tree(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:  # it has ended meanwhile
            continue
        for thread in threads:
            waiting += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())


def _from_proc(pid: int) -> Usage | None:
    _, _, facts = _read(f"/proc/{pid}/stat").rpartition(b")")
    columns = facts.split()
    if not columns:
        return None
    disk = dict(line.split(b": ") for line in _read(f"/proc/{pid}/io").splitlines())
    return Usage(
        sum(map(int, columns[11:15])) / _TICKS,  # user and system, of itself and of children that have ended
        int(columns[21]) * _PAGE,
        int(disk[b"read_bytes"]) if disk else None,
        int(disk[b"write_bytes"]) if disk else None,
    )


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


# -- elsewhere -------------------------------------------------------------------------------------------


def _from_psutil() -> Iterator[Usage | None]:
    import psutil

    this = psutil.Process()
    times = os.times()
    yield Usage(times.children_user + times.children_system, 0)
    for process in (this, *this.children(recursive=True)):
        try:
            with process.oneshot():
                spent, disk = process.cpu_times(), _disk(process)
                yield Usage(spent.user + spent.system, process.memory_info().rss, *disk)
        except psutil.Error:
            continue


def _disk(process: object) -> tuple[int | None, int | None]:
    """(bytes read, bytes written), where the system tells."""
    try:
        counters = process.io_counters()  # type: ignore[attr-defined]
    except Exception:  # not there on macOS; not allowed for processes of others
        return None, None
    return counters.read_bytes, counters.write_bytes
