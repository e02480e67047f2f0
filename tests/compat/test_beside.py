"""Beside another package of the name ``sacred``: ours where it was asked for, the other one everywhere else."""

import importlib
import sys

import pytest

from ..sacred_style import sacred_home

FAKE = {
    "sacred/__init__.py": "Experiment = 'the other one'\nfrom . import utils",
    "sacred/utils.py": "SacredError = 'other'",
}


@pytest.fixture
def site(tmp_path, write):
    """A folder with installed packages, one of which is called sacred."""
    write({f"site/{name}": text for name, text in FAKE.items()})
    return tmp_path / "site"


@pytest.fixture(scope="session")
def real():
    """Sacred's interpreter, and the folder where its packages lie."""
    interpreter = sacred_home.python()
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    folder = interpreter.parents[1] / "lib" / version / "site-packages"
    assert (folder / "sacred" / "__init__.py").exists()
    return interpreter, folder


@pytest.fixture(params=["fake", "real"])
def other(request):
    """A folder with another sacred."""
    return request.getfixturevalue("site") if request.param == "fake" else request.getfixturevalue("real")[1]


WORK = """
import multiprocessing, os, subprocess, sys
import sacred, sacred.utils

def which():
    import sacred.observers.base
    return sacred.Experiment.__module__, sacred.utils.SacredError.__module__, sacred.observers.base.RunObserver.__module__

if __name__ == "__main__":
    print(*which())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(*pool.apply(which))
    code = "import sacred.utils; print(sacred.__file__)"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
"""


def test_ours_is_used(sacred_run, write, other):
    """The runner's process and its workers use ours; a program that it starts has the other one."""
    write({"work.py": WORK})
    run = sacred_run("work.py", path=[other])
    ours, workers, program, *_ = run.stdout.splitlines()
    assert ours == workers == "expkit.experiment expkit.errors expkit.observers.base", run.stderr
    assert program == str(other / "sacred" / "__init__.py")


def test_the_import_uses_ours(python, other):
    """So does the import."""
    run = python(
        "-c",
        "import expkit.compat.sacred, sacred; from sacred.utils import SacredError; print(sacred.Experiment, SacredError)",
        path=[other],
    )
    assert run.stdout == "<class 'expkit.experiment.Experiment'> <class 'expkit.errors.ExpkitError'>\n"


def test_modules_of_the_other_one_do_not_come_through(python, site):
    """A module that only the other one has is not there, instead of being mixed in."""
    (site / "sacred" / "special.py").write_text("")
    run = python("-c", "import expkit.compat.sacred, sacred.special", path=[site])
    assert "No module named 'sacred.special'" in run.stderr


def test_the_other_one_without_the_import(python, site):
    """Whoever does not ask for ours gets the other one, also beside expkit."""
    run = python("-c", "import expkit, sacred; expkit.Experiment; print(sacred.Experiment)", path=[site])
    assert run.stdout == "the other one\n"


def test_the_other_one_was_imported_before(python, site):
    """Where the other one is imported already, the import fails and says what to do; nothing is mixed."""
    code = (
        "import sacred, sys\nbefore = [*sys.meta_path], [*sys.path]\n"
        "try:\n    import expkit.compat.sacred\nexcept ImportError as error:\n    print(error)\n"
        "assert before == ([*sys.meta_path], [*sys.path])\nimport sacred.utils\nprint(sacred.Experiment)\n"
    )
    run = python("-c", code, path=[site])
    said, which = run.stdout.splitlines()
    assert which == "the other one"
    assert said == (
        f"`sacred` was imported before `import expkit.compat.sacred`, from {site}/sacred/__init__.py, and one program "
        "cannot use both: import expkit.compat.sacred first, or start the script with "
        "`python -m expkit.compat.sacred SCRIPT`"
    )


def test_importing_twice(sacred):
    """To import it again changes nothing."""
    finders, path = [*sys.meta_path], [*sys.path]
    importlib.reload(sys.modules["expkit.compat.sacred"])
    assert (finders, path) == (sys.meta_path, sys.path)
    assert importlib.import_module("sacred") is sacred
