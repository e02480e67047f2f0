"""What was printed as a terminal would show it or, if we fail at that, as it is: :class:`Shown`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.screen import Screen
from expkit._support.troubles import keep

if TYPE_CHECKING:
    from collections.abc import Callable


class Shown:
    """A :class:`~expkit._support.screen.Screen` that never fails: from the first failure on, bytes go through.

    Args:
        state: of the screen.
    """

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._screen: Screen | None = Screen(state)

    @property
    def state(self) -> dict[str, Any] | None:
        """For another one to go on from."""
        return self._screen.state if self._screen is not None else None

    @property
    def unfinished(self) -> int:
        """Bytes at the end that are not taken in yet."""
        return self._screen.unfinished if self._screen is not None else 0

    def feed(self, data: bytes) -> bytes:
        """Take in what was printed; return lines that will not change any more."""
        return self._try(lambda screen: screen.feed(data), data)

    def quiet(self) -> bytes:
        """Nothing was printed for a while; return lines that are settled by that."""
        return self._try(lambda screen: screen.quiet())

    def rest(self) -> bytes:
        """What the screen shows now."""
        return self._try(lambda screen: screen.rest())

    def _try(self, step: Callable[[Screen], bytes], instead: bytes = b"") -> bytes:
        if self._screen is None:
            return instead
        try:
            return step(self._screen)
        except Exception as error:
            keep("output is kept as it was printed, some of it twice", error)
            screen, self._screen = self._screen, None
            return _last(screen) + instead


def _last(screen: Screen) -> bytes:
    try:
        return screen.rest()
    except Exception:  # it is told already
        return b""
