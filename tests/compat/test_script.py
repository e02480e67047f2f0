"""``python -m expkit.compat.sacred``: a script runs as it would by itself."""

import json
import multiprocessing
import re
import zipfile

import pytest

LOOK = """
'''What this script is for.'''
import sys, json
names = sorted(name for name in globals() if name not in ("sys", "json", "__runner__"))
main = sys.modules["__main__"]
print(json.dumps([
    sys.argv, sys.path[0], __file__, __name__, __doc__, __package__, __cached__, names, main.__dict__ is globals(),
    type(__loader__).__name__, __spec__ and __spec__.name, __annotations__,
]))
"""

ENDINGS = {
    "error": "def f(): 1 / 0\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e",
    "syntax": "a = (1,\nb = 2",
    "exit": "import sys; sys.exit(3)",
    "exit_text": "import sys; sys.exit('that was it')",
    "interrupt": "raise KeyboardInterrupt",
    "hook": "import sys\nsys.excepthook = lambda kind, error, trace: print(kind.__name__, trace.tb_lineno)\n1 / 0",
    "atexit": "import atexit\nword = 'bye'\natexit.register(lambda: print(word))",
    "thread": "import threading, time\ndef f():\n    time.sleep(0.2)\n    print(f.__name__, __name__)\nthreading.Thread(target=f).start()",
    "no_end": "print('é')",
    "group": "raise ValueError('x')",
}

TRAIN = """
'''Trains.'''
import multiprocessing, sys
from sacred import Experiment
from sacred.observers import FileStorageObserver
import helper

ex = Experiment("train", ingredients=[helper.data])
ex.observers.append(FileStorageObserver("records"))

@ex.config
def config():
    lr = 0.1
    how = "well"

@ex.capture
def scaled(x, lr):
    return x * lr

@ex.automain
def main(lr, how, data, _run):
    if how == "badly":
        raise KeyError("no luck")
    if how == "early":
        sys.exit(7)
    if how in ("spawn", "forkserver"):
        with multiprocessing.get_context(how).Pool(1) as pool:
            print(pool.starmap(scaled, [(1, 2), (3, 4)]), pool.apply(helper.where))
    print(lr + data["size"])
    return lr
"""
HELPER = """
import sacred
data = sacred.Ingredient("data")
data.add_config(size=10)

def where():
    import sacred.utils
    return sacred.utils.SacredError.__module__
"""


@pytest.mark.parametrize("folder", ["", "inside"])
def test_the_script_sees_itself(python, sacred_run, write, tmp_path, folder):
    """Arguments, path, file, name, docstring and globals are those of ``python SCRIPT``."""
    write({"look.py": LOOK, "inside/look.py": LOOK})
    script = f"{folder}/look.py".lstrip("/")
    alone, run = python(script, "with", "a=1"), sacred_run(script, "with", "a=1")
    assert (run.stdout, run.stderr, run.returncode) == (alone.stdout, alone.stderr, 0)
    absolute = tmp_path / script
    assert sacred_run(absolute).stdout == python(absolute).stdout


@pytest.mark.parametrize("name", ["look", "pkg.look", "pkg"])
def test_the_module_sees_itself(python, sacred_run, write, name):
    """``-m`` runs a module as ``python -m MODULE`` does."""
    write(
        {
            "look.py": LOOK,
            "pkg/look.py": "from . import value\n" + LOOK,
            "pkg/__init__.py": "value = 1",
            "pkg/__main__.py": LOOK,
        }
    )
    alone, run = python("-m", name, "with", "a=1"), sacred_run("-m", name, "with", "a=1")
    assert (run.stdout, run.stderr, run.returncode) == (alone.stdout, alone.stderr, 0)


@pytest.mark.parametrize("how", ENDINGS)
def test_endings(python, sacred_run, write, how):
    """What a script prints, its traceback and its exit code are those of ``python SCRIPT``."""
    write({"script.py": ENDINGS[how]})
    alone, run = python("script.py"), sacred_run("script.py")
    assert (run.stdout, run.stderr, run.returncode) == (alone.stdout, alone.stderr, alone.returncode)


def test_error_at_import_of_a_module(python, sacred_run, write):
    """A package that fails to import shows why, as under ``python -m``."""
    write({"pkg/__init__.py": "import nosuchthing", "pkg/look.py": LOOK})
    run = sacred_run("-m", "pkg.look")
    assert run.returncode == 1
    assert "No module named 'nosuchthing'" in run.stderr


@pytest.mark.parametrize("script", ["folder", "./folder/", "./folder/../look.py", "folder/../folder", "look.zip"])
def test_whatever_python_runs(python, sacred_run, write, tmp_path, script):
    """A folder or zip file with a ``__main__.py`` runs; paths stay as they were typed."""
    write({"look.py": LOOK, "folder/__main__.py": "import beside\n" + LOOK, "folder/beside.py": ""})
    with zipfile.ZipFile(tmp_path / "look.zip", "w") as packed:
        for name in ("__main__.py", "beside.py"):
            packed.write(tmp_path / "folder" / name, name)
    alone, run = python(script, "with", "a=1"), sacred_run(script, "with", "a=1")
    assert (run.stdout, run.stderr, run.returncode) == (alone.stdout, alone.stderr, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian.py"], r"there is no script trian\.py; did you mean train\.py\?"),
        (["nowhere/train.py"], r"there is no script nowhere/train\.py"),
        (["folder"], r".*folder is a folder without a __main__\.py; name a script in it, or a module after -m"),
        (["-m"], "-m needs the name of a module"),
        (["-m", "nosuch"], "there is no module nosuch"),
        (["-m", "nosuch.inside"], r"there is no module nosuch\.inside"),
        (["-m", "folder"], r"there is no module folder\.__main__"),
        (["-m", "pkg.nosuch"], r"there is no module pkg\.nosuch"),
    ],
)
def test_nothing_to_run(python, sacred_run, write, words, said):
    """What cannot be run is said in one line; the exit code is Python's."""
    write({"train.py": TRAIN, "folder/thing.py": "", "pkg/__init__.py": ""})
    run = sacred_run(*words)
    assert run.returncode == python(*words).returncode
    assert re.fullmatch(rf"expkit\.compat\.sacred: {said}\n", run.stderr)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_usage(sacred_run, words):
    """Without arguments, the usage is shown."""
    run = sacred_run(*words)
    assert run.returncode == 0
    assert "python -m expkit.compat.sacred SCRIPT [ARGUMENT...]" in run.stdout


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        (["with", "lr=1"], 0, "11\n"),
        (["with", "lr=1", "data.size=2"], 0, "3\n"),
        (["with", "how=badly"], 1, ""),
        (["with", "how=early"], 7, ""),
        (["with", "lrr=1"], 2, ""),
        (["-u"], 0, "10.1\n"),
    ],
)
def test_a_sacred_script(sacred_run, write, words, code, printed):
    """An unchanged script runs from its command line, with the exit codes of expkit."""
    write({"train.py": TRAIN, "helper.py": HELPER})
    run = sacred_run("train.py", *words)
    assert (run.stdout, run.returncode) == (printed, code), run.stderr


def test_what_is_recorded(sacred_run, write, tmp_path):
    """The record speaks of the script, not of the runner, and says how to start it again."""
    write({"train.py": TRAIN, "helper.py": HELPER})
    assert sacred_run("train.py", "with", "lr=2").returncode == 0
    record = json.loads((tmp_path / "records/1/run.json").read_text())
    assert record["experiment"]["mainfile"] == "train.py"
    assert sorted(name for name, _ in record["experiment"]["sources"]) == ["helper.py", "train.py"]
    assert record["experiment"]["doc"] == "Trains."
    assert not [package for package in record["experiment"]["dependencies"] if package.startswith("sacred")]
    assert record["launch"]["module"] == "expkit.compat.sacred"
    assert record["launch"]["argv"] == ["train.py", "with", "lr=2"]
    again = sacred_run(*record["launch"]["argv"])
    assert again.stdout == "12\n"


def test_modules_are_recorded(sacred_run, write, tmp_path):
    """A script that was started as a module is started as one again."""
    write(
        {
            "pkg/train.py": TRAIN.replace("import helper", "from . import helper"),
            "pkg/helper.py": HELPER,
            "pkg/__init__.py": "",
        }
    )
    assert sacred_run("-m", "pkg.train", "with", "lr=2").stdout == "12\n"
    record = json.loads((tmp_path / "records/1/run.json").read_text())
    assert record["launch"]["argv"] == ["-m", "pkg.train", "with", "lr=2"]
    assert record["experiment"]["mainfile"] == "pkg/train.py"


@pytest.mark.parametrize(
    "how", [how for how in ("spawn", "forkserver") if how in multiprocessing.get_all_start_methods()]
)
def test_worker_processes(sacred_run, write, how):
    """Worker processes find the old names, in the script and in its modules."""
    write({"train.py": TRAIN, "helper.py": HELPER})
    run = sacred_run("train.py", "with", f"how={how}", "lr=1")
    assert run.stdout == "[2, 12] expkit.errors\n11\n", run.stderr
    write(
        {
            "pkg/train.py": TRAIN.replace("import helper", "from . import helper"),
            "pkg/helper.py": HELPER,
            "pkg/__init__.py": "",
        }
    )
    run = sacred_run("-m", "pkg.train", "with", f"how={how}", "lr=1")
    assert run.stdout == "[2, 12] expkit.errors\n11\n", run.stderr


def test_workers_of_a_program_that_moves(python, write):
    """After ``import expkit.compat.sacred`` in the main file, worker processes find the old names, too."""
    main = (
        "import multiprocessing\nimport helper_user\n"
        "if __name__ == '__main__':\n"
        "    import expkit.compat.sacred\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(helper_user.work))\n"
    )
    write(
        {
            "main.py": main,
            "helper.py": HELPER,
            "helper_user.py": "def work():\n    import helper\n    return helper.where()\n",
        }
    )
    run = python("main.py")
    assert run.stdout == "expkit.errors\n", run.stderr


def test_a_program_that_moves(python, write):
    """One file imports from sacred, another from expkit: they are one program."""
    data = "from sacred import Ingredient\ndata = Ingredient('data')\n@data.config\ndef config():\n    size = 10\n"
    main = (
        "import expkit.compat.sacred\nfrom expkit import Experiment\nfrom data import data\n"
        "from sacred.utils import SacredInterrupt\nfrom expkit import RunInterrupt\n"
        "ex = Experiment('main', [data], observers=[])\n"
        "@ex.automain\ndef main(data):\n    print(data, SacredInterrupt is RunInterrupt)\n"
    )
    write({"data.py": data, "main.py": main})
    run = python("main.py", "with", "data.size=3")
    assert run.stdout == "{'size': 3} True\n", run.stderr
