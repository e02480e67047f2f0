"""Pages and transcripts that are run: ``$ command`` lines, and below each what it prints (``...`` for what varies)."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>[\w+-]*) *\n(?P<body>.*?)^(?P=indent)(?P=fence) *$", re.M | re.S
)
_FILE_NAME = re.compile(r"# ([\w./-]+\.(?:py|ya?ml|toml))\n")


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it starts at."""

    language: str
    text: str
    line: int


class Step(NamedTuple):
    """A command and what it should print."""

    command: str
    expected: str


def blocks(text):
    """All fenced blocks of a page."""
    found = []
    for match in _FENCE.finditer(text):
        indent = len(match["indent"])
        body = "".join(line[indent:] if line.strip() else line for line in match["body"].splitlines(keepends=True))
        found.append(Block(match["language"], body, text.count("\n", 0, match.start()) + 1))
    return found


def steps(transcript):
    """The commands of a transcript, each with the lines below it."""
    found = []
    for line in transcript.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found:
            found[-1][1].append(line)
    return [Step(command, "\n".join(lines)) for command, lines in found]


def file_name(block):
    """The name that a block's first line gives it, or None."""
    match = _FILE_NAME.match(block.text)
    return match[1] if match else None


def shell(command, folder):
    """What a command prints, stdout and stderr together, and its exit code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    unlike = ("EXPKIT_", "PYTEST_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unlike)}
    environment = {
        **kept,
        "PATH": path,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH", "")))),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "EXPKIT_STATE": str(folder.parent / "state"),
        "MPLCONFIGDIR": str(folder.parent / "matplotlib"),
    }
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    return done.stdout.decode().rstrip("\n"), done.returncode


def agrees(printed, expected):
    """Whether ``printed`` is ``expected``, where ``...`` stands for any text; alone on a line for any lines."""
    lines = [_pattern(line) for line in _tidy(expected).splitlines()]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _tidy(printed).splitlines())) is not None


def _pattern(line):
    if line.strip() == "...":
        return r"(?:.*\n)*"
    return re.escape(line).replace(re.escape("..."), ".*") + r"\n"


def check(transcript, folder, where=""):
    """Run a transcript in ``folder``, and compare; ``where`` it stands is for the message.

    Raises:
        AssertionError: shows what was printed instead.
    """
    for command, expected in steps(transcript):
        printed, _ = shell(command, folder)
        assert agrees(printed, expected), f"{where}\n$ {command}\n--- expected\n{expected}\n--- printed\n{printed}"


def _tidy(text):
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())
