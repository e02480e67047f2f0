"""Which run a call belongs to: nested ones, threads, tasks."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from expkit.capture.binding import activate, bind, current
from expkit.errors import AmbiguousRunError, MissingConfigError, SignatureError


@pytest.fixture
def f(owner):
    @owner.capture
    def f(a, _run, _log, _seed):
        return a, _run, _log.name, _seed

    return f


def seen(name, a, seed):
    return a, f"<{name}>", f"{name}.digits.f", seed


def in_thread(function, *args):
    """The result of a call in a thread that has no context."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def test_nested_runs_restore(owner, make_context, f):
    """After an inner run, functions see the outer run again, and its stream of seeds goes on."""
    outer, inner = make_context({owner: {"a": 1}}, "outer"), make_context({owner: {"a": 2}}, "inner")
    with activate(outer):
        assert f() == seen("outer", 1, 100)
        with activate(inner):
            assert f() == seen("inner", 2, 100)
            assert current.get() is inner
        assert f() == seen("outer", 1, 101)
    assert current.get() is None


def test_a_run_is_left_also_by_an_exception(owner, make_context):
    """An exception leaves nothing active behind."""
    with pytest.raises(KeyError), activate(make_context({owner: {}})):
        raise KeyError
    assert current.get() is None


def test_an_inner_run_of_another_experiment(owner, make_owner, make_context, f):
    """Inside it, functions of the outer experiment still see the outer run."""
    other = make_owner("other")
    outer, inner = make_context({owner: {"a": 1}}, "outer"), make_context({other: {"a": 2}}, "inner")
    with activate(outer), activate(inner):
        assert [f(), f()] == [seen("outer", 1, 100), seen("outer", 1, 101)]


def test_a_run_of_another_experiment_gives_nothing(owner, make_owner, make_context, f):
    """A function is not filled by a run in which its ingredient takes no part, also not by one elsewhere."""
    other = make_owner("other")
    with activate(make_context({owner: {"a": 1}})), ThreadPoolExecutor(1) as pool:

        def unrelated():
            with activate(make_context({other: {"a": 2}})):
                return f(1, 2)

        with pytest.raises(MissingConfigError, match="no run of 'digits' is active here"):
            pool.submit(unrelated).result()


def test_one_experiment_in_many_threads(owner, make_context, f):
    """20 runs at the same time in 20 threads each see their own."""
    barrier = threading.Barrier(20)

    def run(number):
        with activate(make_context({owner: {"a": number}}, f"run{number}")):
            barrier.wait(30)
            return [f() for _ in range(50)]

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(run, range(20)))
    assert results == [[seen(f"run{n}", n, 100 + k) for k in range(50)] for n in range(20)]


def test_many_tasks(owner, make_context, f):
    """200 tasks of one event loop, each with its own run, each see their own."""

    @owner.capture
    async def g(a, _run):
        await asyncio.sleep(0)
        return a, _run, f(_seed=0)

    async def run(number):
        with activate(make_context({owner: {"a": number}}, f"run{number}")):
            await asyncio.sleep(0.001 * (number % 7))
            first = await g()
            child = asyncio.create_task(g())
            return first, await child, await asyncio.to_thread(f)

    async def main():
        return await asyncio.gather(*(run(number) for number in range(200)))

    for n, (first, child, thread) in enumerate(asyncio.run(main())):
        assert first == child == (n, f"<run{n}>", seen(f"run{n}", n, 0))
        assert thread == seen(f"run{n}", n, 100)


@pytest.mark.skipif(getattr(sys.flags, "thread_inherit_context", 0), reason="threads inherit the context here")
def test_a_bare_thread_uses_the_only_run(owner, make_owner, make_context, f):
    """A thread without a context belongs to the only active run of that experiment, whatever else runs."""
    other = make_owner("other")
    with activate(make_context({owner: {"a": 1}}, "only")), activate(make_context({other: {"a": 5}})):
        assert in_thread(f) == seen("only", 1, 100)
        assert f() == seen("only", 1, 101)


def test_a_bare_thread_between_several_runs(owner, make_context, f):
    """If several runs are active, an error names ``run.bind(fn)``; with all arguments given there is none."""

    @owner.capture
    def g(a=5):
        return a

    with activate(make_context({owner: {"a": 1}})), activate(make_context({owner: {"a": 2}})):
        with pytest.raises(AmbiguousRunError, match=r"2 runs of 'digits' are active.*run\.bind\(fn\)"):
            in_thread(f)
        with pytest.raises(AmbiguousRunError):
            in_thread(g)
        assert in_thread(g, 7) == 7
        with pytest.raises(SignatureError):
            in_thread(g, 7, 8)


def test_bind_gives_a_thread_its_run(owner, make_context, f):
    """A bound function belongs to its run in any thread, also many at once, and keeps name and signature."""
    first, second = make_context({owner: {"a": 1}}, "first"), make_context({owner: {"a": 2}}, "second")
    with activate(first), activate(second):
        bound = [bind(first, f), bind(second, f)]
        assert [in_thread(b, 7) for b in bound] == [seen("first", 7, 100), seen("second", 7, 100)]
        assert f(_seed=1) == seen("second", 2, 1)
        assert (bound[0].__name__, inspect.signature(bound[0])) == ("f", inspect.signature(f))
        with ThreadPoolExecutor(8) as pool:
            assert {x[0] for x in pool.map(lambda _: bound[0](), range(100))} == {1}
    assert in_thread(bound[0], 7)[1] == "<first>"


def test_bind_keeps_coroutine_functions(owner, make_context, f):
    """A bound coroutine function is one, and belongs to the run where it is awaited."""
    context = make_context({owner: {"a": 1}}, "first")

    async def work():
        await asyncio.sleep(0)
        return f(_seed=1)

    bound = bind(context, work)
    assert inspect.iscoroutinefunction(bound)
    assert in_thread(asyncio.run, bound()) == seen("first", 1, 1)


def test_bind_keeps_generator_functions(owner, make_context, f):
    """A bound generator function is one; its code belongs to the run, the code between its steps does not."""

    def steps(first):
        got = yield f(first, _seed=1)
        try:
            yield got, f(_seed=2)
        except KeyError:
            yield "caught", f(_seed=3)
        return f(_seed=4)

    first, second = make_context({owner: {"a": 1}}, "first"), make_context({owner: {"a": 2}}, "second")
    bound = bind(first, steps)
    assert inspect.isgeneratorfunction(bound)
    with activate(second):
        running = bound(9)
        assert next(running) == seen("first", 9, 1)
        assert f(_seed=1) == seen("second", 2, 1)
        assert running.send("sent") == ("sent", seen("first", 1, 2))
        assert running.throw(KeyError()) == ("caught", seen("first", 1, 3))
        with pytest.raises(StopIteration) as end:
            next(running)
        assert end.value.value == seen("first", 1, 4)
        assert current.get() is second


def test_bound_generators_are_closed_in_their_run(owner, make_context, f):
    """What a generator does when it is closed, or dropped, belongs to its run; its errors reach the caller."""
    closed = []

    def steps():
        try:
            yield
        finally:
            closed.append(f(_seed=1))

    bound = bind(make_context({owner: {"a": 1}}, "first"), functools.partial(steps))
    for end in (lambda running: running.close(), lambda running: None):
        running = bound()
        next(running)
        end(running)
        del running
    gc.collect()
    assert closed == [seen("first", 1, 1)] * 2
    running = bound()
    next(running)
    with pytest.raises(ZeroDivisionError):
        running.throw(ZeroDivisionError())


def test_bind_keeps_async_generator_functions(owner, make_context, f):
    """A bound async generator function is one; its code belongs to the run, the code between its steps does not."""
    closed = []

    async def steps():
        await asyncio.sleep(0)
        try:
            got = yield f(_seed=1)
            yield got, f(_seed=2)
        except KeyError:
            yield "caught"
        finally:
            closed.append(f(_seed=3))

    first, second = make_context({owner: {"a": 1}}, "first"), make_context({owner: {"a": 2}}, "second")
    bound = bind(first, steps)
    assert inspect.isasyncgenfunction(bound)

    async def use():
        running = bound()
        assert await running.__anext__() == seen("first", 1, 1)
        assert f(_seed=1) == seen("second", 2, 1)
        assert await running.asend("sent") == ("sent", seen("first", 1, 2))
        assert await running.athrow(KeyError()) == "caught"
        await running.aclose()
        return [item async for item in bound()]

    with activate(second):
        assert asyncio.run(use()) == [seen("first", 1, 1), (None, seen("first", 1, 2))]
        assert current.get() is second
    assert closed == [seen("first", 1, 3)] * 2


def test_bind_works_for_a_run_that_is_not_active_yet(owner, make_context, f):
    """Binding does not need the run to be active."""
    assert bind(make_context({owner: {"a": 1}}, "early"), f)(_seed=1) == seen("early", 1, 1)


def test_a_task_that_outlives_its_run_keeps_it(owner, make_context, f):
    """What was started in a run with a copy of its context sees that run to the end."""
    with activate(make_context({owner: {"a": 1}}, "past")):
        later = contextvars.copy_context()
    with activate(make_context({owner: {"a": 2}}, "present")):
        assert later.run(f) == seen("past", 1, 100)


def test_after_a_run_its_functions_still_see_it(owner, make_owner, make_context, f):
    """A call outside all runs belongs to the last run that has ended, if that knows the function's ingredient."""
    with activate(make_context({owner: {"a": 1}}, "first")), activate(make_context({owner: {"a": 2}}, "nested")):
        pass
    assert f() == seen("first", 1, 100)
    with activate(make_context({owner: {"a": 3}}, "second")):
        assert f() == seen("second", 3, 100)
    assert [f(), f(_seed=0)] == [seen("second", 3, 101), seen("second", 3, 0)]
    with activate(make_context({make_owner("other"): {"a": 4}})):
        pass
    with pytest.raises(MissingConfigError, match="no run of 'digits' is active here"):
        f()


def test_before_all_runs_a_full_call_is_a_plain_call(owner, context, f):
    """Defaults and explicit arguments suffice where there is no run, and where another ingredient has one."""

    @owner.capture
    def g(a, b=20, *, z=30):
        return a, b, z

    assert [g(1), g(1, 2), g(a=3, z=4)] == [(1, 20, 30), (1, 2, 30), (3, 20, 4)]
    with activate(context):
        assert g() == (1, 2, 30)
    assert f(1, 2, __import__("logging").getLogger("x"), 4) == (1, 2, "x", 4)
