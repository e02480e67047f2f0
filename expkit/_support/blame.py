"""Whose error it is."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


def arose_in(error: BaseException, package: str) -> bool:
    """Whether code of ``package`` raised the error.

    A signal handler may strike, and raise, while any code runs; its error must not be taken for that code's own.
    """
    modules = list(_modules(error.__traceback__))
    return bool(modules) and modules[-1].startswith(package)


def raise_foreign(error: BaseException) -> None:
    """Raise an error again that was caught in our code, and comes from other code than ours and the standard library's.

    Such as that of a signal handler, which has struck while ours called a function of the library.
    """
    if any(not _is_ours(module) for module in _modules(error.__traceback__)):
        raise error


def _modules(at: TracebackType | None) -> Iterator[str]:
    """The modules that an error has passed through, the one that raised it last."""
    while at is not None:
        yield str(at.tb_frame.f_globals.get("__name__"))
        at = at.tb_next


def _is_ours(module: str) -> bool:
    top = module.partition(".")[0]
    return top == "expkit" or top in sys.stdlib_module_names
