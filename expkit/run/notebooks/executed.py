"""What a run in a notebook adds to the facts about its code: the executed cells, as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from expkit.provenance.code.notebook import SCRIPT, notebook
from expkit.record.model import FileRef

if TYPE_CHECKING:
    from datetime import datetime


class Cells(NamedTuple):
    """Executed cells.

    Attributes:
        source: how they join the record.
        script: their text.
        file: the notebook's own file, or ``""``.
        notes: how the notebook as it stands differs from what was executed.
    """

    source: FileRef
    script: bytes
    file: str
    notes: tuple[str, ...]


def executed_cells(time: datetime) -> Cells | None:
    """The cells that were executed up to now; None outside of notebooks."""
    found = notebook()
    if found is None:
        return None
    from hashlib import md5, sha256

    script = found.script
    source = FileRef(
        path=SCRIPT,
        role="source",
        root="elsewhere",
        sha256=sha256(script).hexdigest(),
        md5=md5(script, usedforsecurity=False).hexdigest(),
        size=len(script),
        first_seen=time,
        layer="import",
    )
    return Cells(source, script, found.file, tuple(found.notes))
