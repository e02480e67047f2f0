"""The corpus of legal config functions: each shape, and the entries that it has."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math

import pytest

from expkit.config.scope import ConfigScope

FACTOR = 10
_SHAPES = []


def shape(preset=None, hidden=None, **entries):
    def register(function):
        scope = ConfigScope(function)
        _SHAPES.append((scope, entries, preset or {}, hidden or set()))
        return scope

    return register


@pytest.mark.parametrize(("scope", "entries", "preset", "hidden"), _SHAPES, ids=[item[0].name for item in _SHAPES])
def test_shape(scope, entries, preset, hidden):
    """A config function of this shape has exactly these entries and hidden names."""
    summary = scope(preset=preset)
    assert dict(summary) == {**preset, **entries}
    assert set(summary.hidden) == hidden


@pytest.mark.parametrize(("scope", "entries", "preset", "hidden"), _SHAPES, ids=[item[0].name for item in _SHAPES])
def test_places_of_shape(scope, entries, preset, hidden):
    """Every entry and hidden name has a line in this file, found without running the function."""
    places = scope.places
    for name in {*entries, *hidden} - {"from_locals", "again", *preset}:
        assert places[name].file == __file__
        assert scope.origin.line < places[name].line


def test_corpus_is_large_enough():
    """At least 40 shapes are held."""
    assert len(_SHAPES) >= 40


@shape(a=1, b=2)
def plain_assignments():
    a = 1
    b = 2


@shape()
def nothing():
    pass


@shape()
def only_a_docstring():
    """What this config is about."""


@shape(a=1)
def a_docstring_is_no_entry():
    """What this config is about."""
    a = 1


@shape(a=1)
def ellipsis_body():
    ...
    a = 1


@shape(a=3, b=4)
def annotated_assignments():
    a: int = 3
    b: "dict[str, Undefined]" = 4


@shape(b=1)
def bare_annotations_are_no_entries():
    a: int
    b = 1


@shape(a=1)
def bare_annotation_and_then_a_value():
    a: int
    a = 1


@shape(a=1, b=2, c=[3, 4])
def tuple_targets():
    a, (b, *c) = 1, (2, 3, 4)


@shape(a=1, b=2)
def list_targets():
    [a, b] = 1, 2


@shape(a=[], b=[])
def chained_assignment():
    a = b = []


@shape(a=[1], b=[1])
def chained_assignment_names_one_object():
    a = b = []
    b.append(1)


@shape(a=1, b=2)
def several_statements_in_a_line():
    a = 1
    b = 2


@shape(a=7, b=[1, 2], c=8)
def augmented_assignments():
    a = 5
    a += 2
    b = [1]
    b += [2]
    c = 2
    c **= 3


@shape(a=1, b=2)
def walrus():
    if (a := 1) == 1:
        b = a + 1


@shape(squares=[0, 1, 4], last=4)
def walrus_in_a_comprehension():
    squares = [(last := i * i) for i in range(3)]


@shape(a=2, doubled=[0, 2, 4], by_key={0: 0, 1: 2}, some={0, 2}, total=6)
def comprehensions_see_variables():
    a = 2
    doubled = [a * i for i in range(3)]
    by_key = {i: a * i for i in range(2)}
    some = {a * i for i in range(2)}
    total = sum(a * i for i in range(3))


@shape(sizes=[2, 3], nested=[[2, 2], [3, 3]])
def nested_comprehensions_see_variables():
    sizes = [2, 3]
    nested = [[size for _ in range(2)] for size in sizes]


@shape(a=2, b=6)
def lambda_sees_variables():
    a = 2
    b = (lambda x: x * a)(3)


@shape(a=2, b=6, c=[{"c": 1}])
def lambda_has_variables_of_its_own():
    a = 2
    b = (lambda x: (y := x) * a)(3)
    c = (lambda c: [locals()])(1)


@shape({}, {"double"}, a=2, b=4)
def nested_function_sees_variables():
    def double():
        return 2 * a

    a = 2
    b = double()


@shape({}, {"bump"}, count=3)
def nested_function_changes_a_variable():
    count = 1

    def bump():
        nonlocal count
        count += 1

    bump()
    bump()


@shape({}, {"fib"}, a=8)
def nested_function_calls_itself():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    a = fib(6)


@shape({}, {"numbers"}, a=[0, 2, 4], step=2)
def nested_generator():
    step = 2

    def numbers():
        yield from range(0, 5, step)

    a = list(numbers())


@shape({}, {"Point"}, a=3)
def nested_class():
    @dataclasses.dataclass
    class Point:
        x: int = 3

    a = Point().x


@shape({}, {"math", "joined", "sep"}, a=3.0, b="a")
def imports_are_hidden():
    import math
    import os.path as joined
    from os import sep

    a = math.sqrt(9)
    b = joined.basename("x/a")


@shape({}, {"tool"}, a=True)
def optional_import_is_hidden_either_way():
    try:
        import there_is_no_such_module as tool
    except ImportError:
        tool = None
    a = tool is None


@shape({}, {"_half", "_n"}, a=6)
def private_names_are_hidden():
    _half = 3
    _n: int = 2
    a = _half * _n


@shape(kind=dict, root=math.sqrt, module=math)
def what_is_assigned_is_an_entry():
    kind = dict
    root = math.sqrt
    module = math


@shape(a=1)
def early_return():
    a = 1
    if a:
        return
    b = 2


@shape(a=1)
def early_return_of_none():
    a = 1
    return None


@shape(a=1, b=1)
def return_from_deep_inside():
    for a in range(1, 5):
        with contextlib.nullcontext():
            try:
                b = a
                return
            finally:
                pass


@shape(a=1)
def nothing_after_return():
    a = 1
    return
    b = 2


@shape(big=True, small=False)
def branches():
    if FACTOR > 5:
        big, small = True, False
    elif FACTOR > 2:
        big, small = False, True
    else:
        medium = True


@shape(i=2, total=3, done=True)
def for_loop():
    total = 0
    for i in range(3):
        total += i
    else:
        done = True


@shape(key="b", value=2, total=3)
def for_loop_with_tuple_target():
    total = 0
    for key, value in {"a": 1, "b": 2}.items():
        total += value


@shape(n=4)
def while_loop():
    n = 1
    while True:
        n *= 2
        if n > 3:
            break


@shape({}, {"first", "second"}, a=3)
def with_names_are_hidden():
    with contextlib.nullcontext(1) as first, contextlib.nullcontext(2) as second:
        a = first + second


@shape({}, set(), a=5, box=5)
def with_name_that_is_assigned_too_is_an_entry():
    with contextlib.nullcontext(5) as box:
        a = box
    box = a


@shape(a="ZeroDivisionError", b=1, c=2)
def try_and_except():
    try:
        b = 1
        1 / 0
    except ZeroDivisionError as error:
        a = type(error).__name__
    else:
        never = 1
    finally:
        c = 2


@shape(kind="pair", x=1, y=2, others={"z": 3}, head=4, tail=[5, 6])
def match_statement():
    match {"point": (1, 2), "z": 3}:
        case {"line": _}:
            kind = "line"
        case {"point": (x, y), **others}:
            kind = "pair"
    match [4, 5, 6]:
        case [head, *tail]:
            pass


@shape(b=1)
def deleted_names_are_no_entries():
    a = 1
    b = a
    del a


@shape(model={"a": 1})
def deleted_keys():
    model = {"a": 1, "b": 2}
    del model["b"]


@shape(b=20)
def globals_of_the_module():
    b = 2 * FACTOR


@shape(b=12)
def global_statement():
    global FACTOR
    FACTOR = 12
    b = FACTOR


@shape(from_locals=1, again=2, late=3)
def locals_update():
    locals().update(from_locals=1, again=2)
    late = from_locals + again


@shape(a=5, b=6)
def locals_set_variables():
    a = 1
    locals()["a"] = 5
    b = a + 1


@shape(a=1, names=["a"])
def locals_are_read():
    a = 1
    names = sorted(locals())


@shape(b=2)
def locals_remove():
    a = 1
    b = 2
    locals().pop("a")


@shape(a=1, text="a is 1")
def locals_for_formatting():
    a = 1
    text = "a is {a}".format(**vars())


@shape({"lr": 0.1}, set(), lr=0.1, rates=[0.1, 0.2])
def parameters(lr):
    rates = [lr, 2 * lr]


@shape({"lr": 0.1}, set(), lr=0.5)
def parameter_is_assigned(lr):
    lr = 0.5


@shape({"lr": 0.1, "n": 2}, set(), lr=0.1, b=0.2)
def keyword_only_and_positional_only(lr, /, *, n):
    b = lr * n


# fmt: off
@shape(a=[1,
          2], b={"x": 1})
def any_formatting(
    ):

        a = [1,
    2]
        b = {
    "x":
1}
# fmt: on


@shape(a="one\n    two\n# three\n", b=1)
def multi_line_strings():
    a = """one
    two
# three
"""
    b = 1


@shape(a="x\\y", b="1 + 1 = 2")
def strings_of_all_kinds():
    a = r"x\y"
    b = f"{1} + {1} = {1 + 1}"


@shape(größe=3, 名前="x")
def names_in_any_alphabet():
    größe = 3
    名前 = "x"


@shape(locals=3, b=4)
def a_variable_called_locals():
    locals = 3
    b = locals + 1


@shape(a=3)
def assertions():
    a = 3
    assert a == 3, "pytest rewrites this line"


def _decorated(function):
    return function


@shape(a=1)
@_decorated
@functools.partial(lambda mark, function: function, "x")
def several_decorators():
    a = 1


@(lambda function: shape(a=1)(function))
def lambda_in_the_decorator_line():
    a = 1


def _make(depth):
    width = 3

    @shape(a=7, b=[3, 3], width_twice=6)
    def closure():
        a = depth
        b = [width for _ in range(2)]
        width_twice = width * 2

    return closure


_make(7)


class _Holder:
    @shape(a=1)
    def inside_a_class():
        a = 1


if FACTOR:

    @shape(a=2)
    def inside_a_block():
        a = 2
