"""Pickling by reference, in this process and to real workers of a real script."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import cloudpickle
import pytest

from expkit.capture.function import capture_of
from expkit.capture.reference import importing, load, reduce_by_reference

ROOT = Path(__file__).parents[2]

DEFINITIONS = r'''
"""A script as users write it: definitions at the top level, work at the end."""
import asyncio
import logging
import os
import sys
import threading

from expkit.capture.binding import activate
from expkit.capture.function import capture
from expkit.capture.reference import importing, reduce_by_reference

sys.stderr.write(f"imported as {__name__} {importing()}\n")


class Owner:
    path = "digits"

    def __reduce__(self):
        return reduce_by_reference(self, __name__)

    def capture(self, function):
        return capture(function, self)


class Context:
    run = "RUN"

    def __init__(self, config):
        self.config_of_run = config

    def covers(self, owner):
        return owner is ex

    def values(self, owner, prefix):
        return self.config_of_run

    def objects(self, owner, prefix, name, value):
        return value

    def copy(self, value):
        return value

    def logger(self, owner, name):
        return logging.getLogger(name)

    def read(self, *args):
        pass


class Point:
    def __init__(self, x):
        self.x = x


ex = Owner()
lock = threading.Lock()  # cannot be pickled: whatever drags it along fails


@ex.capture
def work(x: Point, a=0, b=0):
    with lock:
        return Point((x.x, a, b))


@ex.capture
async def later(x, a=0):
    with lock:
        return x, a


class Model:
    guard = lock

    @ex.capture
    def fit(self, x, a=0):
        with lock:
            return x, a

    @staticmethod
    @ex.capture
    def rate(x, a=0):
        with lock:
            return x, a

    @classmethod
    @ex.capture
    async def alter(cls, x, a=0):
        return x, a


def plain(x):
    """Not captured, but it calls what is."""
    return work(Point(x), 1).x, asyncio.run(later(x, 2)), is_ours(ex)


def is_ours(owner):
    return owner is ex and work.owner is ex


def in_run(x):
    with activate(Context({"a": 5, "b": 6})):
        return work(Point(x)).x, importing()
'''


@pytest.fixture
def script(tmp_path):
    """Runs a script made of the definitions above and a main part; returns what it printed."""

    def run(main, name="script.py", arguments=(), **environment):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            DEFINITIONS + "\n\nif __name__ == '__main__':\n" + textwrap.indent(textwrap.dedent(main), "    ")
        )
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        done = subprocess.run(
            [sys.executable, *(arguments or [path])], capture_output=True, text=True, timeout=120, env=env, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n"), [line for line in done.stderr.split("\n") if line.startswith("imported as")]

    return run


MAIN, WORKER = "imported as __main__ False", "imported as __mp_main__ True"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_multiprocessing(script, method):
    """Functions, methods, experiments and results travel both ways; a worker knows that it is importing."""
    out, imports = script(
        f"""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(1, mp_context=get_context({method!r})) as pool:
            got = pool.submit(work, Point(3), 1).result()
            print(type(got) is Point, got.x)
            print(pool.submit(is_ours, ex).result())
            print(pool.submit(plain, 4).result())
            print(pool.submit(Model.rate, 3, 4).result(), pool.submit(Model().fit, 3, 4).result())
            print(pool.submit(in_run, 3).result())
            print(pool.submit(getattr, later, "__name__").result())
        """
    )
    assert out[:-1] == [
        "True (3, 1, 0)", "True", "((4, 1, 0), (4, 2), True)", "(3, 4) (3, 4)", "((3, 5, 6), False)", "later",
    ]  # fmt: skip
    assert imports == [MAIN, WORKER]


def test_loky(script):
    """Workers that know nothing of the script import it once, not as main, also for functions sent by value."""
    out, imports = script(
        """
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=2, backend="loky")

        def by_value(x):
            return work(Point(x), 1).x, is_ours(ex)

        got = parallel(delayed(work)(Point(i), b=i) for i in range(3))
        print([p.x for p in got], {type(p) is Point for p in got})
        print(parallel(delayed(by_value)(i) for i in range(2)))
        print(parallel(delayed(Model.rate)(i) for i in range(2)))
        print(parallel(delayed(lambda owner: owner.path)(ex) for i in range(2)))
        print(parallel(delayed(lambda f: asyncio.run(f(1)))(later) for i in range(2)))
        """
    )
    assert out[:-1] == [
        "[(0, 0, 0), (1, 0, 1), (2, 0, 2)] {True}",
        "[((0, 1, 0), True), ((1, 1, 0), True)]",
        "[(0, 0), (1, 0)]",
        "['digits', 'digits']",
        "[(1, 0), (1, 0)]",
    ]
    assert imports[0] == MAIN
    assert set(imports[1:]) == {WORKER}
    assert len(imports) <= 3


def test_a_module_run_by_name_is_imported_by_name(script):
    """After ``python -m package.module``, workers import that module under its own name."""
    out, imports = script(
        """
        from joblib import Parallel, delayed
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        print(Parallel(n_jobs=2)(delayed(is_ours)(ex) for i in range(2)))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            print(pool.submit(is_ours, ex).result())
        """,
        name="parts/job.py",
        arguments=["-m", "parts.job"],
    )
    assert out[:-1] == ["[True, True]", "True"]
    assert set(imports) == {MAIN, "imported as parts.job True", WORKER}


def elsewhere(tmp_path, code):
    """Runs code in a fresh interpreter that has no script; returns what it printed."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env, cwd=tmp_path
    )
    return done.stdout if done.returncode == 0 else done.stderr


def test_any_process_can_load_a_reference(script, tmp_path):
    """A process that is no worker of the script finds it, and what lies beside it, wherever it was started."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "beside.py").write_text("VALUE = 7\n")
    script(
        """
        import pickle
        import beside
        open("pickled", "wb").write(pickle.dumps((ex, work.__wrapped__, later, ex)))
        """,
        name="scripts/script.py",
    )
    code = """
        import pickle, sys
        before = sys.modules.get("__mp_main__")
        first = pickle.loads(open("pickled", "rb").read())
        again = pickle.loads(open("pickled", "rb").read())
        del sys.modules["__mp_main__"]
        third = pickle.loads(open("pickled", "rb").read())
        print([a is b is c for a, b, c in zip(first, again, third)], first[0].path, first[1], first[2].owner is first[0])
        import beside
        print(beside.VALUE)
        assert sys.path.count(first[1].place.rpartition("/")[0]) == 1
    """
    printed = elsewhere(tmp_path, textwrap.dedent(code))
    assert "[True, True, True, True] digits <capture of work at" in printed
    assert printed.endswith("> True\n7\n")


def test_a_script_that_cannot_be_imported(script, tmp_path):
    """The script's own error is shown, and the process is left as it was."""
    script("import pickle; open('pickled', 'wb').write(pickle.dumps(ex))")
    (tmp_path / "script.py").write_text("raise LookupError('broken script')")
    code = """
        import pickle, sys
        for alias in (None, sys):
            sys.modules.pop("__mp_main__", None)
            if alias:
                sys.modules["__mp_main__"] = alias
            try:
                pickle.loads(open("pickled", "rb").read())
            except LookupError as error:
                print(error, sys.modules.get("__mp_main__"))
    """
    assert elsewhere(tmp_path, textwrap.dedent(code)) == "broken script None\nbroken script <module 'sys' (built-in)>\n"


def test_a_script_that_is_gone(script, tmp_path):
    """The error names the file."""
    script("import pickle; open('pickled', 'wb').write(pickle.dumps(ex))")
    (tmp_path / "script.py").unlink()
    printed = elsewhere(tmp_path, "import pickle; pickle.loads(open('pickled', 'rb').read())")
    assert "FileNotFoundError" in printed
    assert "script.py" in printed


def test_a_main_without_a_suffix_is_no_module(tmp_path):
    """A main file that Python cannot import as a module is an error that names it."""
    with pytest.raises(ImportError, match="cannot import .*program"):
        load("__main__", str(tmp_path / "program"), "ex")


def test_interactive_definitions_stay_where_they_are(tmp_path):
    """What was made in an interactive session is found in that process, and elsewhere an error says what to do."""
    definitions = DEFINITIONS.replace("sys.stderr.write", "str")
    code = (
        definitions
        + f"""
import pickle
data = pickle.dumps(ex)
assert pickle.loads(data) is ex
open({str(tmp_path / "pickled")!r}, "wb").write(data)
"""
    )
    assert elsewhere(tmp_path, code) == ""
    printed = elsewhere(tmp_path, "import pickle; pickle.loads(open('pickled', 'rb').read())")
    assert "has no 'ex' in this process" in printed
    assert "move it to the top level of a file" in printed
    with pytest.raises(pickle.UnpicklingError, match="'__main__' has no 'ex' in this process"):
        load("__main__", None, "ex")


@pytest.fixture
def module(monkeypatch):
    """An importable module that can be filled."""
    made = ModuleType("made_for_a_test")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_modules_are_referred_to_by_name(module, owner):
    """What a module holds is pickled as module and name, whatever it is called there."""

    def f(a):
        return a

    f.__module__, f.__qualname__ = module.__name__, "f"
    module.f = f
    module.first, module.second = owner.capture(f, "first"), owner.capture(f, "second")
    for name in ("first", "second"):
        wrapper = getattr(module, name)
        assert pickle.loads(pickle.dumps(capture_of(wrapper))) is capture_of(wrapper)
    module.thing = object()
    function, arguments = reduce_by_reference(module.thing, module.__name__)
    assert arguments == (module.__name__, None, "thing")
    assert function(*arguments) is module.thing


def test_what_no_module_holds_cannot_be_pickled(module, owner):
    """The error says what is to be done; likewise for a module that is gone."""
    with pytest.raises(pickle.PicklingError, match="make it at the top level of a script or module"):
        reduce_by_reference(object(), module.__name__)
    with pytest.raises(pickle.PicklingError, match="does not hold it"):
        reduce_by_reference(object(), "no_such_module")
    with pytest.raises(pickle.PicklingError, match="<capture of .*local"):
        pickle.dumps(capture_of(owner.capture(lambda a: a)))


def test_a_wrapper_sent_by_value_is_still_the_wrapper(module, owner, in_run):
    """A by-value copy, as cloudpickle makes of a script's functions, fills arguments and shares the definition."""

    def f(a, b=0):
        return a, b

    f.__module__, f.__qualname__ = module.__name__, "f"
    module.f = owner.capture(f)
    cloudpickle.register_pickle_by_value(module)
    try:
        copied = pickle.loads(cloudpickle.dumps(module.f))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    assert copied is not module.f
    assert copied.__wrapped__ is module.f.__wrapped__
    assert (copied(), copied(5)) == ((1, 2), (5, 2))


def test_nobody_is_importing_here():
    """Outside such an import, a run may start."""
    assert not importing()
    assert importlib.import_module("expkit.capture.reference").load("sys", None, "path") is sys.path


def test_scripts_may_need_each_other(tmp_path, monkeypatch):
    """A script that loads from another one while it is imported is still importing afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__mp_main__", sys.modules["__main__"])
    inner, outer = tmp_path / "inner.py", tmp_path / "outer.py"
    inner.write_text("value = [1]")
    outer.write_text(
        "from expkit.capture.reference import importing, load\n"
        f"value = load('__main__', {str(inner)!r}, 'value')\n"
        "still = importing()"
    )
    assert load("__main__", str(outer), "value") is load("__main__", str(inner), "value")
    assert load("__main__", str(outer), "still")
    assert not importing()
    assert sys.path.count(str(tmp_path)) == 1
