"""Numbers of things in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 run``, ``3 runs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def are(number: int) -> str:
    """The verb before a number of things: there ``is`` 1 run, there ``are`` 3 runs."""
    return "is" if number == 1 else "are"
