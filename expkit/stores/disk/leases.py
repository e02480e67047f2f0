"""Signs of life. ``lease.json`` says who runs a run; its time of modification says when they last renewed it."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit.record.model import Lease
from expkit.record.wire import lease_from_json, lease_to_json
from expkit.settings import SETTINGS
from expkit.stores.disk import files, text

if TYPE_CHECKING:
    from expkit.stores.disk.layout import StoreLayout


class Leases:
    """Writes and reads leases. The file system's clock stamps them, so all machines that share it agree."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._written: dict[str, Lease] = {}

    def now(self) -> datetime:
        """The file system's clock, by touching a file; this machine's where nothing may be touched."""
        return self._touched() or datetime.now(timezone.utc)

    def renew(self, path: str, lease: Lease) -> None:
        """Stamp the lease at ``path`` with the present time, or with its own where it is a copy."""
        when = lease.renewed
        lease = lease.but(renewed=None, unmoved=None)
        if when is not None:
            files.replace(path, text.pretty(lease_to_json(lease)), self._layout.scratch)
            os.utime(path, (when.timestamp(), when.timestamp()))
            self._written.pop(path, None)
            return
        if self._written.get(path) == lease:
            try:
                os.utime(path)
                return
            except FileNotFoundError:
                pass
        files.replace(path, text.pretty(lease_to_json(lease)), self._layout.scratch)
        self._written = {path: lease}  # a process renews one lease many times, rarely several

    def read(self, path: str) -> Lease | None:
        """The lease at ``path`` with the time of its renewal; None if there is none.

        One that says nothing of use is held by nobody known: when it was written still tells how long ago that was.
        Where nothing may be touched, and so the file system's clock cannot be read, it also says how long this process
        has watched it without seeing a renewal.
        """
        try:
            data = files.read(path)
            renewed = _modified(path)
        except OSError:
            return None
        try:
            lease = lease_from_json(text.parsed(data))
        except ValueError:
            lease = _nobodys()
        unmoved = None if self._touched() else _watched(path, renewed)
        return lease.but(renewed=renewed, unmoved=unmoved)

    def _touched(self) -> datetime | None:
        try:
            os.utime(self._layout.format)
            return _modified(self._layout.format)
        except OSError:
            return None


_seen: dict[str, tuple[datetime, float]] = {}
"""Renewals that this process has seen, and when it saw each first, by a clock that nobody sets."""


def _watched(path: str, renewed: datetime) -> float:
    """Seconds since this process first saw the present renewal."""
    if _seen.get(path, (None, 0.0))[0] != renewed:
        _seen[path] = renewed, time.monotonic()
    return time.monotonic() - _seen[path][1]


def _nobodys() -> Lease:
    return Lease(host="", boot="", pid_namespace="", pid=0, process_start=0.0, interval=SETTINGS.LEASE_INTERVAL)


def _modified(path: str) -> datetime:
    """When a file was written, or its copy made; a time that somebody has set beyond that does not count."""
    stat = os.stat(path)
    when = stat.st_mtime if os.name == "nt" else min(stat.st_mtime, stat.st_ctime)
    return datetime.fromtimestamp(when, timezone.utc)
