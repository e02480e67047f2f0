"""Secrets by declared type: nothing of what is given to them is recorded, shown or told."""

import subprocess
import sys

import pytest

SCRIPT = """
from dataclasses import dataclass
from typing import NewType, Optional
from pydantic import BaseModel, SecretBytes, SecretStr
from expkit import Experiment, Secret
from expkit.observers import FileStorageObserver
Token = NewType("Token", Secret)
class M(BaseModel):
    pin: SecretStr = SecretStr("q")
    n: int = 1
class Secretary(BaseModel):
    desk: int = 1
@dataclass
class Login:
    user: str = "me"
    word: Optional[Secret] = None
ex = Experiment("pin")
ex.observers.append(FileStorageObserver("runs"))
@ex.config
def cfg():
    a: Secret = Secret("x")
    b: SecretStr = SecretStr("x")
    c: Optional[SecretStr] = None
    d = Secret("x")
    e: Token = Token(Secret("x"))
    m: M = M()
    l: list[SecretStr] = []
    p2: SecretBytes = b"x"
    login: Login = Login()
    boss: Secretary = Secretary()
@ex.automain
def main(b, m, l):
    print(len(b.get_secret_value()), len(m.pin.get_secret_value()), len(l))
"""


@pytest.fixture
def start(tmp_path):
    """Start the script with words behind ``with``; the process that has ended."""
    (tmp_path / "pin.py").write_text(SCRIPT)

    def start(*words):
        argv = [sys.executable, "pin.py", "with", *words]
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return start


def test_nothing_is_recorded(start, tmp_path):
    """Words, numbers, dates and bytes that are given to secrets stand nowhere in the record, also those overridden."""
    given = {
        "a": "zebrafish",
        "b": "swordfish",
        "c": "11112223",
        "d": "goldfish",
        "e": "catfish",
        "m.pin": "2024-11-05",
        "l": "['11112228']",
        "p2": "zzz11112231",
        "login.word": "pikeperch",
    }
    done = start("a=sunfish", *[f"{name}={value}" for name, value in given.items()], "m={'pin': 'monkfish'}", "m.n=3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["9", "8", "1"]
    recorded = b"".join(file.read_bytes() for file in (tmp_path / "runs").rglob("*") if file.is_file())
    values = ["sunfish", "monkfish", "11112228", *given.values()]
    assert [value for value in values if value.encode() in recorded + done.stderr.encode()] == []
    assert b'"m.n=3"' in recorded and b'"b=***"' in recorded


@pytest.mark.parametrize("word", ["login=hunter5", "m=hunter5", "m={'pin': [71117]}", "l=[[71117]]"])
def test_nothing_is_told(start, word):
    """What does not fit a secret is not shown in the error, whatever the type is called."""
    done = start(word)
    assert done.returncode == 2
    assert "hunter5" not in done.stderr and "71117" not in done.stderr
    assert f"{word.partition('=')[0]}" in done.stderr and "***" in done.stderr


def test_others_are_shown(start):
    """A class is not secret for its name, nor a field for its neighbours."""
    assert "boss.desk=high" in start("boss.desk=high").stderr.replace("'", "")
    assert "m.n=many" in start("m.n=many").stderr.replace("'", "")
