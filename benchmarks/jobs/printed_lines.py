"""A million lines printed to nowhere, in a capture mode; what the run costs without them is left out."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from library import LIBRARY, answer, experiment, quiet_beats, seconds

LINES = 1_000_000
MODE = sys.argv[2]


def print_all(count):
    for _ in range(count):
        print("a line of text")
    sys.stdout.flush()


def recorded(count):
    ex = experiment()

    @ex.main
    def main():
        print_all(count)

    ex.run(options=quiet_beats())


def to_nowhere(function, count):
    """Seconds for all lines, on descriptors that lead to the null device."""
    kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    os.dup2(null, 1)
    os.dup2(null, 2)
    taken = seconds(function, count)
    os.dup2(kept, 1)
    return taken


if LIBRARY == "limit":
    answer(seconds=to_nowhere(print_all, LINES) / LINES)
else:
    import_module(LIBRARY).SETTINGS.CAPTURE_MODE = MODE
    empty = min(to_nowhere(recorded, 0) for _ in range(3))
    answer(seconds=(to_nowhere(recorded, LINES) - empty) / LINES)
