"""What cannot be a config function: each refusal names file, line and reason."""

from __future__ import annotations

import functools
import os

import pytest

from expkit.config.scope import ConfigScope
from expkit.errors import ConfigScopeError


def _refusal(function):
    with pytest.raises(ConfigScopeError) as caught:
        ConfigScope(function)
    return str(caught.value)


def _varargs(*args):
    a = 1


def _varkeywords(**kwargs):
    a = 1


def _defaults(lr=0.1):
    a = lr


def _keyword_defaults(*, lr=0.1):
    a = lr


async def _async():
    a = 1


async def _async_generator():
    yield 1


def _generator():
    a = yield 1


def _wrapped(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_varargs, "takes *args"),
        (_varkeywords, "**kwargs"),
        (_defaults, "defaults"),
        (_keyword_defaults, "defaults"),
        (_async, "async"),
        (_async_generator, "async"),
        (_generator, "yield"),
        (lambda: 1, "lambda"),
        (_wrapped(_defaults), "takes *args"),
    ],
)
def test_refused_when_decorated(function, reason):
    """A function that cannot serve is refused where it is decorated, with its file, line and the reason."""
    message = _refusal(function)
    code = function.__code__
    assert message.startswith(f"{os.path.basename(__file__)}:{code.co_firstlineno}: ")
    assert reason in message


@pytest.mark.parametrize("thing", [dict, len, functools.partial(_defaults), object(), 3])
def test_no_function(thing):
    """What is no plain function is refused as what it is."""
    assert "no plain function" in _refusal(thing)


def test_value_returned():
    """Returning a value is refused at the line of the return, without running anything."""
    ran = []

    @ConfigScope
    def cfg():
        ran.append(1)
        if ran:
            return {"a": 1}

    line = cfg.func.__code__.co_firstlineno + 4
    for use in (cfg, lambda: cfg.places):
        with pytest.raises(ConfigScopeError, match=rf"test_rejections.py:{line}: .*cannot return a value"):
            use()
    assert not ran


def test_unknown_parameter():
    """A parameter that nobody defines is an error that names near names."""

    @ConfigScope
    def cfg(learning_rat):
        a = 1

    line = cfg.func.__code__.co_firstlineno
    with pytest.raises(ConfigScopeError, match=rf"test_rejections.py:{line}: .*did you mean learning_rate") as caught:
        cfg(preset={"learning_rate": 1, "x": 2})
    assert "config function cfg reads learning_rat" in str(caught.value)
    with pytest.raises(ConfigScopeError, match="it can read x, data"):
        cfg(preset={"x": 2}, fallback={"data": {}})
    with pytest.raises(ConfigScopeError, match="nothing here"):
        cfg()


def test_errors_are_the_users():
    """What the function raises comes through, and the traceback ends at the user's line."""

    @ConfigScope
    def cfg():
        a = 1
        b = [
            1,
            a / 0,
        ]

    with pytest.raises(ZeroDivisionError) as caught:
        cfg(fixed={"a": 2})
    last = caught.traceback[-1]
    assert str(last.path) == __file__
    assert last.lineno + 1 == cfg.func.__code__.co_firstlineno + 5
    assert last.name == "cfg"


def test_unbound_names_are_errors():
    """A fixed name cannot be read before the function has assigned it."""

    @ConfigScope
    def cfg():
        b = a
        a = 1

    with pytest.raises(UnboundLocalError):
        cfg(fixed={"a": 2})


def test_entry_that_contains_itself():
    """A container that contains itself is refused by name."""

    @ConfigScope
    def cfg():
        a = []
        a.append(a)

    from expkit.errors import InvalidConfigError

    with pytest.raises(InvalidConfigError, match="a contains itself"):
        cfg()
