"""Running jobs: in interpreters of their own, in turns, the least disturbed round counting."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JOBS = Path(__file__).parent / "jobs"
CHECKOUT = Path(__file__).parents[1]

LIMIT, SACRED, EXPKIT = "limit", "sacred", "expkit"


@dataclass
class Bench:
    """Interpreters to measure with; of several rounds the least disturbed one counts.

    Attributes:
        sacred: an interpreter that has Sacred, or None to measure without.
        quick: fewer rounds and points, rougher figures.
        failures: what did not work.
        known: what figures have measured and others compare themselves with.
    """

    sacred: Path | None
    quick: bool = False
    failures: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How often a whole process is timed."""
        return 4 if self.quick else 12

    def python(self, library: str) -> str | None:
        """The interpreter for a library, None where there is none."""
        if library == SACRED:
            return str(self.sacred) if self.sacred else None
        return sys.executable

    def extra(self, base: Sequence[str], job: Sequence[str], library: str, place: Path) -> float | None:
        """Seconds that the whole process ``job`` takes more than ``base``, both run in turns in ``place``."""
        python = self.python(library)
        if python is None:
            return None
        best = {}
        for number in range(self.rounds + 1):
            for command in (tuple(base), tuple(job)):
                shutil.rmtree(place / "runs", ignore_errors=True)
                start = time.perf_counter()
                if self._run([python, *command], place) is None:
                    return None
                taken = time.perf_counter() - start
                if number:  # the first round fills caches
                    best[command] = min(taken, best.get(command, taken))
        return best[tuple(job)] - best[tuple(base)]

    def job(self, name: str, *arguments: str, library: str, rounds: int = 3) -> dict[str, float] | None:
        """The smallest figures that a job gives, or None where the library cannot do it."""
        python = self.python(library)
        if python is None:
            return None
        answers = [self._answer(python, name, arguments) for _ in range(1 if self.quick else rounds)]
        if None in answers:
            return None
        return {figure: min(answer[figure] for answer in answers) for figure in answers[0]}

    def _answer(self, python: str, name: str, arguments: Sequence[str]) -> dict[str, float] | None:
        with folder() as place:
            output = self._run([python, str(JOBS / f"{name}.py"), *arguments], place)
        return None if output is None else json.loads(output.splitlines()[-1])

    def _run(self, command: Sequence[str], place: Path) -> str | None:
        """The output of a process, or None and a note of its last words where it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["PYTHONPATH"] = str(CHECKOUT)
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last_words = (done.stderr.strip().splitlines() or ["no word"])[-1]
            self.failures.append(f"{' '.join(command[1:])}: {last_words}")
            return None
        return done.stdout


@contextmanager
def folder(*jobs: str, repository: bool = False) -> Iterator[Path]:
    """An empty folder with copies of some jobs, on request as a clean git repository that ignores ``runs``."""
    with tempfile.TemporaryDirectory(prefix="expkit-bench-") as name:
        place = Path(name)
        for job in jobs:
            shutil.copy(JOBS / job, place / job)
        if repository:
            (place / ".gitignore").write_text("runs\n__pycache__\n")
            for command in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -q -m jobs"):
                subprocess.run(["git", *command.split()], cwd=place, check=True)
        yield place
