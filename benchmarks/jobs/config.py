"""What 1,000 config entries and 10 updates add to a run that is not recorded."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from textwrap import indent

from library import answer, experiment, groups, seconds

GROUPS = int(sys.argv[2]) // 100
UPDATES = {f"g{number}.h3.e7": -1 for number in range(GROUPS)}

Path("entries.py").write_text("def entries():\n    seed = 1\n" + indent(groups(GROUPS), "    "))
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
    ex.run(config_updates=UPDATES, options={"--capture": "no"})


for _ in range(5):
    warm.run(options={"--capture": "no"})
first = seconds(run)
answer(first=first, again=min(seconds(run) for _ in range(30)))
