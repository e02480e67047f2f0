"""Which of the user's files were executed, as the interpreter's audit events say it.

The table of imported modules knows neither files that were executed without an import, nor modules that are gone from
it, nor that one was loaded again; the event ``exec`` knows all of them, at the moment when it happens.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple
from expkit._support.signature import Signature
from expkit.provenance.code.modules import is_library

if TYPE_CHECKING:
    from types import CodeType


class Execution(NamedTuple):
    """A file of the user's was executed, when it had this signature."""

    file: str
    signature: Signature


noted: dict[Execution, None] = {}
"""What was executed since somebody listens, in order, each once."""


def note(code: CodeType) -> None:
    """Note an execution; made to be called from an audit hook with what comes with the event ``exec``."""
    file = code.co_filename
    if file[:1] == "<" or code.co_name != "<module>":
        return
    file = os.path.abspath(file)
    if is_library(file):
        return
    try:
        noted[Execution(file, Signature.of(os.stat(file)))] = None
    except (OSError, ValueError):  # the name is no file's
        return


def executed_files() -> set[str]:
    """The files that were executed since somebody listens."""
    return {execution.file for execution in list(noted)}
