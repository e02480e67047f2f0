"""Where records and streams are kept. One protocol (``base``), one file or folder per backend; knows records, never observers or runs in progress.

Names are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.stores.copying.runs import copy
    from expkit.stores.urls import open, open_store  # noqa: A004 - ``stores.open(url)`` is how it reads

__all__ = ["copy", "open", "open_store"]

_PLACES = {"copy": "copying.runs", "open": "urls", "open_store": "urls"}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expkit._support.loading import module_of

    return getattr(module_of(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
