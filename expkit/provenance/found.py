"""What was found out about a run after its start: :class:`Found`.

A job finds something out. The end of a run waits a moment for it: as many seconds as its attribute ``patience`` says, if
it has one. What is not known by then is a gap, or what the attribute ``late`` says in its place, a :class:`Found`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from expkit.record.model import FileRef

    Job = Callable[[], "Found"]


class Found(Frozen):
    """Facts that took a while.

    Attributes:
        host, experiment: join what the record says under these keys.
        files: bytes, or where they lie, and how they join the run.
        gaps: sentences on what could not be found out.
    """

    host: Mapping[str, Any] = field(default_factory=dict)
    experiment: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[tuple[Path | bytes, FileRef], ...] = ()
    gaps: tuple[str, ...] = ()
