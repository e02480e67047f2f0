from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from expkit.errors import UsageError
from expkit.run.output import pipes, tees
from expkit.run.output.capture import capture, read_text
from expkit.settings import SETTINGS

MODES = pytest.mark.parametrize("mode", ["sys", "fd"])


@MODES
def test_output_is_recorded_and_still_shown(run, path, mode):
    """stdout and stderr are in the file, in order, and reach whoever started the program."""
    shown = run(
        """
with capture(mode, path) as output:
    assert output.mode == mode
    for number in range(100):
        print("out", number)
        print("err", number, file=sys.stderr)
    sys.stdout.write("no end")
print(" of the line")
""",
        mode,
    )
    lines = [f"{name} {number}" for number in range(100) for name in ("out", "err")]
    assert path.read_text().split("\n") == [*lines, "no end"]
    assert sorted(shown.split("\n")) == sorted([*lines, "no end of the line", ""])


def test_fd_records_what_is_not_pythons(run, path):
    """Child processes and C code are recorded in order with Python's own lines, C's buffered text included."""
    run(
        """
import ctypes
libc = ctypes.CDLL(None)
libc.printf(b"before\\n")
with capture(mode, path):
    print("python")
    os.system("echo child")
    subprocess.run(["sh", "-c", "echo wrong >&2"])
    os.write(1, b"raw\\n")
    libc.printf(b"buffered in C\\n")
libc.printf(b"after\\n")
print("after")
"""
    )
    assert path.read_text() == "python\nchild\nwrong\nraw\nbuffered in C\n"


def test_fd_keeps_two_targets_apart(run, path, tmp_path):
    """Where stdout and stderr go to different files, each still gets its own, and the record has both."""
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        run(
            """
with capture(mode, path):
    print("out")
    os.system("echo err >&2")
""",
            stdout=out,
            stderr=err,
        )
    assert (tmp_path / "out").read_text() == "out\n"
    assert (tmp_path / "err").read_text() == "err\n"
    assert sorted(path.read_text().split()) == ["err", "out"]


@MODES
def test_bytes_need_not_be_text(run, path, mode):
    """Bytes that are no UTF-8 are recorded as they are, and text that cannot be encoded readably."""
    run(
        r"""
with capture(mode, path):
    sys.stdout.buffer.write(b"\xff\xfe\n")
    sys.stdout.buffer.writelines([b"a\n", memoryview(b"b\n")])
    sys.stdout.flush()
    sys.stdout.writelines(["ä\n", "c\n"])
    try:
        print("\ud800")
    except UnicodeEncodeError:
        print("refused as without")
    try:
        sys.stdout.write(b"bytes")
    except TypeError:
        print("refused, too")
""",
        mode,
    )
    text = read_text(path)
    assert text.startswith("\ufffd\ufffd\na\nb\nä\nc\n")
    assert text.endswith("refused as without\nrefused, too\n")


@MODES
def test_kill_9_loses_no_line(script, path, mode):
    """What was printed before a kill -9 is in the file, without a flush by the program."""
    process = script(
        """
with capture(mode, path):
    for number in range(1000):
        print("line", number)
    os.kill(os.getpid(), 9)
""",
        mode,
    )
    process.communicate()
    assert process.returncode == -9
    wanted = [f"line {number}" for number in range(1000)]
    wait_until(lambda: len(read_text(path).split("\n")) == 1001)
    assert read_text(path).split("\n") == [*wanted, ""]


def test_signals_to_the_group_do_not_end_the_recording(script, path):
    """Ctrl-C, SIGTERM and SIGHUP reach the program and not its tee: last words are recorded."""
    process = script(
        """
import signal
def last_words(number, frame):
    print("got", number)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), last_words)
with capture(mode, path):
    print("ready")
    for _ in range(4):
        signal.pause()
"""
    )
    wait_until(lambda: path.exists() and "ready" in path.read_text())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        count = path.read_text().count("got")
        os.killpg(process.pid, number)
        for child in children(process.pid):
            os.kill(child, number)
        wait_until(lambda count=count: path.read_text().count("got") > count)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert path.read_text().split() == ["ready", "got", "2", "got", "15", "got", "1", "got", "10"]


def test_c_code_that_holds_the_interpreter_may_print_much(run, path):
    """10 MB written from C with the interpreter lock held: no deadlock, nothing lost."""
    shown = run(
        """
import ctypes
with capture(mode, path):
    data = b"x" * 999_999 + b"\\n"
    write = ctypes.PyDLL(None).write
    for _ in range(10):
        rest = data
        while rest:
            rest = rest[write(1, rest, len(rest)):]
"""
    )
    assert len(shown) == 10_000_000
    assert path.stat().st_size == 10_000_000


def test_a_background_child_neither_holds_up_the_end_nor_dies(run, path):
    """A child that keeps stdout open costs the end a moment; it lives on and can still print."""
    shown = run(
        """
with capture(mode, path):
    print("mine")
    child = subprocess.Popen(["sh", "-c", "echo started; sleep 1.5; echo later"])
    time.sleep(0.2)
    before = time.monotonic()
took = time.monotonic() - before
print("took", took)
assert took < 1, took
assert child.poll() is None
assert path.read_text() == "mine\\nstarted\\n"
child.wait()
"""
    )
    assert "later" in shown


def test_a_reader_who_goes_away_is_noticed(script, path):
    """When what shows the output is gone, the program gets the same error as without capture."""
    process = script(
        """
with capture(mode, path):
    try:
        for number in range(100_000):
            print("x" * 100)
            if number == 10: time.sleep(0.3)
        result = "nothing noticed"
    except BrokenPipeError:
        result = "broken pipe"
    sys.stdout = None
path.with_suffix(".result").write_text(result)
os._exit(0)
"""
    )
    process.stdout.read(100)
    process.stdout.close()
    process.wait(20)
    assert path.with_suffix(".result").read_text() == "broken pipe"


@MODES
def test_forked_children_belong_to_the_output(run, path, mode):
    """A forked child's lines are recorded; one that leaves by the same way out ends nothing of its parent's."""
    run(
        """
output = capture(mode, path)
for number in range(3):
    pid = os.fork()
    if not pid:
        print("child", number, flush=True)
        output.stop()
        print("not recorded", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
print("parent")
output.stop()
""",
        mode,
    )
    assert path.read_text() == "child 0\nchild 1\nchild 2\nparent\n"


@MODES
def test_threads_may_fork_at_once(run, path, mode):
    """Several threads that print and fork at the same time do not wait for each other for ever."""
    run(
        """
import faulthandler
faulthandler.dump_traceback_later(30, exit=True)
def work():
    for number in range(25):
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        sys.stdout.write("x" * 50 + "\\n")
with capture(mode, path):
    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
""",
        mode,
    )
    assert path.read_text() == ("x" * 50 + "\n") * 200


@MODES
def test_threads_mix_no_bytes(run, path, mode):
    """Lines written at once by eight threads all arrive, none torn."""
    run(
        """
def work(me):
    for number in range(500):
        sys.stdout.write(f"{me} {number} {'x' * 50}\\n")
with capture(mode, path):
    threads = [threading.Thread(target=work, args=(me,)) for me in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
""",
        mode,
        stdout=subprocess.DEVNULL,
    )
    wanted = {f"{me} {number} {'x' * 50}" for me in range(8) for number in range(500)}
    lines = path.read_text().split("\n")
    assert len(lines) == 4001
    assert set(lines) == {*wanted, ""}


@MODES
def test_nested_captures_each_get_their_part(run, path, mode):
    """The outer one has everything, the inner one what was printed while it lasted."""
    run(
        """
with capture(mode, path):
    print("one")
    with capture(mode, path.with_suffix(".inner")):
        print("two")
    print("three")
""",
        mode,
    )
    assert path.read_text() == "one\ntwo\nthree\n"
    assert path.with_suffix(".inner").read_text() == "two\n"


@MODES
def test_captures_may_overlap(run, path, mode):
    """One that ends before a later one ends for itself only; afterwards all is as it was."""
    shown = run(
        """
before = sys.stdout, sys.stderr, os.fstat(1), os.fstat(2)
first = capture(mode, path)
print("one")
second = capture(mode, path.with_suffix(".second"))
print("two")
first.stop()
print("three")
second.stop()
print("four")
assert before == (sys.stdout, sys.stderr, os.fstat(1), os.fstat(2))
""",
        mode,
    )
    assert path.read_text() == "one\ntwo\n"
    assert path.with_suffix(".second").read_text() == "two\nthree\n"
    assert shown == "one\ntwo\nthree\nfour\n"


@MODES
def test_a_thousand_captures_leak_nothing(run, path, mode):
    """No descriptor, process, thread or layer of streams is left over."""
    run(
        """
import psutil
def state():
    return (sys.stdout, sys.stderr, sorted(os.listdir("/proc/self/fd")), psutil.Process().children(), threading.active_count())
before = state()
for number in range(1000 if mode == "sys" else 150):
    with capture(mode, path):
        print(number)
deadline = time.monotonic() + 10
while threading.active_count() > before[-1] and time.monotonic() < deadline:
    time.sleep(0.01)  # the clock that would have begun their threads ends by itself
assert state() == before, (state(), before)
""",
        mode,
        stdout=subprocess.DEVNULL,
    )
    count = 1000 if mode == "sys" else 150
    assert path.read_text().split() == [str(number) for number in range(count)]


def test_streams_that_are_not_descriptors_are_recorded_in_fd_mode(path):
    """Where sys.stdout leads elsewhere, as in notebooks and here under pytest, both ways are recorded."""
    stream = io.StringIO()
    before, sys.stdout = sys.stdout, stream
    try:
        with capture("fd", path) as output:
            print("python")
            os.write(1, b"descriptor\n")
        print("after")
    finally:
        sys.stdout = before
    assert output.mode == "fd"
    assert sorted(path.read_text().split()) == ["descriptor", "python"]
    assert stream.getvalue() == "python\nafter\n"


def test_streams_replaced_meanwhile_stay(path):
    """A stream that the program put in place during capture is left there; who kept ours only passes on."""
    before = sys.stdout
    try:
        with capture("sys", path):
            kept = sys.stdout
            sys.stdout = mine = io.StringIO()
            print("to mine")
        assert sys.stdout is mine
        kept.write("late\n")
        assert path.read_text() == ""
    finally:
        sys.stdout = before


def test_missing_streams_do_no_harm(path, monkeypatch):
    """Programs without a console have no sys.stdout."""
    monkeypatch.setattr(sys, "stdout", None)
    with capture("sys", path):
        print("nobody sees it")
        print("this is recorded", file=sys.stderr)
    assert path.read_text() == "this is recorded\n"


def test_streams_stay_what_they_are(path, monkeypatch):
    """The stream is the one that it was: encoding, descriptor, attributes."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr(sys, "stdout", stream)
    with capture("sys", path):
        assert sys.stdout.encoding == "latin-1"
        assert sys.stdout.errors == "replace"
        assert not sys.stdout.isatty()
        assert not sys.stdout.buffer.closed
        assert sys.stdout is stream
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        print("ä€")
    stream.flush()
    assert stream.buffer.getvalue() == b"\xe4?\n"
    assert path.read_text() == "ä€\n"


def test_nothing_is_captured_on_demand(path):
    """Mode ``no`` touches no stream; the file is there, and empty."""
    before = sys.stdout
    with capture("no", path) as output:
        assert sys.stdout is before
        output.pump()
    output.stop()
    assert (output.mode, output.gap) == ("no", "")
    assert path.read_bytes() == b""


def test_unknown_modes_are_named(path):
    """A misspelt mode is the user's mistake, with the known ones."""
    with pytest.raises(UsageError, match="no capture mode 'df'; use auto, no, sys or fd"):
        capture("df", path)


def test_auto_takes_descriptors_where_nobody_looks(run, path):
    """Without a terminal ``auto`` records child processes, too; with closed descriptors it does what it can."""
    run("with capture(mode, path) as output: os.system('echo child')", "auto")
    assert path.read_text() == "child\n"
    run(
        """
os.close(1)
with capture(mode, path) as output:
    assert output.mode == "sys"
    print("err", file=sys.stderr)
""",
        "auto",
    )
    assert path.read_text() == "child\nerr\n"


def test_without_tee_pythons_output_is_recorded(path, monkeypatch):
    """Where there is no ``tee``, ``fd`` becomes ``sys``, and the capture says what is missing."""
    monkeypatch.setattr(pipes.os, "get_exec_path", lambda: ["/nowhere"])
    with capture("fd", path) as output:
        print("python")
    assert output.mode == "sys"
    assert output.gap == "output of C code and child processes is not captured: there is no program `tee`"
    assert path.read_text() == "python\n"
    monkeypatch.delattr(pipes.os, "posix_spawn")
    with capture("fd", path) as output:
        pass
    assert output.mode == "sys"


@pytest.mark.parametrize(("name", "good"), [("pipe", 1), ("pipe", 2), ("posix_spawn", 0), ("dup", 1)])
def test_a_tee_that_cannot_start_leaves_all_as_it_was(path, monkeypatch, name, good):
    """An error before, between or after the start of two tees gives back what was taken."""
    before = len(os.listdir("/proc/self/fd"))
    real, calls = getattr(os, name), []

    def fails_some_time(*arguments, **options):
        calls.append(options)
        if len(calls) == good + 1:
            raise OSError(11, "Resource temporarily unavailable")
        return real(*arguments, **options)

    monkeypatch.setattr(pipes, "_same_target", lambda one, other: False)
    monkeypatch.setattr(os, name, fails_some_time)
    with capture("fd", path) as output:
        print("python")
    assert output.mode == "sys"
    assert "Resource temporarily" in output.gap
    assert path.read_text() == "python\n"
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_shell_that_starts_one_tee_of_two_leaves_all_as_it_was(path, monkeypatch):
    """The one that has begun ends with its pipe, and what the shell says is told."""
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(pipes, "_same_target", lambda one, other: False)
    monkeypatch.setattr(tees, "_TWO", f"{tees._ONE} echo no more processes >&2; exit 2")
    with capture("fd", path) as output:
        print("python")
    assert output.mode == "sys"
    assert "shell cannot start" in output.gap or "no more processes" in output.gap
    assert path.read_text() == "python\n"
    assert len(os.listdir("/proc/self/fd")) == before


def test_systems_without_sessions_for_children(path, monkeypatch):
    """Where a spawned process cannot have its own session it gets its own group."""
    real = os.posix_spawn

    def no_sessions(*arguments, setsid=False, **options):
        if setsid:
            raise NotImplementedError
        return real(*arguments, **options)

    monkeypatch.setattr(pipes.os, "posix_spawn", no_sessions)
    with capture("fd", path):
        os.write(1, b"seen\n")
    assert "seen\n" in path.read_text()


def test_a_full_disk_is_not_the_programs_problem(run, path):
    """Printing goes on when the file cannot grow; the capture says that output is missing."""
    shown = run(
        """
import resource
output = capture(mode, path)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for number in range(50):
    print("line", number)
output.stop()
assert "not complete" in output.gap, output.gap
""",
        "sys",
    )
    assert shown.count("line") == 50
    assert path.stat().st_size == 100


def test_a_handler_that_raises_while_recording_is_heard(path):
    """An error of a signal handler that strikes inside a print is the program's, even if it looks like a disk's."""

    def struck(data):
        raise TimeoutError("of the program")

    with capture("sys", path) as output:
        output._raw.put = struck
        with capture("sys", path.with_suffix(".inner")), pytest.raises(TimeoutError, match="of the program"):
            print("line")
    assert output.gap == ""


def test_unfinished_lines_are_recorded_at_each_beat(path):
    """A line that has not ended is in the file after ``pump``, and can be read at once."""
    with capture("sys", path) as output:
        sys.stdout.write("working ")
        sys.stdout.write("...")
        output.pump()
        assert path.read_text() == "working ..."


@MODES
def test_programs_may_close_their_streams(run, path, mode):
    """A stream that the program closed is no error at the end."""
    run(
        """
output = capture(mode, path)
print("last words", flush=True)
sys.stdout.close()
output.stop()
""",
        mode,
    )
    assert path.read_text() == "last words\n"


def test_a_thread_that_reads_from_c_holds_up_nothing(run, path):
    """While another thread waits for input in C, capture begins and ends."""
    run(
        """
import ctypes
library = ctypes.CDLL(None)
threading.Thread(target=library.getchar, daemon=True).start()
time.sleep(0.1)
with capture(mode, path):
    library.printf(b"line\\n")
path.with_suffix(".done").touch()
os._exit(0)
""",
        stdin=subprocess.PIPE,
    )
    assert path.read_text() == "line\n"


def test_programs_with_a_closed_stdin(run, path):
    """Descriptors that look free among the standard ones are not taken for pipes."""
    run(
        """
os.close(0)
with capture(mode, path) as output:
    print("line", output.mode)
    os.system("echo child")
assert not os.path.exists("/proc/self/fd/0") or os.readlink("/proc/self/fd/0") != "pipe:"
"""
    )
    assert path.read_text() == "line fd\nchild\n"


def test_without_proc_patience_decides(path, monkeypatch):
    """Where nobody can tell what is left in a pipe that a child still holds, the end waits its patience."""
    monkeypatch.setattr(pipes, "_unread", lambda tee: None)
    monkeypatch.setattr(pipes, "_PATIENCE", 0.3)
    output = capture("fd", path)
    child = subprocess.Popen(["sleep", "600"])
    before = time.monotonic()
    output.stop()
    assert 0.3 <= time.monotonic() - before < 30
    assert child.poll() is None
    child.kill()
    child.wait()


@pytest.mark.parametrize("line", ["echo talk; sleep 0.01", r"printf '%064999d\n' 0; sleep 0.001"])
def test_a_child_that_goes_on_printing_is_not_waited_for(run, path, line):
    """The end comes soon, with all that was printed until then, however much a background process has to say."""
    run(
        f"""
output = capture(mode, path)
print("ours")
child = subprocess.Popen(["sh", "-c", {f"while :; do {line}; done"!r}])
time.sleep(0.2)
print("last")
before = time.monotonic()
output.stop()
child.kill()
path.with_suffix(".took").write_text(str(time.monotonic() - before))
"""
    )
    assert float(path.with_suffix(".took").read_text()) < 15
    text = path.read_text()
    assert text.startswith("ours\n")
    assert "last\n" in text


def test_what_holds_the_settling_holds_the_end_only_so_long(path, monkeypatch):
    """Where a disk, or a filter, does not come back, the end says so and goes on; nothing printed is lost."""
    monkeypatch.setattr(SETTINGS.LANES, "END_LIMIT", 0.2)
    begun, held = threading.Event(), threading.Event()

    def hold(line):
        begun.set()
        held.wait(60)
        return line

    output = capture("sys", path, hold)
    print("line")
    assert begun.wait(30)
    before = time.monotonic()
    output.stop()
    held.set()
    assert time.monotonic() - before < 30
    assert "the disk does not answer" in output.gap
    output._thread.ended(30)
    assert read_text(path) == "line\n"


def test_a_tee_that_has_gone_has_nothing_unread():
    """Asking for the pipe of a process that is no more is no error."""
    assert pipes._unread(2**22 + 1) is None


def test_somebody_else_may_wait_for_any_child(run, path):
    """A program that reaps every child of its process does not confuse the end."""
    run(
        """
import signal
output = capture(mode, path)
print("line")
def reap():
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return
thread = threading.Thread(target=reap)
thread.start()
output.stop()
thread.join()
"""
    )
    assert path.read_text() == "line\n"


def test_a_program_that_waits_for_all_its_children_waits_for_its_own(run, path):
    """No helper of ours is among the children of the process."""
    run(
        """
import faulthandler, psutil
faulthandler.dump_traceback_later(30, exit=True)
with capture(mode, path) as output:
    for number in range(3):
        if not os.fork():
            os._exit(0)
    collected = 0
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
        collected += 1
    print(output.mode, collected, psutil.Process().children())
"""
    )
    assert path.read_text() == "fd 3 []\n"


@pytest.mark.parametrize("printed", ["line by line", "as one"])
def test_a_helper_that_is_killed_is_a_gap_and_no_error(run, path, printed):
    """Whoever kills what stands behind stdout loses the rest of the record, not the program: it prints as without us."""
    shown = run(
        f"""
import psutil
tees = [os.fspath(path) + ".raw"]
output = capture(mode, path)
print("before", flush=True)
deadline = time.monotonic() + 20
while not path.exists() or "before" not in read_text(path) and time.monotonic() < deadline:
    time.sleep(0.01)
for process in psutil.process_iter(["cmdline"]):
    if (process.info["cmdline"] or [])[-1:] == tees:
        process.kill()
        process.wait(20)
if {printed == "as one"}:
    while not output._redirection.broken_at and time.monotonic() < deadline:
        time.sleep(0.01)
    os.write(1, b"after\\n" * 100)
else:
    for number in range(100):
        print("after")
output.stop()
print(output.gap)
"""
    )
    lines = shown.splitlines()
    assert lines[:-1] == ["before", *["after"] * 100]
    assert "somebody has ended the helper process `tee`" in lines[-1]
    assert path.read_text() == "before\n"


def test_a_slow_reader_is_waited_for_only_so_long(script, path, monkeypatch):
    """A reader that stands still delays the end by the patience, not for ever, and gets everything at last."""
    process = script(
        """
from expkit.run.output import pipes
pipes._PATIENCE = 0.4
with capture(mode, path):
    os.write(1, b"x" * 100_000)
    before = time.monotonic()
path.with_suffix(".took").write_text(str(time.monotonic() - before))
"""
    )
    wait_until(path.with_suffix(".took").exists)
    shown, _ = process.communicate()
    assert len(shown) == 100_000
    assert process.returncode == 0


def test_the_tail_of_long_output(tmp_path, path):
    """Only so many bytes of the end are read, beginning at a whole character; no file means no text."""
    path.write_text("äöü" * 10, encoding="utf-8")
    assert read_text(path, 5) == "öü"
    assert read_text(path, 60) == "äöü" * 10
    assert read_text(tmp_path / "none") == ""


def children(pid):
    import psutil

    return [child.pid for child in psutil.Process(pid).children()]


def wait_until(condition, patience=10.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
