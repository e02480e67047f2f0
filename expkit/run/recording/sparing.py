"""What is done at once as long as that is cheap, and else left to the next beat."""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOWANCE = 0.25
_SHARE = 0.02
"""Seconds for the first few times, and the part of all time after that."""


class Sparing:
    """Does a job whenever it is called, but for a short allowance in no more than a small part of all time.

    Args:
        job: what is done.
    """

    def __init__(self, job: Callable[[], object]) -> None:
        self._job = job
        self._since = monotonic()
        self._spent = 0.0

    def __call__(self) -> None:
        """Do the job, unless that has taken too long so far."""
        start = monotonic()
        if self._spent > _ALLOWANCE + _SHARE * (start - self._since):
            return
        try:
            self._job()
        finally:
            self._spent += monotonic() - start
