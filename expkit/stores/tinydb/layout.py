"""Where everything lies: :class:`DatabaseLayout`."""

from __future__ import annotations

from expkit.stores.disk.layout import RunLayout, StoreLayout

HIDDEN = ".expkit-tinydb"
"""A folder store may lie in the same folder, and neither may take the other's files for its own."""


class DatabaseLayout(StoreLayout):
    """All paths of a database: its tables, and what lies beside them in a hidden folder.

    Args:
        root: the folder; need not exist.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root, hidden=HIDDEN)
        self.database = f"{root}/metadata.json"
        self.lock = f"{self.hidden}/lock"
        self.runs = f"{self.hidden}/runs"
        self.hashfs = f"{root}/hashfs"

    def beside(self, uid: str) -> RunLayout:
        """What lies beside the tables for one run: output, points, signs of life, and the newest record."""
        return RunLayout(self.runs, uid)

    def sacreds(self, md5: str) -> str:
        """Where the predecessor keeps the bytes of this hash."""
        return f"{self.hashfs}/{md5[:2]}/{md5[2:4]}/{md5[4:6]}/{md5[6:]}"
