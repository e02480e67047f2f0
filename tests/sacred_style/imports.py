"""What a script in Sacred's style has to change: its imports, by this table."""

import re

PLACES = {
    "from sacred.utils import apply_backspaces_and_linefeeds": "from expkit import apply_backspaces_and_linefeeds",
    "from sacred.utils import SacredInterrupt, ": "from expkit import RunInterrupt as SacredInterrupt, ",
    "from sacred.utils import ": "from expkit.errors import ",
    "from sacred.commands import ": "from expkit.program import ",
    "from sacred.config import ": "from expkit.config.files import ",
    "from sacred": "from expkit",
    "import sacred": "import expkit as sacred",
}
"""What stands at the beginning of a line, and what to write instead; the first that fits counts."""


def changed(source):
    """The script with its imports changed, nothing else."""
    return re.sub(r"^( *)(.*)$", lambda line: line[1] + _changed(line[2]), source, flags=re.MULTILINE)


def _changed(line):
    for old, new in PLACES.items():
        if line.startswith(old):
            return new + line[len(old) :]
    return line
