"""Connections to PostgreSQL in a forked child: they are its parent's, and the driver complains of those left open."""

from __future__ import annotations

import os
import weakref
from typing import Any

_open: weakref.WeakSet[Any] = weakref.WeakSet()


def remember(connection: Any) -> None:
    """Let forked children let go of a connection of psycopg's."""
    if hasattr(connection, "pgconn"):
        _open.add(connection)


def _let_go() -> None:
    for connection in list(_open):
        try:
            _close_here(connection)
        except Exception:  # the child's own business goes on
            continue
    _open.clear()


def _close_here(connection: Any) -> None:
    """Close a connection in this process only: what says good-bye to the server goes nowhere."""
    if connection.closed:
        return
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(nowhere, connection.fileno(), inheritable=False)
    finally:
        os.close(nowhere)
    connection.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
