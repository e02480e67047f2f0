"""Programs behave as without capture."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest

from expkit.run.output.capture import read_text

MODES = pytest.mark.parametrize("mode", ["auto", "sys", "fd"])


@MODES
def test_every_way_to_print_is_recorded_once(run, path, mode):
    """Streams, their buffers, handlers from before and after, and streams laid over ours: each line once, in order."""
    shown = run(
        """
import io, logging
before = logging.StreamHandler(sys.stdout)
kept = sys.stdout
with capture(mode, path):
    assert sys.stdout is kept and isinstance(sys.stdout, io.TextIOWrapper)
    log = logging.getLogger("x")
    for handler in (before, logging.StreamHandler(sys.stdout)):
        log.addHandler(handler)
        log.error("logged by %s", len(log.handlers))
        log.removeHandler(handler)
    print("flushed", flush=True)
    sys.stdout.flush()
    sys.stdout.buffer.write(b"bytes\\n")
    sys.stdout.buffer.flush()
    print("text", end="")
    sys.stdout.reconfigure(errors="replace")
    print(" reconfigured")
    print("many", file=sys.stdout, flush=True)
    sys.stdout.writelines(["lines\\n", "more\\n"])
    sys.stdout.flush()
    over = io.TextIOWrapper(sys.stdout.buffer, write_through=True)
    over.write("over\\n")
    over.flush()
    over.detach()
    import contextlib
    with contextlib.redirect_stdout(io.StringIO()):
        print("elsewhere")
    print("last")
assert not {"write", "flush"} & (vars(sys.stdout).keys() | vars(sys.stdout.buffer).keys())
""",
        mode,
    )
    lines = "logged by 1|logged by 1|flushed|bytes|text reconfigured|many|lines|more|over|last"
    assert shown.splitlines() == path.read_text().splitlines() == lines.split("|")


@MODES
def test_text_and_bytes_of_other_encodings(run, path, mode):
    """Where stdout is not UTF-8, programs fail or not as without; in ``sys`` the record is readable nevertheless."""
    run(
        """
sys.stdout.reconfigure(encoding="latin-1")
with capture(mode, path):
    print("ä")
    sys.stdout.flush()
    sys.stdout.buffer.write("ö\\n".encode("latin-1"))
    try:
        print("€")
    except UnicodeEncodeError:
        pass
""",
        mode,
    )
    assert path.read_bytes() == ("ä\nö\n".encode() if mode == "sys" else "ä\nö\n".encode("latin-1"))


@MODES
@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&-", ">/dev/full", "| head -n 1"])
def test_ends_are_those_without_capture(tmp_path, path, mode, how):
    """With stdout closed, full, or left by its reader, a program ends with the same code and says the same."""
    source = tmp_path / "program.py"
    source.write_text(
        "import sys\nfrom pathlib import Path\nfrom expkit.run.output.capture import capture\n"
        "with capture(sys.argv[1], Path(sys.argv[2])):\n"
        "    for number in range(50_000): print('line', number)\n"
    )
    ends = [_end(source, mode, tmp_path / "bare", how) for mode in ("no", mode)]
    if "full" in how and mode == "fd":  # the tee meets the error: nothing tells the program
        assert "did not all arrive" in ends[1][1]
    else:
        assert ends[0] == ends[1]


def _end(source, mode, path, how):
    command = f'set -o pipefail; "{sys.executable}" "{source}" {mode} "{path}" {how}'
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    env["PYTHONPATH"] = os.fspath(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=60)
    return done.returncode, done.stderr.rpartition("\n  ")[2].split("\n", 1)[-1] or done.stderr


@MODES
def test_a_crash_in_c_is_recorded_where_descriptors_are(script, path, mode):
    """faulthandler writes to a descriptor: ``fd`` has its lines."""
    process = script(
        """
import faulthandler
with capture(mode, path):
    faulthandler.enable(sys.stderr.fileno())
    print("before")
    faulthandler._sigsegv()
""",
        mode,
        stdout=subprocess.DEVNULL,
    )
    process.wait(20)
    seen, end = "", time.monotonic() + 10
    while time.monotonic() < end and not ("before" in seen and ("Segmentation" in seen or mode == "sys")):
        seen = read_text(path)
        time.sleep(0.01)
    assert "before" in seen
    assert ("Segmentation" in seen) == (mode != "sys")


@pytest.mark.parametrize("order", ["stdout", "both"])
def test_blocks_keep_everything_in_order(run, path, order):
    """A flood that is written in blocks arrives whole and in order, stderr and children of a fork included."""
    run(
        f"""
from expkit.run.output import flood
flood._MOST = flood._LONG_ENOUGH = 0
flood.Pace._does_more = lambda self, blocks=0: False
seen = 0
with capture(mode, path) as output:
    for number in range(30_000):
        print("line", number)
        seen += output._pace.blocks
        if {order == "both"} and number % 100 == 0:
            print("line", number, "err", file=sys.stderr)
        if number == 20_000 and not os.fork():
            print("child", flush=True)
            os._exit(0)
        if number == 20_000:
            os.wait()
assert seen, "no blocks"
""",
        stdout=subprocess.DEVNULL,
    )
    wanted = []
    for number in range(30_000):
        wanted.append(f"line {number}")
        if order == "both" and number % 100 == 0:
            wanted.append(f"line {number} err")
        if number == 20_000:
            wanted.append("child")
    assert path.read_text().splitlines() == wanted


def test_a_program_that_writes_elsewhere_prints_line_by_line(run, path):
    """Who prints and then tells somebody else loses no line: there are no blocks, however much is printed."""
    run(
        """
from expkit.run.output import flood
flood._MOST = 0
with capture(mode, path) as output, open(os.devnull, "wb", buffering=0) as other:
    for number in range(30_000):
        print("line", number)
        other.write(b"x")
        assert not output._pace.blocks
""",
        stdout=subprocess.DEVNULL,
    )


def test_a_thread_more_and_there_are_no_blocks(run, path):
    """Python's streams lose text of several threads when they hold blocks."""
    run(
        """
from expkit.run.output import flood
flood._MOST = 0
event = threading.Event()
threading.Thread(target=event.wait).start()
with capture(mode, path) as output:
    for number in range(30_000):
        print("line", number)
        assert not output._pace.blocks
event.set()
""",
        stdout=subprocess.DEVNULL,
    )


def test_a_raw_file_that_cannot_grow_is_a_gap_with_its_time(script, path):
    """When the tee's file is full the program sees nothing of it; the capture says since when something is missing."""
    process = script(
        """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
output = capture(mode, path)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
for number in range(1000):
    print("line", number)
output.stop()
path.with_suffix(".gap").write_text(output.gap)
""",
        stderr=subprocess.PIPE,
    )
    shown, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, b"")
    assert shown.count(b"line") == 1000
    assert path.stat().st_size == 1000
    gap = path.with_suffix(".gap").read_text()
    assert gap.startswith("output is not complete: from 20")
    assert gap.endswith("File too large")


@pytest.mark.parametrize("mode", ["auto", "sys"])
def test_a_terminal_gets_the_same_bytes(script, path, mode):
    """Colours, bars, width and prompts: what a terminal is sent is the same with and without capture."""
    text = r"""
import shutil, getpass
from rich.console import Console
from rich.progress import track
with capture(mode, path):
    print("\x1b[31mred\x1b[0m", sys.stdout.isatty(), os.get_terminal_size(), shutil.get_terminal_size())
    console = Console()
    console.print("[bold]rich[/bold]", console.width, console.is_terminal, console.color_system)
    for _ in track(range(3), update_period=100): pass
    for number in range(5): print(f"\r{number * 25}%", end="", flush=True)
    print()
    print("you said", input("say: "), getpass.getpass("secret: "))
    sys.stdout.write("no end")
"""
    assert _bytes_on_terminal(script, text, mode) == _bytes_on_terminal(script, text, "no")
    assert path.read_text().startswith("red True")


def _bytes_on_terminal(script, text, mode):
    import fcntl
    import struct
    import termios

    screen, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    process = script(text, mode, stdin=inside, stdout=inside, stderr=inside)
    os.close(inside)
    seen = b""
    answers = {b"say: ": b"hello\n", b"secret: ": b"word\n"}
    while True:
        try:
            data = os.read(screen, 1 << 16)
        except OSError:
            break
        seen += data
        for question in [question for question in answers if seen.endswith(question)]:
            os.write(screen, answers.pop(question))
    os.close(screen)
    assert process.wait(10) == 0, seen
    return seen
