"""Who holds a lease: which process this is, and whether the one that a lease names is still alive."""

from __future__ import annotations

import os
import sys
from math import isnan, nan

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
    """Whether the process that holds ``lease`` lives; None where this process cannot know.

    It can know only about processes of the same host, boot and pid namespace (containers share a boot, and pids are
    used again), and only where the system shows it the processes of others. A process that is dead but not yet
    collected by its parent counts as dead.
    """
    if not is_here(lease) or not lease.process_start:
        return None
    started = _start_of(lease.pid)
    if started is None:
        return False
    return None if isnan(started) else abs(started - lease.process_start) < _start_precision()


def is_here(lease: Lease) -> bool:
    """Whether the process that holds ``lease`` is, or was, one of those that this process could see."""
    return (lease.host, lease.boot, lease.pid_namespace) == (host_name(), _boot(), _pid_namespace())


def was_restarted(lease: Lease) -> bool:
    """Whether the holder's machine is this one, and was started again since."""
    return lease.host == host_name() and lease.boot != _boot()


def exit_code(lease: Lease) -> int | None:
    """How a process ended that nobody has collected yet, as ``subprocess`` has it: negative for a signal.

    None where that cannot be known, which is usual: parents collect their children at once.
    """
    fields = _stat(lease.pid) if is_here(lease) and sys.platform == "linux" else None
    if not fields or fields[0] not in b"ZX" or abs(_seconds(fields) - lease.process_start) > _start_precision():
        return None
    return os.waitstatus_to_exitcode(int(fields[49]))


def _start_of(pid: int) -> float | None:
    """When a living process started, in seconds on a clock of the running boot.

    None if there is no such process, NaN if there is one of which no more can be known.
    """
    return _linux_start_of(pid) if sys.platform == "linux" else _portable_start_of(pid)


def _linux_start_of(pid: int) -> float | None:
    # psutil takes 15 ms to import, and its start times shift when the wall clock is set.
    if fields := _stat(pid):
        return None if fields[0] in b"ZX" else _seconds(fields)
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's, and /proc does not show those (hidepid)
        return nan
    except (OSError, OverflowError):  # no process ever has such a number
        return None
    return _seconds(fields) if (fields := _stat(pid)) else None


def _stat(pid: int) -> list[bytes]:
    """What the kernel says about a process from its state on; nothing where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _seconds(fields: list[bytes]) -> float:
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _portable_start_of(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return None
    except psutil.AccessDenied:
        return nan


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
