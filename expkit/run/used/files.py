"""Files that come into a run by themselves: what lies in ``run.dir`` at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.record.model import FileRef

if TYPE_CHECKING:
    from expkit.run.handle import Run


def keep_run_files(run: Run) -> None:
    """Make artifacts of the files in ``run.dir``."""
    folder = run.recorder.log.files
    for path in sorted(child for child in folder.rglob("*") if child.is_file()):
        name = path.relative_to(folder).as_posix()
        ref = FileRef(path=f"files/{name}", role="artifact", root="run", mode="w", layer="folder")
        try:
            run.recorder.add_file(path, ref)
        except (OSError, StoreError) as error:
            run.recorder.gap(f"file {name} could not be kept: {error}")
