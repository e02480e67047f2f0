"""Read by mypy and pyright, never run: what type checkers know about captured functions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from typing_extensions import assert_type

from expkit.capture.types import CaptureMethod


class Ingredient:
    @property
    def capture(self) -> CaptureMethod: ...  # type: ignore[empty-body] # pyright: ignore[reportReturnType]


ing = Ingredient()


@ing.capture
def train(x: int, lr: float, *, epochs: int = 3) -> list[float]:
    return [x * lr] * epochs


@ing.capture(prefix="optimizer")
def step(lr: float) -> float:
    return lr


@ing.capture()
def bare(lr: float) -> str:
    return str(lr)


@ing.capture
async def fetch(url: str, timeout: float) -> bytes:
    return url.encode() * int(timeout)


@ing.capture
def count(start: int, stop: int) -> Iterator[int]:
    yield from range(start, stop)


@ing.capture
async def acount(start: int, stop: int) -> AsyncIterator[int]:
    for i in range(start, stop):
        yield i


class Model:
    @ing.capture
    def __init__(self, width: int, *, depth: int) -> None:
        self.width = width
        self.depth = depth

    @ing.capture
    def fit(self, data: list[int], lr: float) -> float:
        return lr * len(data) * self.width

    @staticmethod
    @ing.capture
    def inner(a: int) -> str:
        return str(a)

    @ing.capture
    @staticmethod
    def outer(a: int) -> str:
        return str(a)

    @classmethod
    @ing.capture
    def made(cls, width: int) -> Model:
        return cls(width)

    @ing.capture
    @classmethod
    def made_too(cls, width: int) -> Model:
        return cls(width)


@ing.capture
class Whole:
    def __init__(self, width: int = 3) -> None:
        self.width = width


def wants_callable(function: Callable[[int, float], list[float]]) -> None: ...
def wants_any(function: Callable[..., object]) -> None: ...


assert_type(train(), list[float])
assert_type(train(3), list[float])
assert_type(train(3, lr=0.1), list[float])
assert_type(train(3, 0.1, epochs=2), list[float])
assert_type(train(epochs=2), list[float])
assert_type(step(), float)
assert_type(bare(), str)
assert_type(list(count()), list[int])
assert_type(list(count(3)), list[int])
wants_callable(train)
wants_any(train)
wants_any(Model().fit)

model = Model()
assert_type(model, Model)
assert_type(Model(3, depth=2), Model)
assert_type(Model(width=3), Model)
assert_type(model.fit(), float)
assert_type(model.fit([1]), float)
assert_type(model.fit([1], 0.1), float)
assert_type(model.fit(lr=0.1), float)
assert_type(Model.fit(model), float)
assert_type(Model.inner(), str)
assert_type(model.inner(3), str)
assert_type(Model.outer(), str)
assert_type(model.outer(3), str)
assert_type(Model.made(), Model)
assert_type(Model.made(3), Model)
assert_type(Model.made_too(), Model)
assert_type(Whole(), Whole)
whole: type[Whole] = Whole

assert_type(train.prefix, "str | None")
assert_type(train.__name__, str)
assert_type(train.__wrapped__(1, 2.0), list[float])


async def use() -> None:
    assert_type(await fetch(), bytes)
    assert_type(await fetch("x", timeout=3), bytes)
    assert_type([i async for i in acount()], list[int])
    coroutine: Coroutine[Any, Any, bytes] = fetch()
    await coroutine
