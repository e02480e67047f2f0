from __future__ import annotations

import hashlib
import importlib
import os
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expkit.errors import SettingError
from expkit.provenance.code import imported
from expkit.provenance.code import modules
from expkit.provenance.code.imported import digests
from expkit.provenance.code.sources import discover

TELL = """
import json
from expkit.provenance.code.sources import discover
print(json.dumps([[s.root, s.name, s.module] for s in discover({strategy!r}, {base!r}, __file__)]))
"""


def tell(strategy: str = "imported", base: str = ".") -> str:
    return TELL.format(strategy=strategy, base=base)


def names(found):
    return [name for _, name, _ in found]


def test_what_is_imported_anywhere_is_found(project):
    """Imports at the top, in functions, of constants only, and of imported modules are all found."""
    project.write("top.py", "import second")
    project.write("second.py")
    project.write("inside.py")
    project.write("constants.py", "X = 1")
    project.write("unused.py")
    project.write("train.py", f"import top\nfrom constants import X\ndef main():\n    import inside\nmain()\n{tell()}")
    assert names(project.run("train.py")) == ["constants.py", "inside.py", "second.py", "top.py", "train.py"]


def test_source_layout_and_scripts_folder(project):
    """Code below src/ is found from a script in another folder; names start at the project's root."""
    project.write("pyproject.toml")
    project.write("src/lab/__init__.py")
    project.write("src/lab/model.py")
    project.write("scripts/train.py", f"import lab.model\n{tell()}")
    found = project.run("scripts/train.py", path=("src",))
    assert found == [
        ["project", "scripts/train.py", ""],
        ["project", "src/lab/__init__.py", "lab"],
        ["project", "src/lab/model.py", "lab.model"],
    ]


def test_code_from_elsewhere_is_named_as_it_is_imported(project):
    """The user's modules outside the project are found, too, and named by their import path."""
    project.write("shared/tools/__init__.py")
    project.write("shared/tools/space/io.py")  # a namespace package
    project.write("shared/single.py")
    project.write("exp/pyproject.toml")
    project.write("exp/train.py", f"import tools.space.io, single\n{tell()}")
    found = project.run("train.py", path=("shared",), cwd="exp")
    assert found == [
        ["package", "single.py", "single"],
        ["package", "tools/__init__.py", "tools"],
        ["package", "tools/space/io.py", "tools.space.io"],
        ["project", "train.py", ""],
    ]


FINDER = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "lab":
            return spec_from_file_location(name, {init!r}, submodule_search_locations=[{folder!r}])

sys.meta_path.append(Finder)
"""
"""What an installer of today leaves in site-packages for an editable package, instead of a path."""


def test_editable_install_by_a_finder(project):
    """A package that a finder on `sys.meta_path` leads to is the user's code, the finder is not."""
    folder = project.root / "code" / "python" / "lab"
    for name in ("__init__", "model"):
        project.write(f"code/python/lab/{name}.py")
    finder = FINDER.format(init=str(folder / "__init__.py"), folder=str(folder))
    project.write("venv/lib/site-packages/__editable___lab_finder.py", finder)
    project.write("exp/pyproject.toml")
    project.write("exp/train.py", f"import __editable___lab_finder, lab.model\n{tell()}")
    found = project.run("train.py", path=("venv/lib/site-packages",), cwd="exp")
    assert found == [
        ["package", "lab/__init__.py", "lab"],
        ["package", "lab/model.py", "lab.model"],
        ["project", "train.py", ""],
    ]


def test_neighbours_in_a_monorepo(project):
    """Packages side by side in one repository are found, each in the folder that it is imported from."""
    for name in ("one", "two"):
        project.write(f"packages/{name}/pyproject.toml")
        project.write(f"packages/{name}/src/{name}/__init__.py")
        project.write(f"packages/{name}/src/{name}/utils.py", "from acme import shared")
    project.write("libs/a/acme/shared.py", "import acme.more")  # one namespace package in two places
    project.write("libs/b/acme/more.py")
    project.write("packages/one/train.py", f"import one.utils, two.utils\n{tell()}")
    path = ("packages/one/src", "packages/two/src", "libs/a", "libs/b")
    found = project.run("train.py", path=path, cwd="packages/one")
    assert [(root, name) for root, name, _ in found] == [
        ("package", "acme/more.py"),
        ("package", "acme/shared.py"),
        ("project", "src/one/__init__.py"),
        ("project", "src/one/utils.py"),
        ("project", "train.py"),
        ("package", "two/__init__.py"),
        ("package", "two/utils.py"),
    ]


def test_libraries_are_no_sources(project):
    """Standard library, installed packages, debuggers and expkit itself are left out, even inside the project."""
    project.write(".venv/lib/python3/site-packages/installed.py")
    project.write("helpers/pydevd_tracing.py")
    project.write("train.py", f"import installed, pydevd_tracing, json, email\n{tell()}")
    found = project.run("train.py", path=(".venv/lib/python3/site-packages", "helpers"))
    assert names(found) == ["train.py"]


@pytest.mark.parametrize("strategy", ["none", "imported", "sys", "dir"])
def test_strategies(project, strategy):
    """none: the main file; imported and sys: what was imported; dir: all Python files of the folder."""
    for name in ("used", "unused", ".hidden/a", "venv/b", "__pycache__/c", "sub/d"):
        project.write(f"{name}.py")
    project.write("venv/pyvenv.cfg")
    project.write("data.csv")
    project.write("train.py", f"import used\n{tell(strategy)}")
    expected = {
        "none": ["train.py"],
        "imported": ["train.py", "used.py"],
        "sys": ["train.py", "used.py"],
        "dir": ["sub/d.py", "train.py", "unused.py", "used.py"],
    }
    assert names(project.run("train.py")) == expected[strategy]


def test_unknown_strategy_is_an_error(tmp_path):
    """A misspelt setting is named with what it can be."""
    with pytest.raises(SettingError, match=r"'import'.*none, imported, sys, dir"):
        discover("import", tmp_path)


def test_a_zip_application_is_one_source(project):
    """Code inside an archive is kept as the archive."""
    with zipfile.ZipFile(project.root / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", f"import helper\n{tell()}")
        archive.writestr("helper.py", "")
    assert names(project.run("app.pyz")) == ["app.pyz"]


def test_bytecode_stands_for_its_source(project):
    """A module that was loaded from bytecode beside its source is known by the source; without one it is skipped."""
    import py_compile

    for name in ("both", "alone"):
        py_compile.compile(str(project.write(f"{name}.py")), cfile=str(project.root / f"{name}.pyc"))
    (project.root / "alone.py").unlink()
    fake = "import sys; sys.modules['both'].__file__ += 'c'"
    project.write("train.py", f"import both, alone\n{fake}\n{tell()}")
    assert names(project.run("train.py")) == ["both.py", "train.py"]


def test_module_run_by_name(project):
    """Under python -m the main file is found once."""
    project.write("lab/__init__.py")
    project.write("lab/train.py", tell())
    assert names(project.run("-m", "lab.train")) == ["lab/__init__.py", "lab/train.py"]


@pytest.mark.parametrize("module", ["pk", "pk.deep"])
def test_names_of_a_package_that_no_project_is_around(project, module):
    """They start where python -m imports the package from, so that its own folder is part of them."""
    for folder in ("pk", "pk/deep"):
        project.write(f"{folder}/__init__.py")
        project.write(f"{folder}/__main__.py", f"import pk.inner\n{tell(base=folder)}")
    project.write("pk/inner.py")
    first = (
        ["__init__.py", "__main__.py"] if module == "pk" else ["__init__.py", "deep/__init__.py", "deep/__main__.py"]
    )
    assert names(project.run("-m", module)) == [f"pk/{name}" for name in (*first, "inner.py")]


def test_strange_modules_do_no_harm(project):
    """Modules without file, objects that are no modules, lazy ones and files that are gone are passed over."""
    project.write("gone.py")
    project.write(
        "train.py",
        "import sys, os, types\nimport gone\nos.remove('gone.py')\n"
        "class Lazy(types.ModuleType):\n"
        "    def __getattr__(self, name): raise RuntimeError(name)\n"
        "sys.modules['lazy'] = Lazy('lazy')\nsys.modules['number'] = 3\nsys.modules['none'] = None\n"
        "class Closed:\n"
        "    @property\n"
        "    def __dict__(self): raise OSError('closed')\n"
        "sys.modules['closed'] = Closed(); sys.modules[7] = sys.modules[('a', 'b')] = types.ModuleType('seven')\n"
        "sys.modules['cell'] = types.ModuleType('cell'); sys.modules['cell'].__file__ = '<cell 1>'\n"
        "sys.modules['odd'] = types.ModuleType('odd'); sys.modules['odd'].__file__ = None\n" + tell(),
    )
    assert names(project.run("train.py")) == ["train.py"]


def test_facts_of_a_file(tmp_path):
    """Path, hashes and size are those of the bytes."""
    (tmp_path / "train.py").write_bytes(b"x = 1\n")
    (found,) = discover("none", tmp_path, tmp_path / "train.py")
    assert found.path == os.fspath(tmp_path / "train.py")
    assert found.sha256 == hashlib.sha256(b"x = 1\n").hexdigest()
    assert found.md5 == hashlib.md5(b"x = 1\n").hexdigest()
    assert found.size == 6


def test_named_files_join_once(tmp_path):
    """Files that the user named are added, of any kind; twice is once; missing ones are left out."""
    (tmp_path / "train.py").touch()
    (tmp_path / "notes.txt").touch()
    extra = [tmp_path / "notes.txt", str(tmp_path / "train.py"), tmp_path / "missing.py"]
    assert [source.name for source in discover("none", tmp_path, tmp_path / "train.py", extra)] == [
        "notes.txt",
        "train.py",
    ]


def test_no_main_file(tmp_path):
    """An experiment in a notebook has no main file; nothing is found, nothing fails."""
    assert discover("none", tmp_path) == []


def test_same_names_from_different_places_stay_apart(tmp_path):
    """Two named files from outside the project with one name get names of their own."""
    (tmp_path / "lab").mkdir()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notes.txt").write_text(folder)
    found = discover("none", tmp_path / "lab", None, [tmp_path / "two" / "notes.txt", tmp_path / "one" / "notes.txt"])
    assert [(source.root, source.name, Path(source.path).parent.name) for source in found] == [
        ("elsewhere", "notes-2.txt", "two"),
        ("elsewhere", "notes.txt", "one"),
    ]


def test_names_through_a_symbolic_link(tmp_path):
    """A project reached through a link has the same names."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "train.py").touch()
    (tmp_path / "link").symlink_to("real")
    (found,) = discover("none", tmp_path / "link", tmp_path / "link" / "train.py")
    assert (found.root, found.name) == ("project", "train.py")


def test_a_changed_file_is_read_again(tmp_path):
    """Hashes follow the file; an unchanged file is not read twice."""
    file = tmp_path / "a.py"
    file.write_text("1")
    first = digests(file)
    before = imported._content.cache_info().hits
    assert digests(file) == first
    assert imported._content.cache_info().hits == before + 1
    file.write_text("22")
    assert digests(file)[2] == 2


def test_programs_beside_the_interpreter_are_no_sources():
    """Console scripts such as pytest are not the user's code."""
    assert modules.is_library(os.path.join(os.path.dirname(sys.executable), "pytest"))


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
TREES = st.sets(st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, wanted=st.data())
def test_random_projects(tree, wanted, tmp_path_factory):
    """Of any tree of packages exactly the imported modules and their packages are found."""
    root = tmp_path_factory.mktemp("random")
    packages = {path[:size] for path in tree for size in range(1, len(path))}
    for path in tree - packages:
        file = root.joinpath(*path).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for path in packages:
        root.joinpath(*path, "__init__.py").touch()
    chosen = wanted.draw(st.sets(st.sampled_from(sorted(tree))))
    truth = {path[:size] for path in chosen for size in range(1, len(path) + 1)}
    assert _imported(root, chosen) == {_file(path, packages) for path in truth}


def _file(path, packages):
    return "/".join(path) + ("/__init__.py" if path in packages else ".py")


def _imported(root: Path, chosen) -> set[str]:
    before = set(sys.modules)
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        for path in chosen:
            importlib.import_module(".".join(path))
        return {
            source.name
            for source in discover("imported", root)
            if source.path.startswith(os.path.realpath(root) + os.sep)
        }
    finally:
        sys.path.remove(str(root))
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("alpha", "beta", "gamma", "delta"):
                del sys.modules[name]


def test_a_file_that_vanishes_is_left_out(tmp_path, monkeypatch):
    """A file that goes while it is read does not stop the run."""
    (tmp_path / "train.py").touch()
    monkeypatch.setattr(imported, "_content", lambda *facts: (_ for _ in ()).throw(FileNotFoundError))
    assert discover("none", tmp_path, tmp_path / "train.py") == []
