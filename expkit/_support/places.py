"""What this machine is called, and where a user's programs keep state on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def host_name() -> str:
    """The network name of this machine."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform

    return platform.node()


def state_dir() -> Path:
    """The folder for expkit's own state: ``EXPKIT_STATE``, else the platform's usual place for the user."""
    chosen = os.environ.get("EXPKIT_STATE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "expkit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "expkit"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "expkit"
