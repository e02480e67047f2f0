"""Methods, descriptors, classes, coroutines and generators."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import inspect
import pickle
import sys
from dataclasses import dataclass

import pytest

from expkit.capture.binding import activate
from expkit.capture.function import capture, capture_of, wrappers_in
from expkit.errors import MissingConfigError, SignatureError


@pytest.fixture
def thing(owner):
    """An object of a class with every kind of method."""

    class Thing:
        @owner.capture
        def __init__(self, a, z=9):
            self.made = a, z

        @owner.capture
        def method(self, a, b):
            return self.made, a, b

        @staticmethod
        @owner.capture
        def static(a, b):
            return a, b

        @owner.capture
        @staticmethod
        def static_too(a, b):
            return a, b

        @classmethod
        @owner.capture
        def class_(cls, a, b):
            return cls.__name__, a, b

        @owner.capture
        @classmethod
        def class_too(klass, a, b):
            return klass.__name__, a, b

        @property
        @owner.capture
        def value(self, a):
            return self.made, a

        @owner.capture
        async def later(self, a, b):
            return self.made, a, b

    return Thing


def test_methods_of_all_kinds(thing, in_run):
    """Instance, static and class methods, both orders of decorators, constructors and properties are filled."""
    it = thing()
    assert it.made == (1, 9)
    assert thing(5).made == (5, 9)
    assert [it.method(), it.method(5), it.method(b=5), thing.method(it)] == [
        ((1, 9), 1, 2), ((1, 9), 5, 2), ((1, 9), 1, 5), ((1, 9), 1, 2),
    ]  # fmt: skip
    assert [thing.static(), it.static(5), thing.static_too(), it.static_too(b=5)] == [(1, 2), (5, 2), (1, 2), (1, 5)]
    assert [thing.class_(), it.class_(5), thing.class_too(), it.class_too(b=5)] == [
        ("Thing", 1, 2), ("Thing", 5, 2), ("Thing", 1, 2), ("Thing", 1, 5),
    ]  # fmt: skip
    assert it.value == ((1, 9), 1)
    assert asyncio.run(it.later(b=5)) == ((1, 9), 1, 5)


def test_a_receiver_is_never_taken_from_the_config(thing, owner, make_context):
    """An entry called ``self`` fills no method's ``self``, and it is none of the method's entries."""
    with activate(make_context({owner: {"self": 7, "a": 1, "b": 2}})):
        with pytest.raises(SignatureError, match="missing 1 required positional argument: 'self'"):
            thing.method()
        it = thing()
        assert it.method() == ((1, 9), 1, 2)
        with pytest.raises(SignatureError, match="'self'"):
            thing.method()
    assert [thing.method.parameters, thing.class_too.__func__.parameters] == [{"a": False, "b": False}] * 2


def test_self_of_a_plain_function_is_an_entry(owner, make_context):
    """Outside a class, ``self`` is a name like any other."""

    @owner.capture
    def f(self):
        return self

    with activate(make_context({owner: {"self": 7}})):
        assert f() == 7


def test_wrappers_are_found_inside_what_capture_returns(thing, owner):
    """Functions, descriptors and classes show the wrappers that they hold."""
    assert wrappers_in(thing.method) == (thing.method,)
    assert [w.__name__ for w in wrappers_in(vars(thing)["static_too"])] == ["static_too"]
    assert [w.__name__ for w in wrappers_in(vars(thing)["class_too"])] == ["class_too"]
    assert [w.__name__ for w in wrappers_in(owner.capture(type("C", (), {"__init__": lambda self, a: None})))]
    assert wrappers_in(len) == ()


def test_a_class_gets_its_constructor_filled(owner, in_run):
    """A captured class stays the class that it is; making an object may leave out arguments."""

    @owner.capture
    class Model:
        def __init__(self, a, *, b=20):
            self.got = a, b

    class Child(Model):
        def __init__(self):
            super().__init__(b=7)

    assert isinstance(Model, type)
    assert (Model().got, Model(5).got, Child().got) == ((1, 2), (5, 2), (1, 7))
    assert str(inspect.signature(Model)) == "(a, *, b=20)"


def test_a_class_with_its_own_new(owner, in_run):
    """``__new__`` is filled like ``__init__``; inherited constructors are captured for this class only."""

    @owner.capture
    class Point(tuple):
        def __new__(cls, a, b):
            return super().__new__(cls, (a, b))

    class Base:
        def __init__(self, a):
            self.a = a

    @owner.capture
    class Derived(Base):
        pass

    assert (Point(), Point(5), Point(b=5)) == ((1, 2), (5, 2), (1, 5))
    assert Derived().a == 1
    with pytest.raises(TypeError, match="missing 1 required"):
        Base()


def test_a_dataclass_can_be_captured(owner, in_run):
    """The generated ``__init__`` is filled; equality, repr and copies work as before."""

    @owner.capture
    @dataclass
    class Settings:
        a: int
        b: int = 20

    assert Settings() == Settings(1, 2)
    assert repr(Settings(b=5)) == f"{Settings.__qualname__}(a=1, b=5)"
    assert copy.deepcopy(Settings()) == Settings()


class Finished:
    """A class that has its name already."""

    def __init__(self, a, b=0):
        self.got = a, b

    def __eq__(self, other):
        return vars(self) == vars(other)

    __hash__ = None


class Named(Finished):
    def __reduce_ex__(self, protocol):
        return "NAMED"


NAMED = Named(0)


def test_a_class_that_exists_already_is_left_alone(owner, in_run):
    """Capturing somebody else's class gives a subclass; objects of it pickle as the original's."""
    Mine = owner.capture(Finished)
    assert Mine is not Finished
    assert Mine().got == (1, 2)
    assert isinstance(Mine(), Finished)
    assert (Mine.__name__, Mine.__doc__) == ("Finished", Finished.__doc__)
    with pytest.raises(TypeError):
        Finished()
    again = pickle.loads(pickle.dumps(Mine()))
    assert type(again) is Finished
    assert again == Mine()
    assert owner.capture(Named)(3).__reduce_ex__(2) == "NAMED"

    class Local:
        def __init__(self, a):
            self.a = a

    Captured = capture(Local, owner)
    assert Captured().a == 1
    with pytest.raises(TypeError):
        Local()


def test_a_class_without_a_python_constructor_cannot_be_captured(owner):
    """The error names the class."""
    with pytest.raises(TypeError, match="cannot capture class int"):
        owner.capture(int)
    with pytest.raises(TypeError, match="cannot capture class .*Empty"):
        owner.capture(type("Empty", (), {}))


def test_a_class_captured_by_two_ingredients(owner, make_owner, make_context):
    """The outer ingredient fills first, the inner one what is left."""
    other = make_owner("other")

    @other.capture
    @owner.capture
    class Model:
        def __init__(self, a, b):
            self.got = a, b

    with activate(make_context({owner: {"a": 1, "b": 2}, other: {"a": 10}})):
        assert Model().got == (10, 2)


def test_coroutine_functions_stay_coroutine_functions(owner, in_run):
    """They are known as such, are filled when called, and give what they give."""

    @owner.capture
    async def f(a, b):
        """Async."""
        await asyncio.sleep(0)
        return a, b

    assert inspect.iscoroutinefunction(f)
    assert asyncio.iscoroutinefunction(f)
    assert str(inspect.signature(f)) == "(a, b)"
    assert f.__doc__ == "Async."
    assert asyncio.run(f()) == (1, 2)
    assert asyncio.run(f(5)) == (5, 2)
    with pytest.raises(SignatureError, match="unexpected keyword"):
        f(z=1)


def test_generators_are_filled_when_called(owner, context):
    """A generator made during a run keeps its values when it is iterated afterwards."""

    @owner.capture
    def f(a, b, c):
        got = yield a
        yield got, b
        return c

    with pytest.raises(MissingConfigError):
        f()
    with activate(context):
        made = f(b=7)
    assert inspect.isgeneratorfunction(f)
    assert next(made) == 1
    assert made.send("sent") == ("sent", 7)
    with pytest.raises(StopIteration) as stopped:
        next(made)
    assert stopped.value.value == 3


def test_asynchronous_generators(owner, in_run):
    """They are known as such and are filled."""

    @owner.capture
    async def f(a, many):
        for i in many:
            yield a, i

    async def collect():
        return [pair async for pair in f(5)]

    assert inspect.isasyncgenfunction(f)
    assert asyncio.run(collect()) == [(5, 1), (5, 2)]


def test_a_context_manager_over_a_captured_generator(owner, in_run):
    """Decorators of generator functions work above ``capture``."""

    @contextlib.contextmanager
    @owner.capture
    def f(a, b):
        yield a, b

    with f(b=5) as got:
        assert got == (1, 5)


def test_routines_know_what_they_wrap(owner):
    """The wrapper of a coroutine function shows the function's own attributes and survives being copied."""
    namespace = sys.modules[__name__]
    try:
        namespace.passing = owner.capture(_passing)
        assert namespace.passing.__code__ is _passing.__code__
        assert repr(namespace.passing) == f"<captured {_passing!r}>"
        assert copy.deepcopy(namespace.passing) is namespace.passing
        with pytest.raises(AttributeError):
            namespace.passing.nothing  # noqa: B018
        with pytest.raises(AttributeError):
            type(namespace.passing).__new__(type(namespace.passing)).anything  # noqa: B018
    finally:
        del namespace.passing


async def _passing(a):
    return a


def test_definitions_are_readable(owner):
    """The definition behind a wrapper says what and where; bound methods show theirs, other things have none."""

    class Thing:
        @owner.capture
        def f(self, a):
            return a

    assert repr(capture_of(Thing().f)).startswith("<capture of ")
    assert __file__ in repr(capture_of(Thing.f))
    assert capture_of(len) is None
    assert capture(Thing.f, owner) is Thing.f
