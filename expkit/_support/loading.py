"""Loading many modules at once: :data:`loading`; one by its name: :func:`module_of`."""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


class _Loading:
    """``with loading:`` around imports of ours keeps the garbage collector from looking through them as they come.

    It would find nothing, several times over; that takes a twentieth of the time that a short run lives. Nor does it
    look through them afterwards: modules live long, so they join its old objects.
    """

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(gc.isenabled())
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._before.pop():
            if hasattr(gc, "freeze") and not gc.get_freeze_count():  # else somebody's frozen objects would thaw
                gc.freeze()
                gc.unfreeze()
            gc.enable()


loading = _Loading()


def module_of(name: str) -> ModuleType:
    """A module of ours by its full name, loaded if need be, without the rest of ``importlib``."""
    __import__(name)
    return sys.modules[name]
