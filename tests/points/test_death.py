from __future__ import annotations

import os
import random
import subprocess
import time

import pytest

from expkit.errors import StoreError
from expkit.record.model import Point
from expkit.stores.disk import points as points_module
from expkit.stores.disk import window
from expkit.stores.disk.points import PointReader, PointWriter

LOGGER = """
import os, sys
from expkit.stores.disk.points import PointWriter
writer = PointWriter(sys.argv[1])
acknowledged = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
print("ready", flush=True)
for number in range(10**9):
    writer.log_scalar("loss", number / 2)
    if number % 50 == 0:
        writer.log_scalar("text", "x" * (number % 999), step=number)
        writer.add("tagged", number, tags={"n": str(number % 5000)})
    os.pwrite(acknowledged, number.to_bytes(8, "little"), 0)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path, script):
    """Killed at random moments, every file holds all points that were logged, in order, and nothing else."""
    rng = random.Random(7)
    for round in range(6):
        path, note = tmp_path / f"{round}.points", tmp_path / f"{round}.note"
        process = script(LOGGER, path, note, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.random() * 0.15)
        process.kill()
        process.wait()
        process.stdout.close()
        acknowledged = int.from_bytes(note.read_bytes(), "little") if note.stat().st_size else -1
        points = PointReader(path).read()
        losses = [point for point in points if point.name == "loss"]
        assert len(losses) > acknowledged
        assert [(point.step, point.value) for point in losses] == [(n, n / 2) for n in range(len(losses))]
        assert sum(point.name == "text" for point in points) > acknowledged // 50 - 1


def test_a_killed_file_is_continued(tmp_path, script):
    """What a killed process left behind is whole, and a new writer goes on behind it."""
    path = tmp_path / "one.points"
    process = script(LOGGER, path, tmp_path / "note", stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(0.1)
    process.kill()
    process.wait()
    process.stdout.close()
    before = PointReader(path).read()
    writer = PointWriter(path)
    writer.log_scalar("after", 1.0)
    writer.close()
    after = PointReader(path).read()
    assert after[:-1] == before
    assert after[-1].name == "after"
    assert path.stat().st_size % 32 == 0


IN_C = """
import sys, threading, ctypes, time
from expkit.stores.disk.points import PointWriter
writer = PointWriter(sys.argv[1])
for number in range(1000):
    writer.log_scalar("loss", 0.5)
print("ready", flush=True)
ctypes.PyDLL(None).sleep(60)   # holds the interpreter lock
"""


def test_points_survive_a_kill_while_c_code_holds_the_interpreter(tmp_path, script):
    """No thread needs to run for a logged point to be safe."""
    path = tmp_path / "one.points"
    process = script(IN_C, path, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    assert PointReader(path).count() == 1000


STRUCK = """
import random, signal, sys, time
from expkit.stores.disk.points import PointReader, PointWriter
path, raises = sys.argv[1], sys.argv[2] == "raises"
writer = PointWriter(path)
struck = []
acknowledged = 0

class Struck(Exception):
    pass

def handler(number, frame):
    writer.log_scalar("loss", -1.0)
    writer.log_scalar(f"new {len(struck)}", "text")
    struck.append(1)
    if raises:
        raise Struck

signal.signal(signal.SIGALRM, handler)
end = time.monotonic() + 0.7

def log():
    global acknowledged
    while time.monotonic() < end:
        signal.setitimer(signal.ITIMER_REAL, random.random() * 0.001 + 1e-5)
        for number in range(100):
            writer.log_scalar("loss", float(acknowledged))
            acknowledged += 1
            writer.add(f"new {len(struck)}", "t" * number, time=1.0)
    signal.setitimer(signal.ITIMER_REAL, 0)

over = False
while not over:  # it strikes once in a round of log(), so never here
    try:
        log()
        over = True
    except Struck:
        pass
writer.close()
losses = [point for point in PointReader(path).read() if point.name == "loss"]
mine = [point.value for point in losses if point.value >= 0]
steps = [point.step for point in losses]
assert len(struck) > 50
assert len(losses) - len(mine) == len(struck)
assert set(mine) >= set(map(float, range(acknowledged)))
assert len(set(steps)) == len(steps)
"""


@pytest.mark.parametrize("handler", ["logs", "raises"])
def test_signal_handlers_strike_at_any_moment(tmp_path, script, handler):
    """A handler that logs, or raises, in the middle of logging: no deadlock, no lost point, no step given twice."""
    assert script(STRUCK, tmp_path / "one.points", handler).wait(60) == 0


FORKED = """
import os, sys
from expkit.stores.disk.points import PointWriter
losses = []
writer = PointWriter(sys.argv[1], on_loss=losses.append)
writer.log_scalar("parent", 1.0)
pid = os.fork()
if not pid:
    writer.log_scalar("parent", 2.0)
    writer.log_scalar("child", 2.0)
    writer.close()
    assert len(losses) == 2 and "forked" in str(losses[0]), losses
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
writer.log_scalar("parent", 3.0)
writer.close()
"""


def test_a_forked_child_does_not_touch_its_parents_points(tmp_path, script):
    """Points of a forked child are refused by name; the parent's file has the parent's."""
    path = tmp_path / "one.points"
    assert script(FORKED, path).wait() == 0
    assert [point.value for point in PointReader(path).read()] == [1.0, 3.0]


FULL = """
import resource, sys
from expkit.stores.disk.points import PointWriter, FIRST_WINDOW
resource.setrlimit(resource.RLIMIT_FSIZE, (FIRST_WINDOW, FIRST_WINDOW))
losses = []
writer = PointWriter(sys.argv[1], on_loss=losses.append)
for number in range(10_000):
    writer.log_scalar("loss", 0.5)
writer.close()
print(len(losses), type(losses[0]).__name__)
writer = PointWriter(sys.argv[1])
try:
    writer.add_many([writer_point for writer_point in [("a", 1, 0.5, 1.0, (), "scalar")] * 10_000])
except OSError:
    print("raised")
"""


def test_a_full_disk_is_an_error_and_no_bus_error(tmp_path, script):
    """Where no room is left the program goes on, is told of each lost point, and what fitted is kept."""
    path = tmp_path / "one.points"
    process = script(FULL, path, stdout=subprocess.PIPE)
    out, _ = process.communicate()
    assert process.returncode == 0
    lost, kind, raised = out.split()
    assert (kind, raised) == ("OSError", "raised")
    assert PointReader(path).count() == 10_000 - int(lost)


def test_full_tmpfs(tmp_path, script):
    """The same on a real file system without room left."""
    if os.system(f"mount -t tmpfs -o size=1m tmpfs {tmp_path} 2>/dev/null"):
        return  # needs the right to mount
    try:
        lost = []
        writer = PointWriter(tmp_path / "one.points", on_loss=lost.append)
        for number in range(35_000):
            writer.log_scalar("loss", 0.5)
        writer.close()
        assert lost
        assert PointReader(tmp_path / "one.points").count() == 35_000 - len(lost)
    finally:
        os.system(f"umount {tmp_path}")


def test_without_mapped_files_points_are_appended(tmp_path, monkeypatch):
    """Where a file system cannot map files, every point is written at once, and all else is the same."""

    def refuse(*arguments, **options):
        raise OSError(19, "No such device")

    monkeypatch.setattr(window.mmap, "mmap", refuse)
    path = tmp_path / "one.points"
    writer, reader = PointWriter(path), PointReader(path)
    for number in range(3000):
        writer.log_scalar("loss", 0.5)
        writer.add("text", "x", tags={"a": "b"}, time=1.0)
        assert number % 1000 or reader.count() == 2 * number + 2
    writer.close()
    with pytest.raises(Exception, match="closed"):
        writer.log_scalar("loss", 0.5)
    assert reader.count() == 6000
    assert reader.read(5999) == [Point("text", 2999, "x", 1.0, (("a", "b"),))]
    assert path.stat().st_size % 32 == 0


def test_a_failing_disk_is_no_reason_to_go_another_way(tmp_path, monkeypatch):
    """Only file systems that cannot map are appended to; other errors are errors."""

    def refuse(*arguments, **options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(window.mmap, "mmap", refuse)
    with pytest.raises(OSError, match="Input/output"):
        PointWriter(tmp_path / "one.points").log_scalar("loss", 0.5)


def test_an_append_that_does_not_fit_leaves_no_trace(tmp_path, monkeypatch):
    """Half a record, written to a disk that then was full, is taken back."""
    path = tmp_path / "one"
    path.write_bytes(b"0123")
    target = window.Appending(str(path), 4)

    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:2]))
    with pytest.raises(OSError, match="No space"):
        target.write(b"456789")
    monkeypatch.undo()
    target.write(b"4567")
    assert target.close() == 8
    assert path.read_bytes() == b"01234567"


def test_what_another_process_may_have_mapped_is_never_cut(tmp_path, monkeypatch):
    """Going on with a file clears what was torn, and leaves its size: whoever has it in memory would be killed."""
    path = tmp_path / "one.points"
    first = PointWriter(path)
    first.log_scalar("loss", 0.5)
    size, end = path.stat().st_size, PointReader(path).end()
    with path.open("r+b") as file:
        file.seek(end + 100)
        file.write(b"torn")
    cuts = []
    monkeypatch.setattr(os, "ftruncate", lambda *given: cuts.append(given))
    second = PointWriter(path)
    second.log_scalar("loss", 0.25)
    assert cuts == []
    assert path.stat().st_size >= size
    monkeypatch.undo()
    second.close()
    assert [point.value for point in PointReader(path).read()] == [0.5, 0.25]
    assert b"torn" not in path.read_bytes()


def test_room_is_taken_where_posix_fallocate_is_missing(tmp_path, monkeypatch):
    """Without ``posix_fallocate`` zeros are written instead."""
    monkeypatch.delattr(os, "posix_fallocate")
    path = tmp_path / "one.points"
    writer = PointWriter(path)
    for number in range(30_000):
        writer.log_scalar("loss", 0.5)
    writer.close()
    assert PointReader(path).count() == 30_000


@pytest.mark.parametrize("moment", ["opening", "changing"])
def test_a_handler_strikes_while_room_is_made(tmp_path, monkeypatch, moment):
    """A handler that logs while the file is opened, or the next window, finds its own way, and both points stay."""
    path = tmp_path / "one.points"
    writer = PointWriter(path)
    real, wanted = points_module.open_window if moment == "opening" else points_module.next_window, 1
    if moment == "changing":
        while writer._window is None or writer._window.room:
            writer.log_scalar("x", 0.5)
            wanted += 1
    struck = []

    def strike(*arguments):
        if not struck:
            struck.append(1)
            writer.log_scalar("x", -1.0)
        return real(*arguments)

    monkeypatch.setattr(points_module, "open_window" if moment == "opening" else "next_window", strike)
    writer.log_scalar("x", 0.25)
    writer.log_scalar("x", 0.125)
    writer.close()
    assert [point.value for point in PointReader(path).read(wanted - 1)] == [-1.0, 0.25, 0.125]


def test_a_writer_that_was_forked_forgets_its_file(tmp_path):
    """After a fork the child's writer refuses points, and closing it changes nothing."""
    path = tmp_path / "one.points"
    writer = PointWriter(path)
    writer.log_scalar("x", 1.0)
    before = path.read_bytes()
    points_module._after_fork()
    with pytest.raises(StoreError, match="forked"):
        writer.log_scalar("x", 2.0)
    writer.close()
    assert path.read_bytes() == before
    assert writer.count == 1


def test_an_error_of_a_handler_is_no_loss(tmp_path):
    """What a signal handler raises in the middle of a write is heard, even where losses are forgiven."""
    losses = []
    writer = PointWriter(tmp_path / "one.points", on_loss=losses.append)
    writer.log_scalar("x", 1.0)

    for error in (TimeoutError, ValueError):

        def struck(record, error=error):
            raise error("of the program")

        writer._write = struck
        with pytest.raises(error, match="of the program"):
            writer.log_scalar("x", 2.0)
        with pytest.raises(error, match="of the program"):
            writer.add("x", 2.0)
    assert losses == []
