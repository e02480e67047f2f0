"""The cells of a notebook, as the source that a run in a kernel is made from.

IPython knows what was executed, in which order; Jupyter's front ends say which cell each execution came from, and some
tell the kernel where the notebook's file lies.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCRIPT = "notebook-cells.py"
"""Name of the source that holds what was executed."""

_FILE_VARIABLE = "JPY_SESSION_NAME"  # set by jupyter_server
_VSCODE_NAME = "__vsc_ipynb_file__"

_cell_ids: dict[int, str] = {}


class Cell(NamedTuple):
    """One execution of a cell: its number (``In[number]``), its text, and the cell's own id (``""`` if unknown)."""

    number: int
    source: str
    id: str = ""


class Notebook(NamedTuple):
    """What was executed before a run.

    Attributes:
        cells: executions, in order.
        file: the notebook's file, or ``""`` where nobody says.
        notes: sentences on how the notebook as it stands differs from what was executed.
    """

    cells: list[Cell]
    file: str
    notes: list[str]

    @property
    def script(self) -> bytes:
        """What was executed, as a script."""
        return "\n\n".join(f"# In[{cell.number}]:\n\n{cell.source.rstrip()}" for cell in self.cells).encode() + b"\n"


def watch() -> None:
    """From now on, note which cell each execution comes from. Does nothing outside of IPython, and twice no harm."""
    shell = _shell()
    if shell is not None and not getattr(shell, "_expkit_watches", False):
        shell._expkit_watches = True
        shell.events.register("post_run_cell", lambda _: _note_present_cell(shell))


def present_cell() -> tuple[str, int] | None:
    """(id, or ``""``; execution number) of the cell that is being executed; None outside of IPython."""
    shell = _shell()
    if shell is None:
        return None
    number = _note_present_cell(shell)
    return _cell_ids.get(number, ""), number


def notebook() -> Notebook | None:
    """What was executed in this session so far; None outside of IPython."""
    shell = _shell()
    if shell is None:
        return None
    _note_present_cell(shell)
    sources = [str(source) for source in shell.history_manager.input_hist_raw]
    cells = [Cell(number, source, _cell_ids.get(number, "")) for number, source in enumerate(sources) if source.strip()]
    file = _file(shell.user_ns)
    return Notebook(cells, file, [*_changed_again(cells), *(_unlike(cells, _code_cells(file)) if file else [])])


def notebook_file() -> str:
    """The file of the notebook that this session belongs to, or ``""``."""
    shell = _shell()
    return "" if shell is None else _file(shell.user_ns)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def _note_present_cell(shell: Any) -> int:
    """Note the id of the cell that is being executed, or was just now; returns its number."""
    number = len(shell.history_manager.input_hist_raw) - 1  # `execution_count` is one more in some versions
    kernel = getattr(shell, "kernel", None)
    try:
        parent = kernel.get_parent("shell") if kernel is not None else {}
        found = parent.get("metadata", {}).get("cellId", "")
    except Exception:  # kernels of another making
        found = ""
    if isinstance(found, str) and found:
        _cell_ids[number] = found
    return number


def _file(names: Mapping[str, Any]) -> str:
    for path in (names.get(_VSCODE_NAME), os.environ.get(_FILE_VARIABLE)):
        if isinstance(path, str) and path.endswith(".ipynb") and os.path.isfile(path):
            return os.path.abspath(path)
    return ""


def _code_cells(file: str) -> list[Cell]:
    """The code cells of a notebook's file, numbered from 1 in order of their places."""
    import json

    try:
        with open(file, encoding="utf-8") as opened:
            found = json.load(opened)["cells"]
        codes = [cell for cell in found if cell["cell_type"] == "code"]
        return [Cell(place, "".join(cell["source"]), cell.get("id", "")) for place, cell in enumerate(codes, 1)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _changed_again(cells: Iterable[Cell]) -> list[str]:
    """Cells that were executed again with another text."""
    last: dict[str, Cell] = {}
    notes = []
    for cell in cells:
        before = last.get(cell.id)
        if cell.id and before is not None and before.source != cell.source:
            notes.append(f"In[{cell.number}] is the cell of In[{before.number}], changed and run again")
        last[cell.id] = cell
    return notes


def _unlike(executed: list[Cell], written: list[Cell]) -> list[str]:
    """How a notebook's file differs from what was executed."""
    last = _last_runs(executed, written)
    in_order = [last[cell.number] for cell in written if cell.number in last]
    notes = [
        f"cells were run out of order: In[{later.number}] stands before In[{earlier.number}] in the notebook"
        for later, earlier in pairwise(in_order)
        if later.number > earlier.number
    ]
    texts = {cell.source.strip() for cell in written}
    edited = [f"In[{run.number}]" for run in _latest(executed) if run.source.strip() not in texts]
    if edited:
        notes.append(
            f"the notebook's file has other text than was run for {', '.join(edited)}: edited since, or not saved"
        )
    return notes


def _last_runs(executed: list[Cell], written: list[Cell]) -> dict[int, Cell]:
    """The last execution of each cell of the file, by its place; found by id, or by text where nobody says the id."""
    by_id = {cell.id: cell.number for cell in written if cell.id}
    by_text = {cell.source.strip(): cell.number for cell in reversed(written)}
    places = ((by_id.get(run.id) if run.id else by_text.get(run.source.strip()), run) for run in executed)
    return {place: run for place, run in places if place is not None}


def _latest(executed: list[Cell]) -> list[Cell]:
    """Executions without those of cells that were executed again."""
    last = {run.id: run for run in executed if run.id}
    return [run for run in executed if not run.id or last[run.id] is run]
