"""What people read when a call does not work out."""

from __future__ import annotations

import pytest

from expkit.capture.binding import activate
from expkit.errors import MissingConfigError, SignatureError


def message_of(call, kind=MissingConfigError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.fixture
def train(owner):
    def train(learning_rate, epochs, data, *, verbose, a=1):
        return None

    train.__qualname__ = "train"
    return owner.capture(train)


@pytest.fixture
def place(train):
    return train.place


def test_all_missing_values_at_once(train, place, owner, make_context):
    """One error names the function, its place, every missing parameter, where was searched, and near names."""
    with activate(make_context({owner: {"learning_rates": 1, "epoch": 2, "verbose": True, 3: 4}})):
        assert message_of(lambda: train(data=1)) == (
            f"train() ({place}) lacks values for 'learning_rate', 'epochs': they were not passed and are not in the "
            "config of 'digits'\n"
            "  learning_rate; did you mean learning_rates?\n"
            "  epochs; did you mean epoch?"
        )


def test_one_missing_value(train, place, owner, make_context):
    """One value is spoken of in the singular."""
    with activate(make_context({owner: {}})):
        assert message_of(lambda: train(1, 2, 3)) == (
            f"train() ({place}) lacks 'verbose': it was not passed and is not in the config of 'digits'"
        )


def test_a_gap_before_what_is_known(owner, in_run):
    """A positional-only parameter without a value is named although a later one has a value."""
    with pytest.raises(MissingConfigError, match="lacks 'unknown'"):
        owner.capture(lambda unknown, a, /: None)()


def test_the_prefix_is_named(owner, make_context):
    """With a prefix, the namespace searched is the one below it; a prefix that leads nowhere is pointed out."""

    @owner.capture(prefix="model.head")
    def f(width):
        return width

    f_place = f"{f.qualname}() ({f.place}) lacks 'width': it was not passed and is not in the config of 'digits'"
    with activate(make_context({owner: {"model": {"head": {}}}})):
        assert message_of(f) == f"{f_place} below 'model.head'"
    with activate(make_context({owner: {"models": {}}})):
        assert message_of(f) == f"{f_place} below 'model.head' (there is no entry 'model'; did you mean models?)"


def test_outside_a_run(train, place):
    """Without a run, the error says so and what to do."""
    assert message_of(train) == (
        f"train() ({place}) lacks values for 'learning_rate', 'epochs', 'data', 'verbose': they were not passed, and "
        "no run of 'digits' is active here. Pass them, or call it during a run (in another thread: through "
        "run.bind(fn))"
    )
    assert message_of(lambda: train(1, 2, 3)).endswith(
        "Pass it, or call it during a run (in another thread: through run.bind(fn))"
    )


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((1, 2, 3, 4), {}),
        ((1, 2, 3, 4, 5), {"b": 1}),
        ((), {"z": 1}),
        ((1,), {"c": 1, "z": 1}),
        ((1, 2), {"b": 1}),
        ((), {"p": 1}),
        ((1,), {"p": 1}),
    ],
)
@pytest.mark.parametrize("config", [{}, {"p": 1, "b": 2, "c": 3, "k": 4}])
def test_wrong_arguments_are_named_as_python_does(owner, make_context, args, kwargs, config):
    """The text is Python's own, whether or not values are missing besides, and with or without a run."""

    def f(p, /, b, c=9, *, k):
        return None

    with pytest.raises(TypeError) as plain:
        f(*args, **({"k": 0} if config else {}), **kwargs)
    assert "missing" not in str(plain.value)
    wrapper = owner.capture(f)
    with activate(make_context({owner: config})):
        assert message_of(lambda: wrapper(*args, **kwargs), SignatureError) == str(plain.value)
        assert message_of(lambda: wrapper(*args, **kwargs), SignatureError) == str(plain.value)


def test_type_errors_of_the_function_itself_stay(owner, in_run):
    """A TypeError from inside the function is the function's own, in the short way and the long way."""

    @owner.capture
    def f(a):
        return len(a)

    for call in (f, f, lambda: f(a=5)):
        with pytest.raises(TypeError, match="has no len") as caught:
            call()
        assert not isinstance(caught.value, SignatureError)


def test_signature_errors_are_short(owner, in_run):
    """No chain of inner errors is shown with a wrong call."""
    with pytest.raises(SignatureError) as caught:
        owner.capture(lambda a: a)(1, 2)
    assert caught.value.__suppress_context__
