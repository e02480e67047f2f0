"""What git says of a clean repository of 5,000 files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from library import answer, seconds

from expkit.provenance.git.repositories import ask

for number in range(5_000):
    folder = Path(f"package{number % 40}/part{number % 400}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"module{number}.py").write_text(f"x = {number}\n" * (number % 60 + 1))
for command in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -q -m files"):
    subprocess.run(["git", *command.split()], check=True)

paths = [Path("package0/part0/module0.py")]


def facts():
    assert not ask(paths)().found[0]["dirty"]


def status():
    command = "git --no-optional-locks status --porcelain=v2 --branch -z"
    subprocess.run(command.split(), check=True, capture_output=True)


answer(
    seconds=min(seconds(facts) for _ in range(7)),
    limit=min(seconds(status) for _ in range(7)),
)
