"""Random project trees, imported for real, against the truth that their maker knows."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = 150 if os.environ.get("EXPKIT_FAULTS") == "1" else 12
TREES_AT_ONCE = 6

ROOTS = {
    "lab": ".",
    "src": "src",
    "out": "../outside",
    "venv": ".venv/lib/python3.11/site-packages",
    "env": "tools/env/checkouts",
    "site": "vendored/site-packages",
}
"""Prefix of the names of modules in a folder of the path, and the folder, from the project's."""

LIBRARIES = ("venv", "env", "site")
WAYS = ("top", "inside", "relative", "importlib", "never")

HARNESS = """
import json, os, runpy, sys
from expkit.provenance.code.sources import Sources

def run(folder, path):
    os.chdir(folder)
    sys.path[:0] = path
    return runpy.run_path(os.path.join(folder, "train.py"), run_name="__main__")["found"]

for folder, path in json.loads(sys.argv[1]):
    reading, writing = os.pipe()
    if not os.fork():
        with open(writing, "w") as pipe:
            json.dump(run(folder, path), pipe)
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        print(pipe.read())
    os.wait()
"""

SCRIPT = """
from expkit.provenance.code.sources import Sources

finder = Sources("imported", ".")
{first}
found = finder.look([__file__])
{second}
found = [[source.root, source.name, source.changed] for source in found + finder.look()]
"""


class Tree(NamedTuple):
    """A project: its modules by dotted name, which of its packages have no ``__init__``, who imports what and how."""

    modules: frozenset[str]
    namespaces: frozenset[str]
    imports: dict[str, list[tuple[str, str]]]

    @property
    def packages(self) -> set[str]:
        return {name for module in self.modules for name in prefixes(module)[:-1]}

    def has_file(self, name: str) -> bool:
        return name not in self.namespaces or name not in self.packages


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    parts = st.lists(st.sampled_from(["alpha", "beta", "gamma"]), min_size=1, max_size=3)
    drawn = draw(st.sets(st.tuples(st.sampled_from(sorted(ROOTS)), parts.map(tuple)), min_size=1, max_size=12))
    modules = frozenset(f"{root}_{'.'.join(path)}" for root, path in drawn)
    everything = sorted({name for module in modules for name in prefixes(module)})
    namespaces = frozenset(draw(st.sets(st.sampled_from(everything))))
    links = st.lists(st.tuples(st.sampled_from(everything), st.sampled_from(WAYS)), max_size=2)
    return Tree(modules, namespaces, {name: draw(links) for name in ["", "late", *everything]})


def prefixes(name: str) -> list[str]:
    return list(itertools.accumulate(name.split("."), "{}.{}".format))


def imported(tree: Tree) -> set[str]:
    """The modules with a file that a run of the tree's script imports."""
    seen: set[str] = set()
    waiting = ["", "late"]
    while waiting:
        name = waiting.pop()
        for target, way in tree.imports[name] if tree.has_file(name) else ():
            new = set(prefixes(target)) - seen if way != "never" else set()
            seen |= new
            waiting += sorted(new)
    return {name for name in seen if tree.has_file(name)}


def truth(tree: Tree) -> list[list[object]]:
    users = [name for name in imported(tree) if name.partition("_")[0] not in LIBRARIES]
    return sorted([["project", "train.py", False], *(_named(name, tree) for name in users)])


def _named(name: str, tree: Tree) -> list[object]:
    root = name.partition("_")[0]
    folder = "src/" if root == "src" else ""
    return ["package" if root == "out" else "project", folder + file_of(name, tree), False]


def file_of(name: str, tree: Tree) -> str:
    return name.replace(".", "/") + ("/__init__.py" if name in tree.packages else ".py")


def write(tree: Tree, project: Path) -> None:
    for folder in ROOTS.values():
        (project / folder).mkdir(parents=True, exist_ok=True)
    for environment in (".venv", "tools/env"):
        (project / environment / "pyvenv.cfg").touch()
    (project / "pyproject.toml").touch()
    for name in tree.imports.keys() - {"", "late"}:
        if tree.has_file(name):
            file = project / ROOTS[name.partition("_")[0]] / file_of(name, tree)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text(name, tree))
    script = SCRIPT.format(first=text("", tree), second=text("late", tree))
    (project / "train.py").write_text(script)


def text(name: str, tree: Tree) -> str:
    return "".join(statement(name, target, way, tree) for target, way in tree.imports[name])


def statement(name: str, target: str, way: str, tree: Tree) -> str:
    if way == "relative" and (relative := _relative(name, target, tree)):
        return relative
    if way in ("inside", "never"):
        call = "inside()\n" if way == "inside" else ""
        return f"def inside():\n    import {target}\n{call}"
    if way == "importlib":
        return f"import importlib\nimportlib.import_module({target!r})\n"
    return f"import {target}\n"


def _relative(name: str, target: str, tree: Tree) -> str:
    """The target as seen from the package of the module ``name``; ``""`` where that is not possible."""
    here = name.split(".") if name in tree.packages else name.split(".")[:-1]
    *there, last = target.split(".")
    common = len(os.path.commonprefix([here, there]))
    if not common:
        return ""
    return f"from {'.' * (len(here) - common + 1)}{'.'.join(there[common:])} import {last}\n"


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch=st.lists(trees(), min_size=TREES_AT_ONCE, max_size=TREES_AT_ONCE))
def test_exactly_the_imported_files_of_a_project_are_its_sources(batch, tmp_path_factory):
    """Whatever the layout and the way of importing: what was imported is found, nothing else, nothing twice."""
    folders = [tmp_path_factory.mktemp("tree") / "project" for _ in batch]
    for tree, folder in zip(batch, folders, strict=True):
        write(tree, folder)
    for tree, found in zip(batch, _found(folders), strict=True):
        assert sorted(found) == truth(tree)


def _found(folders: list[Path]) -> list[list[list[object]]]:
    jobs = [(str(folder), [str((folder / root).resolve()) for root in ROOTS.values()]) for folder in folders]
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, json.dumps(jobs)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
