"""What 1,000 config entries and 10 updates add to a run that is not recorded."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from library import answer, experiment, seconds

ENTRIES = int(sys.argv[2])
UPDATES = {f"e{number}": -1 for number in range(0, ENTRIES, 100)}

Path("entries.py").write_text(
    "def entries():\n" + "".join(f"    e{number} = {number}\n" for number in range(ENTRIES)) + "    last = 0\n"
)
spec = importlib.util.spec_from_file_location("entries", "entries.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

warm = experiment(observed=False)
ex = experiment(observed=False)
ex.config(module.entries)


@warm.main
@ex.main
def main():
    pass


def run():
    ex.run(config_updates=UPDATES)


warm.run()
first = seconds(run)
answer(first=first, again=min(seconds(run) for _ in range(10)))
