"""Who has which id: claimed by an object that exactly one process can make, where the place can do that."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from expkit.errors import StoreNameError
from expkit.stores import rules
from expkit.stores.counting import counted
from expkit.stores.disk.layout import check_id
from expkit.stores.remote import layout

if TYPE_CHECKING:
    from expkit.stores.remote.media import Media
    from expkit.types import RunId

_MISSES = 32
_SUFFIX = 4
"""Bytes that nobody else draws at the same moment, on whatever machine."""


class Ids:
    """Claims ids in one store, and remembers which uid has which.

    Where a place cannot let one of several processes win, an id of its own choice is a number with a unique suffix.

    Args:
        media: where.
    """

    def __init__(self, media: Media) -> None:
        self._media = media
        self._last = 0

    def claim(self, uid: str, wanted: RunId | None, *, bind: bool) -> str:
        """Claim an id for a run and return it.

        Args:
            uid: of the run.
            wanted: the id to try first.
            bind: whether it must be that one.

        Raises:
            RunExistsError: the id is taken and ``bind`` demands it.
            StoreNameError: the id cannot be the name of a folder.
        """
        if wanted is not None:
            name = self._checked(str(wanted))
            if self._take(name, uid):
                return name
            if bind:
                raise rules.taken(name, self._media.place.where)
        return self._next(uid)

    def id_of(self, uid: str) -> str | None:
        """The id that was noted for this uid."""
        found = self._media.find(f"{layout.UIDS}/{uid}")
        return found.decode("utf-8", "replace") or None if found else None

    def note(self, uid: str, name: str) -> str:
        """Note that ``uid`` has this id; if it has one already, return that instead."""
        if self._media.make(f"{layout.UIDS}/{uid}", name.encode()):
            return name
        return self.id_of(uid) or name

    def forget(self, uid: str) -> None:
        """Forget the id of this uid."""
        self._media.remove([f"{layout.UIDS}/{uid}"])

    def _checked(self, name: str) -> str:
        if self._media.place.kind.protocol == "webdav" and re.search("%[0-9a-fA-F]{2}", name):
            raise StoreNameError(f"{name!r} cannot be a run's id here: WebDAV takes the part after '%' for a character")
        return check_id(name)

    def _next(self, uid: str) -> str:
        if not self._media.place.kind.driver.is_exclusive:
            number = self._greatest() + 1
            while not self._take(name := f"{number}-{os.urandom(_SUFFIX).hex()}", uid):
                pass
            return name
        number, misses = max(self._last, self._hint()) + 1, 0
        while not self._take(str(number), uid):
            misses += 1
            number = max(number, self._greatest()) + 1 if misses % _MISSES == 0 else number + 1
        return str(number)

    def _take(self, name: str, uid: str) -> bool:
        if self._media.exists(f"{name}/run.json"):  # a folder that was copied into the place has no claims
            return False
        if not self._media.make(f"{layout.IDS}/{quote(name, safe='')}", uid.encode()):
            return False
        self._remember(counted(name))
        return True

    def _hint(self) -> int:
        """The greatest number that somebody noted, or that is here; it may be too low, which costs some tries."""
        text = (self._media.find(layout.LAST_ID) or b"").strip()
        return int(text) if text.isdigit() else self._greatest()

    def _remember(self, number: int) -> None:
        if self._last < number:
            self._last = number
            self._media.put(layout.LAST_ID, b"%020d\n" % number)

    def _greatest(self) -> int:
        claimed = (unquote(item.name.rpartition("/")[2]) for item in self._media.items(layout.IDS))
        return max((counted(name.partition("-")[0]) for name in (*claimed, *self._media.folders())), default=0)
