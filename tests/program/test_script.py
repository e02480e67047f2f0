"""A script from the command line, as users meet it: real processes, exit codes, what is printed, what is recorded."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from expkit import open_store
from expkit.record.model import OUTPUT, StreamKey

SCRIPT = '''"""A script.

usage: this line is shown, and means nothing.
"""
import os, sys, time
from expkit import Experiment, Ingredient

data = Ingredient("data")


@data.config
def data_config():
    rows = 3  # how many rows


@data.command
def count(rows):
    """Count the rows."""
    print(rows)
    return rows


ex = Experiment("script", ingredients=[data])


@ex.config
def config():
    how = "return"
    model = {"C": 1.0, "layers": [1, 2]}
    twice = 2 * model["C"]  # depends on C


@ex.named_config
def big():
    """Many rows."""
    data = {"rows": 1000}
    model = {"C": 10.0}


@ex.automain
def main(how, model, twice, _run, _log, data):
    print("in main", model["C"], twice, data["rows"])
    _log.info("logged")
    _run.log_scalar("loss", 0.5)
    if how == "raise":
        raise ValueError("went wrong")
    if how == "sleep":
        print("sleeping", flush=True)
        time.sleep(60)
    if how.startswith("exit"):
        sys.exit(int(how[4:]))
    if how == "child":
        os.system("echo from a child")
    if how == "kill":
        os.kill(os.getpid(), 9)
    return twice
'''


def last_run(script):
    """The newest record of the script's default store, and the store."""
    store = open_store(script.path / "runs")
    return store, store.load(store.ids()[-1].uid)


class TestRunning:
    """Runs from the command line."""

    def test_first_run(self, script):
        """Without any configuration, a run's record lies in ``runs``, and the status lines say so."""
        done = script(SCRIPT, "with", "model.C=3", "data.rows=5")
        assert done.returncode == 0
        assert done.stdout == "in main 3 6 5\n"
        lines = done.stderr.splitlines()
        assert lines[0].startswith("run 1 → runs/1 · seed ")
        assert "INFO - script.main - logged" in lines
        assert lines[-2].startswith("completed in ") and lines[-2].endswith(" · result 6 · record in runs/1")
        assert re.fullmatch(r"captured: 1 source, \d+ packages?", lines[-1])
        store, record = last_run(script)
        assert record.config["model"] == {"C": 3, "layers": [1, 2]}
        assert record.result == 6
        assert b"in main 3 6 5\n" in store.read("1", StreamKey(OUTPUT))
        assert record.launch.script == "script.py"
        assert record.launch.argv == ("with", "model.C=3", "data.rows=5")
        assert str(script.path) not in json.dumps(json.loads((script.path / "runs/1/run.json").read_text()))

    def test_named_configs_and_lists(self, script):
        """Named configs come before updates; list elements can be addressed."""
        done = script(SCRIPT, "with", "big", "model.layers[0]=64", "data.rows=7")
        assert done.stdout == "in main 10.0 20.0 7\n"
        assert last_run(script)[1].config["model"]["layers"] == [64, 2]

    def test_ingredient_command(self, script):
        """Commands of ingredients run by their dotted names."""
        assert script(SCRIPT, "data.count", "with", "data.rows=4").stdout == "4\n"

    def test_several_observers(self, script):
        """``--observe`` may stand several times and replaces the default store."""
        done = script(SCRIPT, "--observe", "folder:a", "--observe", "folder:b", "--tag", "x", "--tag", "y")
        assert done.returncode == 0, done.stderr
        for name in ("a", "b"):
            store = open_store(script.path / name)
            assert store.load("1").status == "COMPLETED"
            assert store.load("1").meta["tags"] == ["x", "y"]
        assert not (script.path / "runs").exists()

    def test_unobserved(self, script):
        """``-u`` leaves nothing behind and says nothing of a record."""
        done = script(SCRIPT, "-u")
        assert done.stdout == "in main 1.0 2.0 3\n"
        assert "record in" not in done.stderr
        assert not (script.path / "runs").exists()

    def test_dry_run(self, script):
        """``--dry-run`` does everything up to the start, and writes nothing."""
        done = script(SCRIPT, "--dry-run", "with", "big")
        assert (done.returncode, done.stdout) == (0, "")
        assert "nothing was written" in done.stderr
        assert not (script.path / "runs").exists()
        assert script(SCRIPT, "--dry-run", "with", "model.D=1").returncode == 2

    def test_queue_and_start(self, script):
        """``-q`` writes a run down; ``--id`` starts it later with its config and id."""
        done = script(SCRIPT, "-q", "with", "model.C=4")
        assert done.stdout == ""
        assert last_run(script)[1].status == "QUEUED"
        assert script(SCRIPT, "--id", "1").stdout == "in main 4 8 3\n"
        assert last_run(script)[1].status == "COMPLETED"
        again = script(SCRIPT, "--id", "1")
        assert again.returncode == 2
        assert "there is a run '1'" in again.stderr

    def test_child_output_is_captured(self, script):
        """What child processes print is captured where stdout is no terminal."""
        assert script(SCRIPT, "with", "how=child").stdout == "in main 1.0 2.0 3\nfrom a child\n"
        store, _ = last_run(script)
        assert b"from a child\n" in store.read("1", StreamKey(OUTPUT))


class TestEndings:
    """Exit codes, and what the record says then."""

    @pytest.mark.parametrize(
        ("how", "code", "status"),
        [("return", 0, "COMPLETED"), ("raise", 1, "FAILED"), ("exit0", 0, "COMPLETED"), ("exit3", 3, "FAILED")],
    )
    def test_ways_to_end(self, script, how, code, status):
        """Each way to end has its exit code and status, with all output and metrics."""
        done = script(SCRIPT, "with", f"how={how}")
        store, record = last_run(script)
        assert (done.returncode, record.status) == (code, status)
        assert b"in main" in store.read("1", StreamKey(OUTPUT))
        assert len(store.read("1", StreamKey())) == 1

    def test_failure_shows_the_users_frames(self, script):
        """A failing run shows the user's frames, ours folded."""
        done = script(SCRIPT, "with", "how=raise")
        assert 'raise ValueError("went wrong")' in done.stderr
        assert "ValueError: went wrong" in done.stderr
        assert "engine.py" not in done.stderr
        assert "failed after" in done.stderr

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_signals(self, script, number, code):
        """Ctrl-C and SIGTERM interrupt the run, with their cause in the record."""
        (script.path / "script.py").write_text(SCRIPT)
        with subprocess.Popen(
            [sys.executable, "script.py", "with", "how=sleep"],
            cwd=script.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            while "sleeping" not in process.stdout.readline():
                pass
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        store, record = last_run(script)
        assert process.returncode == code
        assert record.status == "INTERRUPTED"
        assert ("SIGINT" if number == signal.SIGINT else "SIGTERM") in record.cause
        assert b"sleeping" in store.read("1", StreamKey(OUTPUT))
        assert "Traceback" not in errors

    def test_killed(self, script):
        """A killed run is shown as DIED at once, with everything that it said."""
        assert script(SCRIPT, "with", "how=kill").returncode == -signal.SIGKILL
        store, record = last_run(script)
        (row,) = store.find(columns=["state", "metrics.loss.last"])
        assert row == {"state": "DIED", "metrics.loss.last": 0.5}

    def test_debugger(self, script):
        """``-D`` opens the debugger where the run failed, then exits with 1."""
        done = script(SCRIPT, "-D", "with", "how=raise", input="p how\nq\n")
        assert done.returncode == 1
        assert "'raise'" in done.stdout
        assert last_run(script)[1].status == "FAILED"

    def test_under_pdb(self, script):
        """A script runs under ``python -m pdb``."""
        (script.path / "script.py").write_text(SCRIPT)
        done = subprocess.run(
            [sys.executable, "-m", "pdb", "-c", "continue", "script.py"],
            cwd=script.path,
            input="q\n",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "in main 1.0 2.0 3" in done.stdout

    def test_input_and_breakpoint(self, script):
        """``input()`` and ``breakpoint()`` work while output is captured."""
        source = SCRIPT.replace(
            '    if how == "raise"', '    print("got", input("name? "))\n    breakpoint()\n    if how == "raise"'
        )
        done = script(source, input="Ann\nc\n")
        assert "got Ann" in done.stdout
        assert done.returncode == 0


class TestMistakes:
    """What is typed wrong gets one clear message and exit code 2, and nothing is written."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ["with", "model.CC=10"],
                "there is no config entry model.CC (command line); did you mean model.C? (defined at script.py:29)",
            ),
            (["with", "bigg"], "did you mean big"),
            (["with", "model=3", "model.C=1"], "model.C=1"),
            (["with", "a[=1"], "names no config entry"),
            (["mian"], "did you mean main"),
            (["--capture", "everything"], "everything"),
            (["--observe", "folder:"], "needs a path"),
            (["-l", "loud"], "loud"),
            (["--priority", "high"], "high"),
            (["with"], "with"),
            (["--nonsense"], "--nonsense"),
            (["explain"], "KEY"),
            (["explain", "model.D"], "did you mean model"),
        ],
    )
    def test_mistakes(self, script, arguments, message):
        """One message that says what to type instead."""
        done = script(SCRIPT, *arguments)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
        assert not (script.path / "runs").exists()

    def test_no_main(self, script):
        """A script without a main function says what to do."""
        done = script("from expkit import Experiment\nex = Experiment()\nex.run_commandline()\n")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


class TestLooking:
    """Commands that only look."""

    @pytest.fixture
    def read_only(self, script):
        """The script in a folder where nobody may write."""
        (script.path / "script.py").write_text(SCRIPT)
        if os.geteuid() == 0:
            before = snapshot(script.path)
            yield
            assert snapshot(script.path) == before
        else:
            script.path.chmod(0o555)
            yield
            script.path.chmod(0o755)

    @pytest.mark.usefixtures("read_only")
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["print_config", "with", "big"], "twice = 20.0"),
            (["print_named_configs"], "big"),
            (["print_dependencies"], "script.py"),
            (["explain", "model.C", "with", "big"], "script.py:"),
            (["help"], "usage: this line is shown"),
            (["-h"], "--observe"),
            (["help", "data.count"], "Count the rows."),
            (["print-config"], "twice = 2.0"),
        ],
    )
    def test_they_write_nothing(self, script, arguments, expected):
        """They print, write nothing, and exit with 0."""
        done = subprocess.run(
            [sys.executable, "script.py", *arguments], cwd=script.path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
        assert "record in" not in done.stderr

    def test_save_config(self, script):
        """A saved config can be started from, and gives the same config and hash."""
        assert script(SCRIPT, "save_config", "with", "big", "seed=5", "config_filename=mine.yaml").returncode == 0
        script(SCRIPT, "with", "big", "seed=5")
        first = last_run(script)[1]
        script(SCRIPT, "with", "mine.yaml")
        second = last_run(script)[1]
        assert (second.config, second.facts.hash) == (first.config, first.facts.hash)
        assert second.uid != first.uid


def snapshot(folder):
    """Names and times of all files, but for bytecode."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in str(path)}


WORKERS = """
import multiprocessing, sys
from expkit import Experiment
ex = Experiment("workers", observers=["folder:runs"])
ex.add_config(a=1)

@ex.capture
def work(x, a):
    return x + a

@ex.main
def main(_run):
    context = multiprocessing.get_context(sys.argv[-1])
    with context.Pool(2) as pool:
        return pool.starmap(work, [(1, 10), (2, 10)])

if sys.argv[0]:
    run = ex.run()
    if run.status == "COMPLETED":
        print(run.result)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_start_no_second_run(script, method):
    """A worker that imports the script gets the captured functions and never starts a run of its own."""
    done = script(WORKERS, method)
    assert done.stdout == "[11, 12]\n", done.stderr
    assert len(open_store(script.path / "runs").ids()) == 1


def test_sigterm_is_left_alone_afterwards(script):
    """Handlers are taken away after the run."""
    source = """
import signal
from expkit import Experiment
ex = Experiment("handlers", observers=[])
ex.main(lambda: signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
print(ex.run().result, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
    assert script(source).stdout == "True True\n"


def test_metrics_survive_kill(script):
    """No point for which ``log_scalar`` had returned is lost by kill -9, also with a store that is not a folder."""
    source = """
import os
from expkit import Experiment
ex = Experiment("kill")
@ex.automain
def main(_run):
    for number in range(5000):
        _run.log_scalar("x", number)
        print(number)
    os.write(2, b"logged all\\n")
    os.kill(os.getpid(), 9)
"""
    done = script(source)
    assert "logged all" in done.stderr
    store = open_store(script.path / "runs")
    assert [point.value for point in store.read("1", StreamKey())] == list(range(5000))
    deadline = time.monotonic() + 10
    while len(store.read("1", StreamKey(OUTPUT)).splitlines()) < 4000 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert store.read("1", StreamKey(OUTPUT)).startswith(b"0\n1\n2\n")


FORKING = """
import multiprocessing, time
from expkit import Experiment
ex = Experiment("fork", observers=[])

def forever():
    while True:
        time.sleep(0.01)

@ex.main
def main():
    process = multiprocessing.get_context("fork").Process(target=forever)
    process.start()
    time.sleep(0.2)
    process.terminate()
    process.join(10)
    return process.exitcode

print(ex.run().result)
"""


def test_forked_children_can_be_terminated(script):
    """A child that is forked inside a run is ended by SIGTERM as without expkit."""
    assert script(FORKING).stdout == "-15\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-"])
def test_without_standard_streams(script, closed):
    """A program without stderr or stdout runs, and is recorded."""
    (script.path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        f'"{sys.executable}" script.py {closed}', shell=True, cwd=script.path, capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert last_run(script)[1].status == "COMPLETED"


def test_removed_folder(script):
    """A working directory that is removed during the run is not the program's problem."""
    source = SCRIPT.replace(
        '    if how == "raise"', '    os.mkdir("gone"); os.chdir("gone"); os.rmdir("../gone")\n    if how == "raise"'
    )
    done = script(source)
    assert done.returncode == 0, done.stderr
    assert last_run(script)[1].status == "COMPLETED"


@pytest.mark.parametrize("goes", ["/", "runs"])
def test_a_program_that_goes_elsewhere(script, goes):
    """The place of the record is shown from where the program was started, not from where it ended."""
    source = SCRIPT.replace('    if how == "raise"', f'    os.chdir({goes!r})\n    if how == "raise"')
    assert script(source).stderr.splitlines()[-2].endswith(" · record in runs/1")


def test_secret_options_are_not_stored(script):
    """A secret option's value is nowhere in the record."""
    source = SCRIPT.replace(
        'ex = Experiment("script", ingredients=[data])',
        '''
from expkit import cli_option

@cli_option("-z", "--api-token")
def token(args, run):
    """A secret."""

ex = Experiment("script", ingredients=[data], additional_cli_options=[token])
''',
    )
    assert script(source, "-zS3cretValue").returncode == 0
    for path in (script.path / "runs").rglob("*"):
        assert path.is_dir() or b"S3cretValue" not in path.read_bytes()


def test_looking_calls_no_hooks(script):
    """Commands that only look do not call what belongs to runs."""
    source = SCRIPT.replace(
        "@ex.automain", '@ex.pre_run_hook\ndef before():\n    open("trace", "w").close()\n\n\n@ex.automain'
    )
    assert script(source, "print_config").returncode == 0
    assert not (script.path / "trace").exists()
    script(source)
    assert (script.path / "trace").exists()
