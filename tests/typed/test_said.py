"""What is said about values that do not fit: all at once, in the words of people who type configs."""

from __future__ import annotations

import datetime
import uuid
from enum import Enum, Flag
from pathlib import Path
from typing import Annotated, Literal, Optional, Union

import attrs
import pytest
from annotated_types import Len
from pydantic import BaseModel, Field


class Precision(Enum):
    HALF = 16
    SINGLE = 32


class Rights(Flag):
    READ = 1
    WRITE = 2


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


class Zoo(BaseModel):
    pet: Annotated[Union[Cat, Dog], Field(discriminator="kind")] = Cat()


@attrs.define
class Data:
    size: int = attrs.field(default=32, validator=attrs.validators.gt(0))
    part: str = attrs.field(default="train", validator=attrs.validators.in_(["train", "test"]))


def config():
    precision: Precision = Precision.HALF
    rights: Rights = Rights.READ
    data: Data = Data()
    zoo: Zoo = Zoo()
    pet: Union[Cat, Dog] = Cat()
    out: Path = "x"
    table: dict[int, float] = {1: 2}
    short: Annotated[str, Len(2, 4)] = "abc"
    maybe: Optional[float] = None
    plain: dict | None = None
    day: datetime.date = datetime.date(2020, 1, 1)
    mark: uuid.UUID = uuid.UUID(int=0)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("precision=SINGEL", "; choose one of HALF, SINGLE; did you mean SINGLE?"),
        ("rights=READ|X", "; choose one of READ, WRITE; did you mean READ?"),
        ("data.size=-1", "data.size: int (test_said.py:43); 'size' must be > 0: -1"),
        ("data.part=x", "; 'part' must be in ['train', 'test'] (got 'x')"),
        ("pet.kind=cow", "; choose one of 'cat', 'dog'"),
        ("zoo.pet.kind=cow", "; choose one of 'cat', 'dog'"),
        ("table={'x': 1}", "; its key 'x' does not fit int: it should be a whole number"),
        ("short=a", "; it should have at least 2 characters"),
        ("plain=3", """plain: dict | None (test_said.py:52); it should be a dict, such as 'plain={"a": 1}'"""),
        ("day=x", "; it should be a date, such as 2026-12-31 (input is too short)"),
        ("mark=x", "; it should be a UUID (invalid character: found `x` at 0)"),
    ],
)
def test_reasons(refused, word, reason):
    """A reason speaks of what people type: members by their names, all tags of a union, the field that is wrong."""
    said = refused(config, words=[word])
    assert said.endswith(
        reason.replace("test_said.py:43", f"test_said.py:{_line('data')}").replace(
            "test_said.py:52", f"test_said.py:{_line('plain')}"
        )
    )


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("precision=SINGLE", Precision.SINGLE),
        ("precision=32", Precision.SINGLE),
        ("rights=READ|WRITE", Rights.READ | Rights.WRITE),
        ("rights=3", Rights.READ | Rights.WRITE),
        ("maybe=none", None),
        ("maybe=null", None),
    ],
)
def test_members_and_none(given, word, value):
    """Members are given by name or value, flags as print_config shows them, None in either spelling."""
    assert given(config, words=["maybe=1", word])[word.partition("=")[0]] == value


def test_all_at_once(refused):
    """Values that do not fit and names that nobody knows are told together, with the program's name once."""
    first, *rest = refused(config, words=["data.size=x", "short=a", "data.sizes=3"]).splitlines()
    assert first.startswith("data.size=x (command line) does not fit")
    assert rest[0].startswith("short=a (command line) does not fit")
    assert rest[1].startswith("there is no config entry data.sizes (command line); did you mean data.size?")


def test_long_configs_are_not_listed(refused):
    """Where there are many entries and none is near, the error says where they are shown."""
    assert refused(config, words=["wwww=1"]).endswith("; print_config shows all that there are")


def test_files_that_are_not_there(refused):
    """A config file that is not there is no slip in the name of a named config."""
    assert refused(config, words=["nothing.yaml"]).endswith("(command line)")


def _line(name: str) -> int:
    import inspect

    lines, start = inspect.getsourcelines(config)
    return start + next(place for place, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
