from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


class Project:
    """A folder of the user's, in which scripts are run by a real interpreter."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str = "") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str, path: tuple[str, ...] = (), cwd: str = ".", **environment: str):
        """Run Python with these arguments and return the JSON that it prints last."""
        search = os.pathsep.join([*(str(self.root / entry) for entry in path), str(CHECKOUT)])
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root / cwd,
            env={**os.environ, "PYTHONPATH": search, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)


class Git:
    """A real repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main")

    def __call__(self, *command: str) -> str:
        names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
        return subprocess.run(
            ["git", "-C", str(self.root), *names, *command], check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, name: str, text: str = "x = 1\n") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            self.write(f"{name}.py", text)
        self("add", "-A")
        self("commit", "-q", "-m", "work")
        return self("rev-parse", "HEAD")


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Git(tmp_path / "lab")


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Callable[[], None]]:
    """A function that makes git wait from now on, until the function that it gives is called."""

    def slow() -> Callable[[], None]:
        go, folder = tmp_path / "go", tmp_path / "slow"
        folder.mkdir()
        program = folder / "git"
        waiting = f'while [ ! -e "{go}" ]; do sleep 0.01; done'
        program.write_text(f'#!/bin/sh\n{waiting}\nexec "{shutil.which("git")}" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return go.touch

    return slow
