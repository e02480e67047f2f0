from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from expkit.errors import SettingError
from expkit.provenance.code.packages import discover_packages

TELL = """
import json, sys
from expkit.provenance.code.packages import discover_packages
print(json.dumps([{show}, discover_packages("imported")]))
"""


class Site:
    """A folder of installed packages, on the path of this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        folder.mkdir(parents=True)
        monkeypatch.setattr(sys, "path", [str(folder)])
        standard = {
            name: found for name, found in sys.modules.items() if name.partition(".")[0] in sys.stdlib_module_names
        }
        monkeypatch.setattr(sys, "modules", standard)  # pytest, too, needs those

    def install(self, dist: str, metadata: str = "", **files: str) -> None:
        home = self.folder / dist
        home.mkdir()
        name = "PKG-INFO" if dist.endswith(".egg-info") else "METADATA"
        if metadata:
            (home / name).write_text(metadata)
        for stem, text in files.items():
            (home / {"record": "RECORD", "top": "top_level.txt", "url": "direct_url.json"}[stem]).write_text(text)

    def use(self, name: str, file: str | Path | None = "", folder: Path | None = None) -> None:
        module = types.ModuleType(name)
        module.__file__ = str((folder or self.folder) / (file or f"{name}.py")) if file is not None else None
        self._monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def site(tmp_path, monkeypatch):
    return Site(tmp_path / "lib" / "site-packages", monkeypatch)


def head(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: x\n\nName: not this\n"


def test_package_of_the_same_name(site):
    """A module whose package has its name is found; name and version are spelt as in the metadata."""
    site.install("numpy-2.0.dist-info", head("NumPy", "2.0"))
    site.use("numpy")
    assert discover_packages("imported") == ["NumPy==2.0"]


@pytest.mark.parametrize(
    "record",
    ["camel/__init__.py,sha256=x,1\n", "_camel.so,,\ncamel.py,,\n", "a/camel/x.py,,\ncamel.cpython-311.so,,\n"],
)
def test_package_of_another_name_by_its_files(site, record):
    """Packages without top_level.txt, as modern wheels are, are found by the files that they brought."""
    site.install("other-1.dist-info", head("other", "1"), record="other/camel.py,,\ncamelish/__init__.py,,\n")
    site.install("PyCamel-6.0.dist-info", head("PyCamel", "6.0"), record=record)
    site.use("camel")
    assert discover_packages("imported") == ["PyCamel==6.0"]


def test_package_with_two_modules(site):
    """A package that is known by its name may have brought another module, too."""
    site.install(
        "setuptools-65.dist-info", head("setuptools", "65"), record="setuptools/x.py,,\npkg_resources/x.py,,\n"
    )
    site.use("setuptools")
    site.use("pkg_resources")
    assert discover_packages("imported") == ["setuptools==65"]


def test_package_of_another_name_by_its_own_word(site):
    """Old packages without a list of files say their modules themselves."""
    site.install("python_dateutil-2.8-py3.11.egg-info", head("python-dateutil", "2.8"), top="dateutil\nother\n")
    site.use("dateutil")
    site.use("other")
    assert discover_packages("imported") == ["python-dateutil==2.8"]


def test_namespace_package(site):
    """A namespace package is found by a module below it that has a file."""
    site.install("acme_core-1.dist-info", head("acme-core", "1"), record="acme/core/__init__.py,,\n")
    site.use("acme", None)
    site.use("acme.core", "acme/core/__init__.py")
    assert discover_packages("imported") == ["acme-core==1"]


def test_local_versions_are_kept(site):
    """Build tags such as +cu121 belong to the version."""
    site.install("torch-2.1.0+cu121.dist-info", head("torch", "2.1.0+cu121"))
    site.use("torch")
    assert discover_packages("imported") == ["torch==2.1.0+cu121"]


def test_what_brought_nothing_is_unknown(site):
    """A module that lies among installed packages but belongs to none is listed without a version, also later."""
    site.use("stray")
    assert discover_packages("imported") == ["stray==<unknown>"]
    site.use("stray2")
    assert discover_packages("imported") == ["stray2==<unknown>", "stray==<unknown>"]


def test_metadata_that_say_nothing(site):
    """Where metadata are missing the name of their folder is used."""
    site.install("bare-1.5.dist-info")
    site.install("develop.egg-info")
    site.use("bare")
    site.use("develop")
    assert discover_packages("imported") == ["bare==1.5", "develop==<unknown>"]


def test_metadata_in_one_file(site):
    """The oldest form of metadata is a single file."""
    (site.folder / "ancient-0.1-py3.11.egg-info").write_text(head("ancient", "0.1"))
    site.use("ancient")
    assert discover_packages("imported") == ["ancient==0.1"]


def test_own_code_is_no_package_unless_installed_in_place(site, tmp_path):
    """A module of the user's counts only if a package of its name is installed in place, not if one is merely there."""
    site.install("utils-3.dist-info", head("utils", "3"))
    site.install("lab-0.2.dist-info", head("lab", "0.2"), url='{"dir_info": {"editable":true}, "url": "file:///x"}')
    for name in ("utils", "lab", "train"):
        site.use(name, folder=tmp_path / "project")
    assert discover_packages("imported") == ["lab==0.2"]


def test_metadata_beside_the_code(site, tmp_path, monkeypatch):
    """A project that was installed by `setup.py develop` has its metadata beside its code."""
    project = Site(tmp_path / "project", monkeypatch)
    project.install("lab.egg-info", head("lab", "0.3"))
    project.use("lab")
    assert discover_packages("imported") == ["lab==0.3"]


def test_private_standard_and_missing_modules_are_left_out(site):
    """Names with an underscore, the standard library and modules from folders off the path are no packages."""
    site.use("_cffi_backend")
    site.use("json")
    site.use("far", folder=Path("/far/site-packages"))
    assert discover_packages("imported") == []


def test_strategies(site):
    """none: only what the user named; pkg: everything installed, the first on the path winning."""
    site.install("one-1.dist-info", head("one", "1"))
    site.install("two-2.dist-info", head("two", "2"))
    site.use("one")
    assert discover_packages("none", [("extra", "9")]) == ["extra==9"]
    assert discover_packages("sys", [("One", "7"), ("extra", "9")]) == ["extra==9", "One==7"]
    assert discover_packages("pkg") == ["one==1", "two==2"]


def test_a_new_package_is_seen(site):
    """What is installed while the program runs is found by the next look."""
    assert discover_packages("pkg") == []
    site.install("late-1.dist-info", head("late", "1"))
    assert discover_packages("pkg") == ["late==1"]


def test_unreadable_folders_do_no_harm(site, monkeypatch):
    """Entries of the path that are no folders are passed over."""
    monkeypatch.setattr(sys, "path", ["/nowhere", str(site.folder)])
    assert discover_packages("pkg") == []


def test_unknown_strategy_is_an_error():
    """A misspelt setting is named with what it can be."""
    with pytest.raises(SettingError, match=r"'pip'.*none, imported, sys, pkg"):
        discover_packages("pip")


def test_this_environment_agrees_with_the_standard_library(project):
    """On a real environment the answer is the one of importlib.metadata, wheels without top_level.txt included."""
    show = (
        "sorted({f'{metadata.distribution(d).metadata[\"Name\"]}=={metadata.version(d)}'"
        " for top in ('yaml', 'numpy', 'pandas', 'git', 'docopt', 'psutil', 'PIL', 'sklearn')"
        " for d in metadata.packages_distributions()[top]})"
    )
    code = "import yaml, numpy, pandas, git, docopt, psutil, PIL, sklearn\nfrom importlib import metadata\n"
    project.write("look.py", code + TELL.format(show=show))
    truth, found = project.run("look.py")
    assert set(truth) <= set(found)
    assert not [name for name in found if name.endswith("<unknown>")]


def test_what_a_package_brings_inside_is_that_package(site):
    """A module that a package has put on the path from inside, as debuggers do, is no package of its own."""
    site.install("debugpy-1.8.dist-info", head("debugpy", "1.8"), record="debugpy/__init__.py,,\n")
    site.use("pydevd", site.folder / "debugpy/_vendored/pydevd/pydevd.py")
    site.use("pydevconsole", site.folder / "debugpy/_vendored/pydevd/pydevconsole.py")
    assert discover_packages("imported") == ["debugpy==1.8"]


OURS = """
import json, sys
for name in ("psutil", "rich", "yaml"):
    __import__(name)

{text}
from expkit.provenance.code.packages import discover_packages
found = {{name.partition("==")[0].lower() for name in discover_packages("imported")}}
print(json.dumps(sorted(found & {{"psutil", "pyyaml", "rich", "wrapt"}})))
"""


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("", []),
        ("import yaml", ["pyyaml"]),
        ("import yaml as other", ["pyyaml"]),
        ("from yaml import safe_load, YAMLError", ["pyyaml"]),
        ("def main():\n    def inner():\n        import psutil", ["psutil"]),
        ("class A:\n    def main(self):\n        from rich.console import Console", ["rich"]),
        ("import os, psutil, yaml as other", ["psutil", "pyyaml"]),
        ("import library", ["psutil"]),
    ],
)
def test_what_only_expkit_imports_is_no_package_of_the_program(project, text, listed):
    """It counts where the user's code refers to it, or another package has imported it by name."""
    project.write("site-packages/library.py", "import psutil")
    project.write("train.py", OURS.format(text=text))
    assert project.run("train.py", path=("site-packages",)) == listed
