"""Functions of all kinds, run step by step inside a context that their callers do not have."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextlib import AbstractContextManager
    from typing import Any

    Enter = Callable[[], AbstractContextManager[None]]
    Function = Callable[..., Any]

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def within(enter: Enter, function: Function) -> Function:
    """``function`` so that its code, and only that, runs inside ``enter()``; of the same kind as before.

    A generator is inside while it works, and outside while it waits for its caller.
    """
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    flags = getattr(getattr(inner, "__code__", None), "co_flags", 0)
    kinds = {_GENERATOR: _generator, _COROUTINE: _coroutine, _ASYNC_GENERATOR: _async_generator}
    make = next((make for flag, make in kinds.items() if flags & flag), _plain)
    return functools.update_wrapper(make(enter, function), function)


def _plain(enter: Enter, function: Function) -> Function:
    def bound(*args: Any, **kwargs: Any) -> Any:
        with enter():
            return function(*args, **kwargs)

    return bound


def _coroutine(enter: Enter, function: Function) -> Function:
    async def bound(*args: Any, **kwargs: Any) -> Any:
        with enter():
            return await function(*args, **kwargs)

    return bound


def _generator(enter: Enter, function: Function) -> Function:
    def bound(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with enter():
            steps = function(*args, **kwargs)
        go_on, given = steps.send, None
        while True:
            try:
                with enter():
                    item = go_on(given)
            except StopIteration as end:
                return end.value
            try:
                given = yield item
                go_on = steps.send
            except BaseException as error:  # what its caller throws in, the end included
                go_on, given = steps.throw, error

    return bound


def _async_generator(enter: Enter, function: Function) -> Function:
    async def bound(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with enter():
            steps = function(*args, **kwargs)
        go_on, given = steps.asend, None
        while True:
            try:
                with enter():
                    item = await go_on(given)
            except StopAsyncIteration:
                return
            try:
                given = yield item
                go_on = steps.asend
            except BaseException as error:  # what its caller throws in, the end included
                go_on, given = steps.athrow, error

    return bound
