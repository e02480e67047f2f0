"""Signs of life. ``lease.json`` says who runs a run; its time of modification says when they last renewed it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from expkit.record.wire import lease_from_json, lease_to_json
from expkit.stores.folder import files, text

if TYPE_CHECKING:
    from expkit.record.model import Lease
    from expkit.stores.folder.layout import StoreLayout


class Leases:
    """Writes and reads leases. The file system's clock stamps them, so all machines that share it agree."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._written: dict[str, Lease] = {}

    def now(self) -> datetime:
        """The file system's clock, by touching a file; this machine's where nothing may be touched."""
        try:
            os.utime(self._layout.format)
            return _modified(self._layout.format)
        except OSError:
            return datetime.now(timezone.utc)

    def renew(self, path: str, lease: Lease) -> None:
        """Stamp the lease at ``path`` with the present time."""
        lease = lease.but(renewed=None)
        if self._written.get(path) == lease:
            try:
                os.utime(path)
                return
            except FileNotFoundError:
                pass
        files.replace(path, text.pretty(lease_to_json(lease)), self._layout.scratch)
        self._written = {path: lease}  # a process renews one lease many times, rarely several

    def read(self, path: str) -> Lease | None:
        """The lease at ``path`` with the time of its renewal; None if there is none, or none that can be read."""
        try:
            return lease_from_json(text.parsed(files.read(path))).but(renewed=_modified(path))
        except (OSError, ValueError):
            return None


def _modified(path: str) -> datetime:
    return datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc)
