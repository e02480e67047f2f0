"""A disk that fills up: the program goes on, and the record says what it lacks."""

from __future__ import annotations

import pytest

PROGRAM = """
import os, sys
from expkit import Experiment
from expkit.observers import FileStorageObserver
from expkit.settings import SETTINGS

SETTINGS.CAPTURE_MODE = "{mode}"
ex = Experiment("full", interactive=True, observers=[FileStorageObserver(sys.argv[1])])

@ex.main
def main(_run):
    {body}
    return 7

run = ex.run()
print("the end", run.status, run.result)
"""

ALL_AT_ONCE = """
    import logging
    logging.getLogger("expkit").disabled = True  # its lines would come between the program's
    for number in range(5):
        with open(os.path.join(os.path.dirname(__file__), "weights"), "wb") as file:
            file.write(os.urandom(3_000_000))
        _run.add_artifact(file.name, f"{number}.bin")
    for step in range(60_000):
        _run.log_scalar("loss", float(step))
        print("step", step, "." * 60)
    _run.info["text"] = "y" * 1000
"""

OUTPUT_FIRST = """
    for step in range(200_000):
        print("step", step, "." * 60)
    for step in range(10_000):
        _run.log_scalar("loss", float(step))
"""

OTHERS_FILL_IT = """
    _run.log_scalar("loss", 0.0)
    with open(os.path.join(os.path.dirname(sys.argv[1]), "other"), "wb", buffering=0) as file:
        try:
            while file.write(bytes(100_000)):
                pass
        except OSError:
            pass
    for step in range(1, 100_000):
        _run.log_scalar("loss", float(step))
"""

MANY_FILES = """
    folder = os.path.dirname(sys.argv[1])
    try:
        for number in range(1000):
            open(f"{folder}/{number}", "w").close()
    except OSError:
        pass
    for step in range(1000):
        _run.log_scalar("loss", float(step))
        print("step", step)
    _run.add_artifact(__file__, "program.py")
"""


def program(body, mode="sys"):
    return PROGRAM.replace("{body}", body.strip()).replace("{mode}", mode)


def steps(output):
    """The program's own whole lines, without those of our warnings."""
    return [line for line in output.splitlines(keepends=True) if line.startswith("step") and line.endswith("\n")]


@pytest.mark.parametrize("mode", ["fd", "sys"])
def test_a_disk_that_fills_up(on_small_disk, mode):
    """The program finishes; artifacts are refused first, then output, metrics last; the end is written, with its gaps."""
    ended = on_small_disk(program(ALL_AT_ONCE, mode))
    record = ended.record
    assert ended.code == 0, ended.err
    assert ended.out.count("\n") == 60_001
    assert ended.out.endswith("the end COMPLETED 7\n")
    assert (record["status"], record["state"], record["result"]) == ("COMPLETED", "COMPLETED", 7)
    assert record["artifacts"] == ["0.bin", "1.bin"]
    assert record["sizes"] == [3_000_000] * 2
    assert record["in_order"]
    lines = steps(record["output"])
    assert 1000 < len(lines) < record["points"] - 10_000
    assert lines == steps(ended.out)[: len(lines)]
    assert len([gap for gap in record["gaps"] if "artifact" in gap and "almost full" in gap]) == 3


def test_metrics_have_the_last_word(on_small_disk):
    """Output that fills the disk leaves room for metrics."""
    ended = on_small_disk(program(OUTPUT_FIRST, "fd"))
    assert ended.code == 0, ended.err
    assert ended.out.count("\n") == 200_001
    assert ended.record["status"] == "COMPLETED"
    assert ended.record["points"] == 10_000


def test_others_fill_the_disk(on_small_disk):
    """Points that were prepared for are kept, the others are a gap that is named; there is no bus error."""
    ended = on_small_disk(program(OTHERS_FILL_IT))
    assert ended.code == 0, ended.err
    assert ended.record["status"] == "COMPLETED"
    assert ended.record["increasing"]
    assert 1000 < ended.record["points"] < 100_000
    assert any("metric points are missing" in gap and "No space left" in gap for gap in ended.record["gaps"])
    assert ended.err.count("metric points are missing") == 1


@pytest.mark.parametrize("mode", ["fd", "sys"])
def test_no_more_files(on_small_disk, mode):
    """Where inodes have run out, the program finishes, and so does the record."""
    ended = on_small_disk(program(MANY_FILES, mode), "10m,nr_inodes=60")
    assert ended.code == 0, ended.err
    assert ended.out.endswith("the end COMPLETED 7\n")
    assert ended.record["status"] == "COMPLETED"
    kept = len(steps(ended.record["output"]))
    assert kept == 1000 or any("output is not complete" in gap for gap in ended.record["gaps"])
    assert ended.record["points"] == 1000
    assert ended.record["in_order"]
    assert ended.record["artifacts"] == []
    assert any("program.py" in gap for gap in ended.record["gaps"])


def test_a_full_disk_is_a_clear_error_at_the_start(on_small_disk):
    """A run that cannot be begun is refused, as long as nothing has happened yet."""
    fill = 'open(os.path.join(os.path.dirname(sys.argv[1]), "other"), "wb").write(bytes(1000))\n'
    body = program("pass").replace("run = ex.run()", f"ex.run()\nimport shutil\n{fill}\n{FULL}\nrun = ex.run()")
    ended = on_small_disk(body)
    assert ended.code == 1
    assert "cannot take in the run" in ended.err
    assert "No space left" in ended.err
    assert ended.record["status"] == "COMPLETED"


FULL = """
with open(os.path.join(os.path.dirname(sys.argv[1]), "other"), "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
"""
