"""Configs of declared types in files, and their schema: what one writes the other takes."""

from __future__ import annotations

import json
from enum import Enum, Flag

import jsonschema
import pytest

from expkit import Experiment
from expkit.errors import ConfigTypeError


class Precision(Enum):
    HALF = 16
    SINGLE = 32


class Rights(Flag):
    READ = 1
    WRITE = 2


class Pair(Enum):
    SMALL = (1, 2)


def members():
    precision: Precision = Precision.HALF
    rights: Rights = Rights.READ
    pair: Pair = Pair.SMALL


SCRIPT = """
import datetime, enum, uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from pydantic import BaseModel, Field, SecretStr
from expkit import Experiment

class Precision(enum.Enum):
    HALF = 16
    SINGLE = 32

class Rights(enum.Flag):
    READ = 1
    WRITE = 2

class Pair(enum.Enum):
    SMALL = (1, 2)

@dataclass
class Model:
    where: Path = Path("m")
    precision: Precision = Precision.HALF

class Login(BaseModel):
    word: SecretStr = SecretStr("hunter2")
    rate: float = Field(0.5, alias="learningRate", gt=0)

ex = Experiment("written")

@ex.config
def config():
    precision: Precision = Precision.HALF
    rights: Rights = Rights.READ
    pair: Pair = Pair.SMALL
    out: Path = "x"
    outs: Optional[list[Path]] = ["a"]
    table: dict[int, float] = {1: 2}
    by: dict[Precision, int] = {Precision.HALF: 1}
    both: tuple[int, str] = (1, "a")
    some: set[str] = {"b", "a"}
    day: datetime.date = datetime.date(2020, 1, 2)
    mark: uuid.UUID = uuid.UUID(int=1)
    model: Model = Model()
    login: Login = Login()
    untyped = (1, 2)

@ex.automain
def main(_config):
    some = sorted(_config["some"])
    print({key: value for key, value in _config.items() if key not in ("seed", "login", "some")}, some)
"""


def test_saved_configs_are_plain(script):
    """save_config writes entries of declared types as people write them; the same config comes of the file."""
    assert script(SCRIPT, "save_config").returncode == 0
    saved = json.loads((script.path / "config.json").read_text())
    assert saved["precision"] == "HALF"
    assert saved["out"] == "x" and saved["outs"] == ["a"]
    assert saved["table"] == {"1": 2.0} and saved["by"] == {"HALF": 1}
    assert saved["both"] == [1, "a"] and saved["some"] == ["a", "b"]
    assert saved["day"] == "2020-01-02"
    assert saved["model"] == {"where": "m", "precision": "HALF"}
    assert saved["untyped"] != [1, 2]  # nothing but the file tells that it is a tuple
    assert "hunter2" not in json.dumps(saved)
    del saved["login"]
    (script.path / "config.json").write_text(json.dumps(saved))
    assert script(SCRIPT, "with", "config.json").stdout == script(SCRIPT).stdout != ""


def test_saved_configs_are_valid(script):
    """What save_config writes is valid by the schema that config_schema prints, without any warning."""
    assert script(SCRIPT, "save_config").returncode == 0
    done = script(SCRIPT, "config_schema")
    assert done.stderr == ""
    saved = json.loads((script.path / "config.json").read_text())
    del saved["login"]  # its secret is masked
    validator = jsonschema.Draft202012Validator(json.loads(done.stdout))
    assert [error.message for error in validator.iter_errors(saved) if "untyped" not in error.path] == []


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("precision", "HALF", True),
        ("precision", 16, True),
        ("precision", "x", False),
        ("rights", "READ|WRITE", True),
        ("rights", 3, True),
        ("rights", 4, False),
        ("rights", "X", False),
        ("pair", "SMALL", True),
        ("pair", [1, 2], True),
    ],
)
def test_members_in_schema_and_program(name, value, fits):
    """The schema takes members by name and by value, as the program does."""
    ex = Experiment("members", interactive=True, observers=[])
    ex.config(members)
    ex.main(lambda: None)
    assert jsonschema.Draft202012Validator(ex.config_schema()).is_valid({name: value}) is fits
    if fits:
        ex.run(config_updates={name: value})
    else:
        with pytest.raises(ConfigTypeError):
            ex.run(config_updates={name: value})


SECRETS = """
from pydantic import BaseModel, SecretStr
from expkit import Experiment

class Login(BaseModel):
    word: SecretStr = SecretStr("hunter2")
    others: list[SecretStr] = [SecretStr("hunter3")]

ex = Experiment("secrets")

@ex.config
def config():
    login: Login = Login()

@ex.automain
def main(login):
    print(login.word.get_secret_value(), login.others[0].get_secret_value())
"""


def test_all_secrets_are_asked_for_at_once(script):
    """A saved config names everything that was masked, in lists too, in one message; given again, the run starts."""
    assert script(SECRETS, "save_config").returncode == 0
    refused = script(SECRETS, "with", "config.json")
    assert refused.stderr.rstrip().endswith("give again: with login.others[0]=... login.word=...")
    started = script(SECRETS, "with", "config.json", "login.word=a", "login.others[0]=b")
    assert started.stdout.splitlines()[-1] == "a b"
