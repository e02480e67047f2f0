"""How the arguments of a call come together."""

from __future__ import annotations

import functools
import inspect

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expkit.capture.binding import activate
from expkit.errors import MissingConfigError, SignatureError


def test_left_out_arguments_come_from_the_config(owner, in_run):
    """Every parameter that a call leaves out gets the entry of its name."""

    @owner.capture
    def f(a, b, c):
        return a, b, c

    assert [f(), f(), f(7), f(7, 8), f(7, 8, 9), f(c=7), f(7, c=8), f(b=7)] == [
        (1, 2, 3), (1, 2, 3), (7, 2, 3), (7, 8, 3), (7, 8, 9), (1, 2, 7), (7, 2, 8), (1, 7, 3),
    ]  # fmt: skip


def test_the_order_of_calls_does_not_matter(owner, in_run):
    """A call that gives more before one that gives less, and the reverse, get what they should."""

    @owner.capture
    def f(a, b, *, c):
        return a, b, c

    assert [f(7, 8, c=9), f(7, 8), f(7), f(), f(7), f(7, 8)] == [
        (7, 8, 9), (7, 8, 3), (7, 2, 3), (1, 2, 3), (7, 2, 3), (7, 8, 3),
    ]  # fmt: skip


def test_explicit_beats_config_beats_default(owner, in_run):
    """A default counts only where neither the call nor the config has a value."""

    @owner.capture
    def f(a=10, z=20):
        return a, z

    assert f() == (1, 20)
    assert f(5, 6) == (5, 6)
    assert f(z=6) == (1, 6)


def test_none_is_a_value(owner, in_run):
    """A None that is passed or configured is not missing."""

    @owner.capture
    def f(a, n=5):
        return a, n

    in_run.configs[owner]["n"] = None
    assert f(None) == (None, None)


def test_all_kinds_of_parameters_are_filled(owner, in_run):
    """Positional-only, keyword-only, and functions with stars get their entries, too."""

    @owner.capture
    def f(a, /, b, *rest, c, z=9, **more):
        return a, b, rest, c, z, more

    assert f() == (1, 2, (), 3, 9, {})
    assert f(5, 6, 7, 8, c=0) == (5, 6, (7, 8), 0, 9, {})
    assert f(5, 6, 7, 8) == (5, 6, (7, 8), 3, 9, {})
    assert f(5, 6, 7, 8) == (5, 6, (7, 8), 3, 9, {})
    assert f(a=5, box=6) == (1, 2, (), 3, 9, {"a": 5, "box": 6})
    assert f(b=5) == (1, 5, (), 3, 9, {})


def test_stars_take_nothing_from_the_config(owner, in_run):
    """``*args`` and ``**kwargs`` never receive entries, not even those of their names."""

    @owner.capture
    def f(*a, **b):
        return a, b

    assert f() == ((), {})


def test_a_prefix_shows_only_what_lies_below(owner, in_run):
    """With a prefix, entries outside of it are out of sight."""

    @owner.capture(prefix="box")
    def f(x, a=None):
        return x, a

    @owner.capture(prefix="box.inner")
    def g(y, _config):
        return y, _config

    assert f() == (1, None)
    assert g() == (2, {"y": 2})


def test_one_function_captured_twice(owner, in_run):
    """The same raw function may be captured with several prefixes; it stays as it was."""

    def f(x=0, y=0):
        return x, y

    outer, inner = owner.capture(f, "box"), owner.capture(f, "box.inner")
    assert (outer(), inner(), f()) == ((1, 0), (0, 2), (0, 0))
    assert not vars(f)


def test_capturing_again_changes_nothing(owner, in_run):
    """A wrapper of the same owner and prefix is returned as it is."""

    @owner.capture
    def f(a):
        return a

    assert owner.capture(f) is f


def test_captures_stack(owner, make_owner, make_context):
    """Of two ingredients that capture one wrapper, the outer one fills first, then the inner, then defaults."""
    other = make_owner("other")

    @other.capture
    @owner.capture
    def f(a, b, c=30, d=40):
        return a, b, c, d

    with pytest.raises(MissingConfigError, match="lacks values for 'a', 'b'"):
        f()
    with activate(make_context({owner: {"a": 1, "b": 2, "c": 3}, other: {"a": 10}})):
        assert f() == (10, 2, 3, 40)
        assert f(5, c=6) == (5, 2, 6, 40)


def test_each_ingredient_gives_its_own_values(owner, make_owner, make_context):
    """A raw function captured by two ingredients gets from each wrapper that wrapper's config."""
    other = make_owner("other")

    def f(a):
        return a

    mine, theirs = owner.capture(f), other.capture(f)
    with activate(make_context({owner: {"a": 1}, other: {"a": 10}})):
        assert (mine(), theirs(), mine()) == (1, 10, 1)


def test_decorated_functions_are_filled_by_name(owner, in_run):
    """A function behind another decorator is filled as its own signature says."""

    def loud(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return "loud", function(*args, **kwargs)

        return wrapper

    @owner.capture
    @loud
    def f(a, /, b, c=9, z=8, *, many):
        return a, b, c, z, many

    assert f() == ("loud", (1, 2, 3, 8, [1, 2]))
    assert f(5) == ("loud", (5, 2, 3, 8, [1, 2]))
    with pytest.raises(MissingConfigError, match="'missing'"):
        owner.capture(loud(lambda a, missing: None))()


def test_a_cached_function_can_be_captured(owner, in_run):
    """``lru_cache`` below ``capture`` works, and its own attributes stay reachable through ``__wrapped__``."""

    @owner.capture
    @functools.lru_cache
    def f(a, b):
        return a + b

    assert [f(), f(), f(5)] == [3, 3, 7]
    assert f.__wrapped__.function.cache_info().hits == 1


def test_any_callable_with_a_known_signature(owner, in_run):
    """Partial objects, objects with ``__call__`` and built-in functions can be captured."""

    class Adder:
        def __call__(self, a, b):
            return a + b

    def f(a, b, c):
        return a, b, c

    assert owner.capture(Adder())() == 3
    assert owner.capture(functools.partial(f, b=20))(c=30) == (1, 2, 30)
    assert owner.capture(divmod)(7, 2) == (3, 1)


@pytest.mark.parametrize("thing", [3, "text", property(lambda self: 1), None])
def test_what_cannot_be_called_cannot_be_captured(owner, thing):
    """The error says what was given."""
    from expkit.capture.function import capture

    with pytest.raises(TypeError, match="cannot capture .*it is no function"):
        capture(thing, owner)


def test_a_callable_of_unknown_signature_cannot_be_captured(owner):
    """Where Python knows no parameters, the error says so."""
    with pytest.raises(TypeError, match="its parameters are not known"):
        owner.capture(max)


def test_nothing_of_the_function_is_lost(owner):
    """Name, docstring, signature, annotations and attributes are the function's."""

    def f(a: int, *, b: str = "x") -> float:
        """What f does."""

    f.mark = 5
    wrapper = owner.capture(f, "box")
    assert (wrapper.__name__, wrapper.__doc__, wrapper.__module__) == ("f", "What f does.", __name__)
    assert wrapper.__qualname__ == f.__qualname__ == wrapper.qualname
    assert inspect.signature(wrapper) == inspect.signature(f)
    assert inspect.unwrap(wrapper) is f
    assert inspect.getsource(wrapper) == inspect.getsource(f)
    assert wrapper.__annotations__ == f.__annotations__
    assert wrapper.mark == 5
    assert wrapper.__wrapped__(1) is None
    assert (wrapper.owner, wrapper.prefix) == (owner, "box")
    assert wrapper.parameters == {"a": False, "b": True}
    assert wrapper.place == f"{__file__}:{f.__code__.co_firstlineno}"


def test_specials_are_no_entries(owner):
    """The names that a function can take from the config do not include what belongs to the run."""
    assert owner.capture(lambda a, _log, _seed, _rnd, _run, _config: 0).parameters == {"a": False}


@st.composite
def calls(draw):
    """A function, a config and a call of it."""
    only_positional, normal, only_keyword = (draw(st.integers(0, 2)) for _ in range(3))
    names = iter(f"p{i}" for i in range(9))
    groups = [[next(names) for _ in range(n)] for n in (only_positional, normal, only_keyword)]
    first_default = draw(st.integers(0, only_positional + normal))
    parts, index = [], 0
    for kind, group in zip("pnk", groups):
        if kind == "k" and group:
            parts.append("*")
        for name in group:
            default = draw(st.booleans()) if kind == "k" else index >= first_default
            parts.append(f"{name}='default of {name}'" if default else name)
            index += 1
        if kind == "p" and group:
            parts.append("/")
    namespace = {}
    exec(f"def f({', '.join(parts)}): return dict(locals())", namespace)
    everything = [name for group in groups for name in group]
    config = {name: f"config of {name}" for name in everything if draw(st.booleans())}
    args = [f"arg {i}" for i in range(draw(st.integers(0, only_positional + normal + 1)))]
    kwargs = {name: f"kwarg {name}" for name in [*everything, "unknown"] if draw(st.integers(0, 4)) == 0}
    return namespace["f"], config, args, kwargs


def expected(function, config, args, kwargs):
    """What the call should give: bound by ``inspect``, then filled from the config, then by defaults."""
    try:
        bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    except TypeError:
        return SignatureError
    defaults = {n: p.default for n, p in inspect.signature(function).parameters.items() if p.default is not p.empty}
    filled = {**defaults, **config, **bound}
    return filled if len(filled) == len(inspect.signature(function).parameters) else MissingConfigError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(case=calls(), times=st.integers(1, 3))
def test_every_call_gives_what_the_rule_says(make_owner, make_context, case, times):
    """Explicit over config over default, for any signature and call, also when repeated; else the right error."""
    function, config, args, kwargs = case
    owner = make_owner()
    wrapper = owner.capture(function)
    wanted = expected(function, config, args, kwargs)
    with activate(make_context({owner: config})):
        for _ in range(times):
            if isinstance(wanted, dict):
                assert wrapper(*args, **kwargs) == wanted
            else:
                with pytest.raises(wanted):
                    wrapper(*args, **kwargs)
