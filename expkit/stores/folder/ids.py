"""Who has which id: claimed by making the run's folder, which exactly one process can do."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from expkit.stores.counting import counted
from expkit.stores.disk import files
from expkit.stores.disk.layout import check_id

if TYPE_CHECKING:
    from expkit.stores.disk.layout import StoreLayout
    from expkit.types import RunId

_MISSES = 64
_PATIENCE = 0.2


class Ids:
    """Claims ids in one store, and remembers which uid has which."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._last = 0

    def claim(self, uid: str, wanted: RunId | None, *, bind: bool) -> str:
        """Make the folder of a new run and return its name. The store's hidden folder exists.

        Args:
            uid: of the run; the id that somebody else has just noted for it is as good.
            wanted: the id to try first.
            bind: whether it must be that one.

        Raises:
            RunExistsError: the id is taken and ``bind`` demands it.
            StoreNameError: the id cannot be the name of a folder.
        """
        self._last = max(self._last, self._hint())
        if wanted is not None:
            name = check_id(str(wanted))
            if self._take(name):
                return name
            if (noted := self._noted_just_now(uid, name)) is not None:
                return noted
            if bind:
                from expkit.stores.rules import taken

                raise taken(name, self._layout.root)
        return self._next()

    def id_of(self, uid: str) -> str | None:
        """The id that was noted for this uid."""
        try:
            return files.created(self._layout.uid(uid)).decode("utf-8", "replace") or None
        except OSError:  # no file
            return None

    def all(self) -> dict[str, str]:
        """Ids, and the uids for which they were noted."""
        names = [os.path.basename(note) for note in files.entries(self._layout.uids)]
        return {name: uid for uid in names if (name := self.id_of(uid))}

    def note(self, uid: str, name: str) -> str:
        """Note that ``uid`` has this id; if it has one already, return that instead."""
        path = self._layout.uid(uid)
        try:
            files.write_new(path, name.encode())
        except FileNotFoundError:
            os.makedirs(self._layout.uids, exist_ok=True)
            return self.note(uid, name)
        except FileExistsError:
            return self.id_of(uid) or self._renote(uid, name)
        return name

    def forget(self, uid: str) -> None:
        """Forget the id of this uid."""
        try:
            os.unlink(self._layout.uid(uid))
        except FileNotFoundError:
            pass

    def _renote(self, uid: str, name: str) -> str:
        """A process died while it made the note."""
        self.forget(uid)
        return self.note(uid, name)

    def _noted_just_now(self, uid: str, name: str) -> str | None:
        """The id of a run that somebody else creates at the same time: perhaps as this one, whose folder is taken."""
        end = time.monotonic() + _PATIENCE
        while not os.path.exists(self._layout.run(name).record) and time.monotonic() < end:
            time.sleep(0.001)
        return self.id_of(uid)

    def _next(self) -> str:
        number, misses = self._last + 1, 0
        while not self._take(str(number)):
            misses += 1
            number = max(number, self._greatest()) + 1 if misses % _MISSES == 0 else number + 1
        return str(number)

    def _take(self, name: str) -> bool:
        try:
            os.mkdir(f"{self._layout.root}/{name}")
        except FileExistsError:
            return False
        self._remember(counted(name))
        return True

    def _hint(self) -> int:
        """The greatest number that somebody noted, or that is here.

        It may be too low, which costs some tries; listing a folder of 100,000 runs at each start would cost more.
        """
        text = files.read(self._layout.last_id).strip()
        return int(text) if text.isdigit() else self._greatest()

    def _remember(self, number: int) -> None:
        if number <= self._last:
            return
        self._last = number
        fd = os.open(self._layout.last_id, os.O_WRONLY | os.O_CREAT | files.BINARY, 0o666)
        try:
            os.write(fd, b"%020d\n" % number)
        finally:
            os.close(fd)

    def _greatest(self) -> int:
        return max(map(counted, os.listdir(self._layout.root)), default=0)
