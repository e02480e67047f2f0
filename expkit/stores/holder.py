"""Who holds a lease: which process this is, and whether the one that a lease names is still alive."""

from __future__ import annotations

import os
import sys

from expkit._support.places import host_name
from expkit.record.model import Lease


def this_process(interval: float) -> Lease:
    """A lease of this process, not renewed yet.

    Args:
        interval: promised seconds between two renewals.
    """
    pid = os.getpid()
    return Lease(
        host=host_name(),
        boot=_boot(),
        pid_namespace=_pid_namespace(),
        pid=pid,
        process_start=_start_of(pid) or 0.0,
        interval=interval,
    )


def alive(lease: Lease) -> bool | None:
    """Whether the process that holds ``lease`` lives; None where this machine cannot know.

    It can know only about processes of the same host, boot and pid namespace (containers share a boot, and pids are
    used again). A process that is dead but not yet collected by its parent counts as dead.
    """
    here = (host_name(), _boot(), _pid_namespace())
    if (lease.host, lease.boot, lease.pid_namespace) != here:
        return None
    started = _start_of(lease.pid)
    return started is not None and abs(started - lease.process_start) < _start_precision()


def _start_of(pid: int) -> float | None:
    """When a living process started, or None if there is none; seconds on a clock of the running boot."""
    return _linux_start_of(pid) if sys.platform == "linux" else _portable_start_of(pid)


def _linux_start_of(pid: int) -> float | None:
    # psutil takes 15 ms to import, and its start times shift when the wall clock is set.
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in b"ZX" else int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _portable_start_of(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def _start_precision() -> float:
    return 0.005 if sys.platform == "linux" else 2.0


def _boot() -> str:
    """A name of the running boot; a wrong guess only means that nobody here can judge the lease."""
    if sys.platform == "linux":
        return _first_line("/proc/sys/kernel/random/boot_id")
    import psutil

    return str(round(psutil.boot_time() / 60))


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return ""
