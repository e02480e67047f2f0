"""Whose error it is."""

from __future__ import annotations


def arose_in(error: BaseException, package: str) -> bool:
    """Whether code of ``package`` raised the error.

    A signal handler may strike, and raise, while any code runs; its error must not be taken for that code's own.
    """
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and str(at.tb_frame.f_globals.get("__name__")).startswith(package)
