"""Loggers of libraries, whose lines nobody has asked for."""

from __future__ import annotations


def quieten(name: str) -> None:
    """Let the logger of a driver print nothing where the program has not set up logging: errors are told by us."""
    from logging import NullHandler, getLogger

    logger = getLogger(name)
    if not any(isinstance(handler, NullHandler) for handler in logger.handlers):
        logger.addHandler(NullHandler())
