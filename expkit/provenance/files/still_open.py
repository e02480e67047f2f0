"""Which files this process has open for writing: bytes may be on their way to them."""

from __future__ import annotations

import os

_DESCRIPTORS = "/proc/self/fd"


def open_for_writing() -> set[tuple[int, int]]:
    """(device, inode) of each; nothing where the system does not tell (it does on Linux)."""
    try:
        numbers = os.listdir(_DESCRIPTORS)
    except OSError:
        return set()
    return {place for number in numbers if (place := _written_through(number)) is not None}


def _written_through(number: str) -> tuple[int, int] | None:
    """What a descriptor writes to; None for one that only reads, or that is closed by now."""
    try:
        with open(f"/proc/self/fdinfo/{number}", encoding="ascii") as info:
            flags = next(line.split()[1] for line in info if line.startswith("flags:"))
        status = os.stat(f"{_DESCRIPTORS}/{number}")
    except (OSError, StopIteration):
        return None
    return (status.st_dev, status.st_ino) if int(flags, 8) & (os.O_WRONLY | os.O_RDWR) else None
