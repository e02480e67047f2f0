"""What is stored of output: settled once, read exactly, whatever happens to the process."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from expkit.run.output import settling
from expkit.run.output.capture import capture, read_text
from expkit.run.output.settling import Settler
from expkit.stores.disk import output

MODES = pytest.mark.parametrize("mode", ["sys", "fd"])
BARS = """
def bar(name, total, position=0, leave=True):
    def show(text):
        for part in ("\\n" * position, "\\r" + text, "\\x1b[A" * position):
            sys.stdout.write(part)
            sys.stdout.flush()
    for number in range(total + 1):
        show(f"{name}: {100 * number // total:3}%|{'#' * (10 * number // total):10}| {number}/{total}")
        yield number
    show("\\n" if leave and not position else " " * 40 + "\\r")
with capture(mode, path):
    print("before")
    for _ in bar("outer", 300):
        pass
    for epoch in bar("epochs", 3):
        for _ in bar("steps", 50, position=1, leave=False):
            pass
    print("after")
"""


@MODES
def test_progress_bars_are_kept_as_they_stand_in_the_end(run, path, mode):
    """Bars that are drawn as tqdm does it, one below the other too, are a line each."""
    run(BARS, mode)
    lines = [line.rstrip() for line in path.read_text().splitlines() if line.strip()]
    assert lines == ["before", "outer: 100%|##########| 300/300", "epochs: 100%|##########| 3/3", "after"]


@MODES
def test_rich_displays_are_kept_as_they_stand_in_the_end(run, path, mode):
    """Several of rich's bars, redrawn upwards many times, are a line each; what is printed meanwhile stands above."""
    run(
        """
from rich.console import Console
from rich.progress import Progress
with capture(mode, path):
    console = Console(force_terminal=True, width=80, file=sys.stdout)
    with Progress(console=console, auto_refresh=False) as progress:
        tasks = [progress.add_task(name, total=20) for name in ("first", "second")]
        for step in range(20):
            for task in tasks:
                progress.advance(task)
            progress.refresh()
            if step == 10:
                console.print("in between")
""",
        mode,
    )
    lines = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    assert lines == ["in", "first", "second"]
    assert "\x1b" not in path.read_text()


@MODES
def test_a_killed_run_is_read_to_its_last_byte(script, path, mode):
    """After kill -9 in the middle of a bar, settled lines and the screen are read, though nobody settled them."""
    process = script(
        """
with capture(mode, path) as output:
    for number in range(3000):
        print("line", number)
        if number == 2000:
            output.pump()
    sys.stdout.write("\\r10%\\r20%")
    sys.stdout.flush()
    os.kill(os.getpid(), 9)
""",
        mode,
        stdout=subprocess.DEVNULL,
    )
    assert process.wait(30) == -9
    wanted = "".join(f"line {number}\n" for number in range(3000)) + "20%"
    wait_until(lambda: read_text(path) == wanted)
    assert output.size(str(path)) == len(wanted)
    assert output.read(str(path), 5, 4) == wanted.encode()[5:9]
    assert output.read(str(path), len(wanted) - 3) == b"20%"


@MODES
def test_killed_at_any_moment_output_is_a_prefix(script, path, mode, faults):
    """Kill -9 at random moments: what is read has no hole, nothing twice, and every line that was written."""
    rng = random.Random(7)
    for round in range(100 if faults else 5):
        told = path.with_suffix(".told")
        process = script(
            """
told = os.open(path.with_suffix(".told"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
from expkit.run.output import capture as module
module._SOON = module._TURN = 0.002
with capture(mode, path):
    number = 0
    while True:
        print("line", number, "\\rLINE" if number % 3 else "")
        number += 1
        os.pwrite(told, str(number).encode(), 0)
""",
            mode,
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda told=told: told.exists() and told.read_bytes())
        time.sleep(rng.random() * 0.2)
        process.kill()
        process.wait(10)
        count = int(told.read_bytes())
        wait_until(lambda count=count: read_text(path).count("\n") >= count)
        *lines, _ = read_text(path).split("\n")  # print writes a line in several parts
        assert lines == [f"line {n} " if n % 3 == 0 else f"LINE {n}" for n in range(len(lines))], round
        for file in path.parent.glob("cout.txt*"):
            file.unlink()
        told.unlink()


def test_the_screen_is_seen_in_the_file_while_the_program_runs(path):
    """The file has the bar as it stands; its bytes below the settled length never change."""
    with capture("sys", path) as capturing:
        for percent in range(10, 100):
            sys.stdout.write(f"\r{percent}%")
            capturing.pump()
            assert path.read_text() == f"{percent}%"
            assert output.size(str(path)) == 0
        sys.stdout.write("\rdone\n")
    assert path.read_text() == "done\n"
    assert sorted(os.listdir(path.parent)) == ["cout.txt"]


def test_what_has_been_read_while_the_run_lasts_never_changes(path, monkeypatch):
    """Lanes are given settled lines only, and all the rest in the end."""
    monkeypatch.setattr(settling, "_QUIET", 0)
    seen = b""
    with capture("sys", path) as capturing:
        for number in range(300):
            print(f"{number}\r{number}!")
            sys.stdout.write("\rbar")
            capturing.pump()
            new = output.read(str(path), len(seen))
            seen += new
            assert len(seen) <= output.size(str(path))
            sys.stdout.write("\r   \r")
    assert seen.count(b"\n") > 200
    assert path.read_bytes().startswith(seen)
    assert output.read(str(path)) == path.read_bytes()


def test_other_processes_see_the_screen_too(script, path):
    """Who reads a running run from elsewhere sees all that has been printed."""
    process = script(
        """
with capture(mode, path):
    print("line")
    sys.stdout.write("\\r50%")
    sys.stdout.flush()
    sys.stdin.read()
""",
        stdin=subprocess.PIPE,
    )
    wait_until(lambda: read_text(path) == "line\n50%")
    process.communicate(timeout=10)
    assert path.read_text() == "line\n50%"


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path, monkeypatch):
    """What could not be settled is settled when the disk takes it again."""
    path = tmp_path / "cout.txt"
    path.touch()
    settler = Settler(str(path), lambda: None, None)
    raw = open(f"{path}.raw", "ab", buffering=0)  # noqa: SIM115
    real = output.write_note
    for number in range(300):
        raw.write(f"{number}\n".encode())
        if number % 3:
            monkeypatch.setattr(output, "write_note", _full)
            with pytest.raises(OSError, match="full"):
                settler.pump()
            monkeypatch.setattr(output, "write_note", real)
        else:
            settler.pump()
        settler.leave()
        assert read_text(path) == "".join(f"{n}\n" for n in range(number + 1))
    raw.close()
    settler.finish()
    assert path.read_text() == "".join(f"{n}\n" for n in range(300))


def test_a_run_that_goes_on_after_a_kill_keeps_what_was_there(script, path):
    """Output of an earlier process at the same file, settled or not, stays before what comes."""
    process = script(
        "capture(mode, path); print('first\\r', end='', flush=True); os.kill(os.getpid(), 9)",
        "sys",
        stdout=subprocess.DEVNULL,
    )
    process.wait(10)
    with capture("sys", path):
        print("|second")
    assert path.read_text() == "first|second\n"


def test_much_output_needs_little_memory_and_disk(run, path, faults, monkeypatch):
    """Hundreds of megabytes from a child leave the process small, and what is settled is given back to the disk."""
    megabytes = 10_000 if faults else 200
    run(
        f"""
from expkit.run.output import settling
settling._LARGE = 1 << 23
line = "x" * 99
with capture(mode, path) as output:
    child = subprocess.Popen(["sh", "-c", f"yes {{line}} | head -c {megabytes * 10**6}"])
    child.wait()
    raw = f"{{path}}.raw"
    while os.path.getsize(raw) < {megabytes * 10**6} or output.pump():
        time.sleep(0.01)
    taken = os.stat(raw).st_blocks * 512
    assert 0 < taken < 5 * settling._LARGE, taken
peak = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])  # `ru_maxrss` begins with the parent's
assert peak < 100_000, peak
""",
        stdout=subprocess.DEVNULL,
    )
    assert path.stat().st_size == megabytes * 10**6
    with open(path, "rb") as file:
        assert file.readline() == b"x" * 99 + b"\n"
    path.unlink()


def _full(*arguments):
    raise OSError(28, "disk full")


def wait_until(condition, patience=10.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
