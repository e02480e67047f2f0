"""Typed scripts on the command line."""

from __future__ import annotations

import json

SCRIPT = """
import sys
import uuid, re, decimal, datetime, ipaddress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal, Optional
from expkit import Experiment

class Colour(Enum):
    RED = "r"
    BLUE = "b"

@dataclass
class Opt:
    lr: float = 0.1
    out: Path = Path("opt")

ex = Experiment("typed")

@ex.config
def config():
    lr: float = 0.1
    n: int = 1
    kind: Literal["sgd", "adam"] = "sgd"
    out: Path = Path("out")
    colour: Colour = Colour.RED
    mark: uuid.UUID = uuid.UUID(int=1)
    pattern: re.Pattern = re.compile("a", re.I)
    amount: decimal.Decimal = decimal.Decimal("1.10")
    day: datetime.date = datetime.date(2020, 1, 2)
    size: tuple[int, int] = (1, 2)
    maybe: Optional[float] = None
    opt: Opt = Opt()

@ex.automain
def main(_config, opt):
    print(repr({key: value for key, value in _config.items() if key != "seed"}))
    print("pydantic" in sys.modules)
"""

UNTYPED = """
import sys
from expkit import Experiment

ex = Experiment("untyped")

@ex.config
def config():
    lr = 0.1

@ex.automain
def main(lr):
    print(sorted(name for name in sys.modules if "pydantic" in name or "attr" in name or "config.typed" in name))
"""


def test_exact_values_load_no_library(script):
    """Values that have the declared types already load no library, nor do those of an untyped script."""
    done = script(SCRIPT, "with", "lr=0.5", "n=3", "kind=adam", "out=x", "colour=BLUE", "maybe=1.5", "opt.lr=2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"


def test_untyped_scripts_load_nothing_for_types(script):
    """A script without types loads neither the library nor our own modules for types, but for an empty table."""
    done = script(UNTYPED, "with", "lr=1")
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.splitlines()[-1]
        == "['expkit.config.typed', 'expkit.config.typed.families', 'expkit.config.typed.table']"
    )


def test_a_wrong_value_leaves_nothing_behind(script):
    """Where a value is wrong, the program ends with 2, one line for each value, and nothing was recorded."""
    done = script(SCRIPT, "with", "lr=fast", "kind=adm", "opt.lr=x")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "script.py: lr=fast (command line) does not fit lr: float (script.py:23); it should be a number",
        'kind=adm (command line) does not fit kind: Literal["sgd", "adam"] (script.py:25); choose one of \'sgd\', '
        "'adam'; did you mean 'adam'?",
        "opt.lr=x (command line) does not fit opt.lr: float (script.py:34); it should be a number",
    ]
    assert not (script.path / "runs").exists()


def test_a_missing_value_leaves_nothing_behind(script):
    """Where an entry must be given and is not, nothing was recorded; looking commands show it."""
    source = SCRIPT.replace("    n: int = 1", "    n: int\n    twice = 2 * n")
    done = script(source)
    assert done.returncode == 2
    assert done.stderr == (
        "script.py: config entry n: int (script.py:24) has no value and must be given; give it: with n=...\n"
    )
    assert not (script.path / "runs").exists()
    assert script(source, "print_config").returncode == 0


def test_saved_configs_come_back(script):
    """What save_config wrote gives the same typed values again."""
    changed = ["lr=2", "out=a/b", "colour=b", "size=[3,4]", "opt.lr=3", "opt.out=c", "amount=0.10", "day=2021-01-01",
               "mark=00000000-0000-0000-0000-000000000009", "pattern=b+"]  # fmt: skip
    first = script(SCRIPT, "with", *changed)
    assert first.returncode == 0, first.stderr
    saved = script(SCRIPT, "save_config", "with", *changed)
    assert saved.returncode == 0, saved.stderr
    second = script(SCRIPT, "with", "config.json")
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[0] == first.stdout.splitlines()[0]


def test_values_that_no_record_gives_back(script):
    """A value of a type that records do not know is recorded as text, and its type makes it again."""
    entry = "    host: ipaddress.IPv4Address = ipaddress.IPv4Address('127.0.0.1')"
    source = SCRIPT.replace("    n: int = 1", entry)
    first = script(source, "with", "host=10.0.0.1")
    assert first.returncode == 0, first.stderr
    recorded = script.path / "runs" / "1" / "config.json"
    assert json.loads(recorded.read_text())["host"] == "10.0.0.1"
    second = script(source, "with", str(recorded))
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[0] == first.stdout.splitlines()[0]


def test_recorded_configs_come_back(script):
    """The config of a record, given again as a file, gives the same typed values."""
    first = script(SCRIPT, "with", "lr=2", "out=a/b", "colour=b", "opt.lr=3")
    recorded = script.path / "runs" / "1" / "config.json"
    assert json.loads(recorded.read_text())["opt"]["lr"] == 3.0
    second = script(SCRIPT, "with", str(recorded))
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[0] == first.stdout.splitlines()[0]


def test_queued_runs_keep_their_types(script):
    """A run that was queued starts with the values that were queued; what is given at the start is checked."""
    assert script(SCRIPT, "--queue", "with", "lr=2", "out=a/b", "opt.lr=3").returncode == 0
    wrong = script(SCRIPT, "--id", "1", "with", "lr=x")
    assert wrong.returncode == 2
    assert "lr=x (command line) does not fit lr: float" in wrong.stderr
    done = script(SCRIPT, "--id", "1", "with", "n=2.0")
    assert done.returncode == 0, done.stderr
    assert "'lr': 2.0, 'n': 2," in done.stdout
    assert "'opt': {'lr': 3.0," in done.stdout


def test_explain_shows_who_set_what(script):
    """The layers of a declared entry hold converted values."""
    done = script(SCRIPT, "explain", "lr", "with", "lr=1")
    assert done.returncode == 0, done.stderr
    assert "1.0" in done.stdout
    assert "command line" in done.stdout
