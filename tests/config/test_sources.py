"""Config functions are found wherever their source can be had."""

from __future__ import annotations

import doctest
import importlib
import itertools
import linecache
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile

import pytest

from expkit.config.scope import ConfigScope
from expkit.errors import ConfigScopeError

_NUMBERS = itertools.count()
SCRIPT = """
    from expkit.config.scope import ConfigScope

    @ConfigScope
    def cfg():
        a = 1  # the a
        b = [a for _ in range(2)]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes and imports a module; gives the module and its file. It is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def make(source):
        name = f"written_{next(_NUMBERS)}"
        file = tmp_path / f"{name}.py"
        file.write_text(textwrap.dedent(source), encoding="utf-8")
        importlib.invalidate_caches()
        names.append(name)
        return importlib.import_module(name), file

    yield make
    for name in names:
        sys.modules.pop(name, None)


def _exec(source, filename, **names):
    namespace = {"ConfigScope": ConfigScope, "__name__": "made", **names}
    exec(compile(textwrap.dedent(source), filename, "exec"), namespace)
    return namespace["cfg"]


def test_exec_without_source_points_to_add_config():
    """Where there is no source, one error says so and names the way out; decorating works."""
    cfg = _exec(SCRIPT, "<string>")
    with pytest.raises(ConfigScopeError, match=r"<string>:4: .*cannot be read.*add_config"):
        cfg()


def test_exec_with_source_in_linecache():
    """Code made by ``exec`` works where linecache has its source, as in notebooks."""
    source = textwrap.dedent(SCRIPT)
    for name in ("<cell 1>", "<cell 2>"):
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        cfg = _exec(source, name)
        assert cfg() == {"a": 1, "b": [1, 1]}
        assert cfg().docs["a"] == "the a"


def test_source_of_something_else():
    """Where linecache has another source under the same name, no wrong config comes out."""
    other = textwrap.dedent(SCRIPT).replace("a = 1", "a = 2")
    linecache.cache["<cell 3>"] = (len(other), None, other.splitlines(keepends=True), "<cell 3>")
    cfg = _exec(SCRIPT, "<cell 3>")
    with pytest.raises(ConfigScopeError, match="has changed since"):
        cfg()


def test_doctest():
    """Config functions work in doctests."""
    text = """
    >>> from expkit.config.scope import ConfigScope
    >>> @ConfigScope
    ... def cfg():
    ...     a = 1
    >>> cfg()
    {'a': 1}
    """
    test = doctest.DocTestParser().get_doctest(text, {}, "sample", "sample.txt", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_zipped(tmp_path):
    """Config functions work in zipped applications."""
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", textwrap.dedent(SCRIPT) + "print(dict(cfg()), cfg().docs['a'])\n")
    assert _output([str(archive)]) == "{'a': 1, 'b': [1, 1]} the a"


def test_script_that_changes_its_folder(tmp_path):
    """A script may go to another folder before its config is needed."""
    (tmp_path / "away").mkdir()
    script = textwrap.dedent(SCRIPT) + "import os\nos.chdir('away')\nprint(dict(cfg()))\n"
    (tmp_path / "script.py").write_text(script)
    assert _output(["script.py"], cwd=tmp_path) == "{'a': 1, 'b': [1, 1]}"


def _output(arguments, cwd=None):
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_file_that_moved_on(module):
    """Where the file has changed but the function has not, the function is found again."""
    loaded, file = module(SCRIPT)
    file.write_text("# a new\n# head\n" + textwrap.dedent(SCRIPT).replace("# the a", "# another a"))
    assert loaded.cfg() == {"a": 1, "b": [1, 1]}
    assert loaded.cfg.places["a"].line == 8


def test_function_that_changed(module):
    """Where the function itself has changed since the import, it is refused: no config of two versions."""
    loaded, file = module(SCRIPT)
    file.write_text(textwrap.dedent(SCRIPT).replace("a = 1", "a = 12345"))
    with pytest.raises(ConfigScopeError, match=r"written_.*py:4: .*changed since it was imported"):
        loaded.cfg()


def test_nested_code_that_changed(module):
    """A change inside a comprehension is a change of the function."""
    loaded, file = module(SCRIPT)
    file.write_text(textwrap.dedent(SCRIPT).replace("range(2)", "range(3)").replace("[a for", "[-a for"))
    with pytest.raises(ConfigScopeError, match="changed"):
        loaded.cfg()


def test_file_that_is_being_edited(module):
    """A file that is no Python at the moment is refused as changed."""
    loaded, file = module(SCRIPT)
    file.write_text("def def")
    with pytest.raises(ConfigScopeError, match="changed"):
        loaded.cfg()


def test_several_functions_of_one_name(module):
    """Of functions with one name, each gets its own source; decorating twice gives two equal scopes."""
    loaded, _ = module("""
        from expkit.config.scope import ConfigScope
        scopes = []
        @scopes.append
        @ConfigScope
        def cfg():
            a = 1
        @scopes.append
        @ConfigScope
        @ConfigScope
        def cfg():
            a = 2
        if 1:
            @(lambda function: scopes.append(ConfigScope(function)))
            def cfg():
                a = 3
        class Holder:
            @scopes.append
            @ConfigScope
            def cfg():
                a = 4
        scopes.append(ConfigScope(scopes[0]))
    """)
    assert [scope()["a"] for scope in loaded.scopes] == [1, 2, 3, 4, 1]


def test_future_statements(module):
    """Future statements of the module hold in its config functions."""
    loaded, _ = module("""
        from __future__ import annotations
        from expkit.config.scope import ConfigScope

        @ConfigScope
        def cfg(x: Nowhere) -> Never:
            def f(a: Undefined) -> None: pass
            a = f.__annotations__
    """)
    assert loaded.cfg(preset={"x": 1})["a"] == {"a": "Undefined", "return": "None"}


def test_closures_are_live(module):
    """A config function sees the present value of an enclosing variable."""
    loaded, _ = module("""
        from expkit.config.scope import ConfigScope
        def make():
            depth = 1
            @ConfigScope
            def cfg():
                a = depth
            def deeper():
                nonlocal depth
                depth += 1
            return cfg, deeper
        cfg, deeper = make()
    """)
    assert loaded.cfg() == {"a": 1}
    loaded.deeper()
    assert loaded.cfg() == {"a": 2}


def test_globals_are_left_alone(module):
    """Neither a ``global`` statement nor ``locals()`` changes the module; other globals are live."""
    loaded, _ = module("""
        from expkit.config.scope import ConfigScope
        number = 1
        other = 1
        @ConfigScope
        def cfg():
            global number
            number += 1
            a = number + other
            locals().update(new=5)
            b = new + len([new])
    """)
    loaded.other = 10
    assert [loaded.cfg() for _ in range(2)] == [{"a": 12, "b": 6, "new": 5}] * 2
    assert loaded.number == 1
    assert not hasattr(loaded, "new")


def test_names_of_what_is_defined_inside(module):
    """Functions made by a config function have the qualified names that Python would give them."""
    loaded, _ = module("""
        from expkit.config.scope import ConfigScope
        class Holder:
            @ConfigScope
            def cfg():
                f = lambda: (lambda: 1)
    """)
    function = loaded.Holder.cfg()["f"]
    assert function.__qualname__ == "Holder.cfg.<locals>.<lambda>"
    assert function().__qualname__ == "Holder.cfg.<locals>.<lambda>.<locals>.<lambda>"
    assert function.__module__ == loaded.__name__


def test_syntax_warnings_are_not_repeated(module, recwarn):
    """What Python has warned of at import is not warned of again."""
    loaded, _ = module("""
        from expkit.config.scope import ConfigScope
        @ConfigScope
        def cfg():
            a = 1 is 1
    """)
    recwarn.clear()
    assert loaded.cfg() == {"a": True}
    assert not recwarn.list


def test_decorating_is_lazy(tmp_path):
    """Decorating reads nothing: there may be no file."""
    cfg = _exec(SCRIPT, str(tmp_path / "never_written.py"))
    assert ConfigScope(cfg.func).name == cfg.func.__name__


@ConfigScope
def module_level():
    """Some words."""
    a = 1


def test_what_it_tells_of_itself():
    """A config function keeps name, docstring and the function, and pickles by reference."""
    assert (module_level.__name__, module_level.name, module_level.doc) == ("module_level",) * 2 + ("Some words.",)
    assert module_level.__wrapped__ is module_level.func
    assert module_level.parameters == ()
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    assert repr(module_level) == f"<config function module_level at {module_level.origin}>"
    assert str(module_level.origin).startswith("test_sources.py:")
