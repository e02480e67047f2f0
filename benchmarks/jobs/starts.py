"""From the start of the process to main's first line, beyond the bare script: a project of many modules, or many packages.

Called with the library, the number of modules and the number of installed packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from library import LIBRARY, answer

MODULES, PACKAGES = int(sys.argv[2]), int(sys.argv[3])
ROUNDS = 2 if LIBRARY == "sacred" and MODULES > 1 else 7

BODY = "import time\nimport sys\nprint(time.time())\n"
START = {
    "bare": BODY,
    "expkit": f"from expkit import Experiment\nex = Experiment('start')\n@ex.automain\ndef main():\n    {BODY.replace(chr(10), chr(10) + '    ')}",
    "sacred": (
        "from sacred import Experiment\nfrom sacred.observers import FileStorageObserver\nex = Experiment('start')\n"
        f"ex.observers.append(FileStorageObserver('runs'))\n@ex.automain\ndef main():\n    {BODY.replace(chr(10), chr(10) + '    ')}"
    ),
}


def make_project():
    used = []
    for number in range(MODULES):
        package = Path(f"part{number % 50}")
        package.mkdir(exist_ok=True)
        (package / f"module{number}.py").write_text("".join(f"def f{line}(): return {line}\n" for line in range(60)))
        used.append(f"import part{number % 50}.module{number}\n")
    for number in range(PACKAGES):
        place = Path(f"lib/site-packages/package{number}-1.0.dist-info")
        place.mkdir(parents=True)
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package{number}\nVersion: 1.0\n")
        (place / "RECORD").write_text(f"package{number}.py,,\n" * 200)
        place.with_name(f"package{number}.py").touch()
    used += [f"import package{number}\n" for number in range(0, PACKAGES, 15)]
    for name, start in START.items():
        Path(f"start_{name}.py").write_text("".join(used) + start)
    Path(".gitignore").write_text("runs\nlib\n__pycache__\n")
    for command in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -q -m project"):
        subprocess.run(["git", *command.split()], check=True)


def before_main(script):
    paths = [str(Path("lib/site-packages").absolute()), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "EXPKIT_STATE": str(Path("state").absolute())}
    began = time.time()
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, check=True)
    return next(float(line) for line in done.stdout.split() if line.replace(b".", b"").isdigit()) - began


make_project()
before_main("start_bare.py")  # compiles the modules
bare = min(before_main("start_bare.py") for _ in range(ROUNDS))
first = before_main(f"start_{LIBRARY}.py") - bare
answer(first=first, again=min(before_main(f"start_{LIBRARY}.py") for _ in range(ROUNDS)) - bare)
