"""Special values, copies of containers, notes of what was read, debug lines."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from expkit.capture.binding import activate
from expkit.errors import InvalidConfigError, MissingConfigError


def test_special_names_win(owner, make_context):
    """The run's own values win over entries of the same names."""

    @owner.capture
    def f(_config, _run, _log, _seed, _rnd):
        return _config, _run, _log, _seed, _rnd

    entries = dict.fromkeys(("_config", "_run", "_log", "_seed", "_rnd"), "entry")
    with activate(make_context({owner: entries})):
        assert f() == (entries, "<run>", logging.getLogger("run.digits.f"), 100, ("rng", 100))
        assert f(*range(5)) == (0, 1, 2, 3, 4)


def test_each_call_has_its_own_seed(owner, in_run):
    """Every call draws once from its function's own stream, and ``_rnd`` starts from that ``_seed``."""

    @owner.capture
    def f(_rnd, _seed):
        return _seed, _rnd

    @owner.capture
    def g(_rnd):
        return _rnd

    assert [f(), g(), f(), g()] == [(100, ("rng", 100)), ("rng", 100), (101, ("rng", 101)), ("rng", 101)]


def test_a_given_seed_is_the_one_of_rnd(owner, in_run):
    """With ``_seed`` passed, ``_rnd`` starts from it and the stream does not move; so with both passed."""

    @owner.capture
    def f(_seed, _rnd):
        return _seed, _rnd

    assert [f(5), f(_seed=6), f(5, 6), f(_rnd=1), f()] == [
        (5, ("rng", 5)), (6, ("rng", 6)), (5, 6), (100, 1), (101, ("rng", 101)),
    ]  # fmt: skip


def test_one_copy_per_function_and_run(owner, context, make_context):
    """A function gets the same copy in every call of a run; another function and another run get their own."""

    @owner.capture
    def f(box):
        box["seen"] = box.get("seen", 0) + 1
        return box

    @owner.capture
    def g(box, _config):
        return box, _config

    with activate(context):
        first = f()
        assert f() is first
        assert f(box={})["seen"] == 1
        assert g()[0] == {"x": 1, "inner": {"y": 2}}
        assert g()[0] is g()[0]
        assert g()[1] is g()[1]
        assert g()[1] == context.configs[owner]
    assert first["seen"] == 2
    with activate(make_context(context.configs)):
        assert f() is not first
        assert f()["seen"] == 2


def test_copies_are_reported(owner, in_run):
    """The run is told which copy of which original a function has, once; plain values are not copied."""

    @owner.capture
    def f(a, box):
        return box

    @owner.capture(prefix="box")
    def g(_config):
        return _config

    got, other, _ = f(), g(), f()
    config = in_run.configs[owner]
    assert [(name, original is source, copy is handed) for (name, original, copy), source, handed in zip(
        in_run.copies, [config["box"], config["box"]], [got, other], strict=True
    )] == [("box", True, True), ("", True, True)]  # fmt: skip


def test_only_what_is_used_counts_as_read(owner, in_run):
    """An entry is read when a call leaves it out, noted once; ``_config`` reads the whole namespace."""

    @owner.capture
    def f(a, b, c=0, z=0):
        return a

    @owner.capture(prefix="box")
    def g(_config, x):
        return x

    assert in_run.reads == []
    f(5, 6)
    assert in_run.reads == ["digits.c"]
    f(5)
    f(5)
    f(5, b=1)
    assert in_run.reads == ["digits.c", "digits.b"]
    f()
    g()
    assert in_run.reads == ["digits.c", "digits.b", "digits.a", "digits.box", "digits.box.x"]


def test_threads_share_the_copy(owner, in_run):
    """Many threads that call a function for the first time get one copy, however long copying takes."""
    barrier = threading.Barrier(8)
    quick = in_run.copy
    in_run.copy = lambda value: (time.sleep(0.05), quick(value))[1]

    @owner.capture
    def f(box):
        return box

    def call(_):
        barrier.wait(30)
        return id(f())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(call, range(8)))) == 1
    assert len(in_run.copies) == 1
    late = f.__wrapped__.inside(in_run)
    assert late.call((), {}) is late.call((), {})


def test_debug_lines_only_when_asked(owner, make_context, caplog):
    """At level DEBUG each call says when it starts and how long it took; at others nothing is logged."""

    @owner.capture
    def f(a, *, b=2):
        return a, b

    @owner.capture
    async def g(a):
        logging.getLogger("run.digits.g").debug("inside")
        return a

    with caplog.at_level(logging.INFO), activate(make_context({owner: {"a": 1}})):
        f()
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG), activate(make_context({owner: {"a": 1}})):
        assert [f(), f(5), f()] == [(1, 2), (5, 2), (1, 2)]
        assert [name for name, *_ in caplog.record_tuples] == ["run.digits.f"] * 6
        caplog.clear()
        assert asyncio.run(g()) == 1
    lines = [message.partition(" after")[0] for name, _, message in caplog.record_tuples if name != "asyncio"]
    assert lines == ["started", "inside", "finished"]


def test_blamed_entries_are_located(owner, make_context):
    """The run is shown config errors that leave a captured function, in the short way and the long way."""

    @owner.capture(prefix="box")
    def f(x, *, z=0):
        raise InvalidConfigError("too small", "x")

    context = make_context({owner: {"box": {"x": 1}}})
    with activate(context):
        for call in (f, f, lambda: f(x=5)):
            with pytest.raises(InvalidConfigError):
                call()
    assert [(who, prefix, error.conflicting_configs) for who, prefix, error in context.blamed] == [
        (owner, "box", ("x",))
    ] * 3


def test_special_names_without_a_run(owner):
    """There is no run and no config, and a logger of the function's name; seeds need a run."""

    @owner.capture
    def f(_run, _config, _log):
        return _run, _config, _log.name

    @owner.capture
    def g(_seed, _run="default"):
        return _run

    assert f() == (None, {}, "digits.f")
    assert f("mine") == ("mine", {}, "digits.f")
    assert g(1) == "default"
    with pytest.raises(MissingConfigError, match="'_seed'"):
        g()


def test_arguments_are_not_kept_alive(owner, in_run):
    """What a caller passes is gone when the caller lets go of it."""

    class Batch:
        pass

    @owner.capture
    def f(batch, a):
        return a

    batch = Batch()
    gone = weakref.ref(batch)
    assert (f(batch), f(batch), f(batch=batch)) == (1, 1, 1)
    del batch
    assert gone() is None
