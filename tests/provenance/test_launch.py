from __future__ import annotations

import sys

import pytest

from expkit.provenance.launch import launch_facts

TELL = """
import json
from expkit.provenance.launch import launch_facts, project_root
print(json.dumps(vars(launch_facts(__file__, project_root({start!r})))))
"""


@pytest.fixture
def lab(project):
    project.write("pyproject.toml")
    project.write("lab/__init__.py")
    project.write("lab/__main__.py", TELL.format(start="."))
    project.write("lab/train.py", TELL.format(start="."))
    project.write("scripts/train.py", TELL.format(start=".."))
    return project


def test_a_script(lab):
    """A script is named from the project's root, as is the working directory."""
    launch = lab.run("train.py", "with", "a=1", cwd="scripts")
    assert (launch["script"], launch["module"], launch["cwd"]) == ("scripts/train.py", "", "scripts")
    assert launch["argv"] == ["with", "a=1"]
    assert launch["project"] == "project"
    assert launch["interpreter"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize("module", ["lab.train", "lab"])
def test_a_module(lab, module):
    """What was started by python -m is named as it was typed."""
    launch = lab.run("-m", module)
    assert (launch["script"], launch["module"], launch["cwd"]) == ("", module, ".")


def test_outside_the_project(lab):
    """A script elsewhere is named by its base name; the way from the project to the working directory is kept."""
    lab.write("../far/run.py", TELL.format(start="../project"))
    launch = lab.run("run.py", cwd="../far")
    assert (launch["script"], launch["cwd"]) == ("run.py", "../far")


def test_no_absolute_path_and_no_secret(lab):
    """Neither the project's place nor access data in an argument is kept."""
    launch = lab.run("train.py", "--sql", "mysql://u:p@h/d", cwd="scripts")
    assert launch["argv"] == ["--sql", "mysql://u:***@h/d"]
    assert str(lab.root) not in str(launch)


def test_environment_that_matters(lab):
    """Hash seed, thread counts and CUDA settings are kept; places on this machine and everything else are not."""
    launch = lab.run(
        "train.py",
        cwd="scripts",
        PYTHONHASHSEED="3",
        OMP_NUM_THREADS="1",
        CUDA_VISIBLE_DEVICES="0,1",
        CUDA_HOME="/usr/local/cuda",
        AWS_SECRET_ACCESS_KEY="x",
    )
    kept = {name: value for name, value in launch["env"].items() if not name.endswith("_NUM_THREADS")}
    assert kept == {"CUDA_VISIBLE_DEVICES": "0,1", "PYTHONHASHSEED": "3"}
    assert launch["env"]["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(("mainfile", "script"), [(None, ""), ("nb/cell.py", "nb/cell.py")])
def test_without_a_main_file(monkeypatch, tmp_path, mainfile, script):
    """Where the main module has no file the experiment's counts; without one there is no script."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    given = tmp_path / mainfile if mainfile else None
    assert launch_facts(given, tmp_path, ["x"]).script == script


def test_standard_input_is_no_script(monkeypatch, tmp_path):
    """A program read from standard input has no script to start again."""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "<stdin>", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    assert launch_facts(None, tmp_path).script == ""


def test_other_drives(monkeypatch, tmp_path):
    """Where no relative way exists only its absence is kept."""

    def refuse(path, start):
        raise ValueError("path is on mount 'C:', start on mount 'D:'")

    monkeypatch.setattr("os.path.relpath", refuse)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/x/train.py", raising=False)
    launch = launch_facts(None, tmp_path, [])
    assert (launch.cwd, launch.script) == ("..", "train.py")
