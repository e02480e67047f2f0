# ruff: noqa: ARG002 - what is refused is not looked at
"""The half of a store that writes, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, NoReturn

    from expkit.record.model import Annotation, Lease, RunRecord, StreamKey
    from expkit.stores.base import Batch, Blob
    from expkit.types import RunId


class ReadOnly:
    """Refuses whatever would change a run, and says what to do instead."""

    url: str
    tool: str

    def create(
        self, record: RunRecord, *, id: RunId | None = None, bind: bool = False, lease: Lease | None = None
    ) -> RunId:
        """Refused, as all that would write."""
        self._refuse()

    def save(self, record: RunRecord) -> None:
        """Refused."""
        self._refuse()

    def set_status(self, run: RunId, expected: str, status: str) -> bool:
        """Refused."""
        self._refuse()

    def append(self, run: RunId, stream: StreamKey, offset: int, batch: Batch) -> int:
        """Refused."""
        self._refuse()

    def renew(self, run: RunId, lease: Lease) -> None:
        """Refused."""
        self._refuse()

    def put_blob(self, source: Path | bytes | BinaryIO) -> Blob:
        """Refused."""
        self._refuse()

    def annotate(self, run: RunId, annotation: Annotation) -> None:
        """Refused."""
        self._refuse()

    def delete(self, run: RunId) -> None:
        """Refused."""
        self._refuse()

    def sweep(self, grace: float = 86400.0, *, dry_run: bool = False) -> int:
        """Refused."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"runs in {self.url} were recorded by {self.tool} and can only be read;"
            f" 'expkit import {self.url}' brings them into a store of yours"
        )
