"""Two who copy the same runs into one store at once: what they leave is whole, as if there had been one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.record.model import COMPLETED, OUTPUT, Point, StreamKey
from expkit.stores import copy, open_store
from expkit.stores.copying.run import COPIED, UNCHANGED
from expkit.stores.disk import output
from expkit.stores.disk.slots import FILLER_SLOT
from expkit.stores.folder.store import FolderStore
from expkit.stores.holder import this_process
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import NOON, sample_annotation, sample_lease, sample_points, sample_record

from .conftest import HOME, file, is_same

COPYING = """
import sys
from expkit.stores import copy, open_store
from expkit.stores.copying import streams

streams.CHUNK = 60
src, dst = map(open_store, sys.argv[1:3])
print("ready", flush=True)
sys.stdin.readline()
report = copy(src, dst)
assert not report.problems, report.problems
"""


def fill(store, count):
    """Runs with two metrics, output, a file and later facts each."""
    for number in range(count):
        record = sample_record(
            status=COMPLETED, stop_time=NOON, files=(file(store, "a.bin", "artifact", b"%d" % number * 1000),)
        )
        store.create(record, lease=sample_lease())
        points = [Point(("loss", "acc")[step % 2], step, step / 7, 1.5e9 + step) for step in range(600)]
        store.append(record.uid, StreamKey(), 0, points)
        store.append(record.uid, StreamKey(OUTPUT), 0, b"a line of output\n" * 3000)
        store.annotate(record.uid, sample_annotation("best", "tag"))
        store.annotate(record.uid, sample_annotation(number))
    return store


@pytest.mark.parametrize("target", ["folder", "tinydb", "sqlite"])
def test_two_copies_at_once(tmp_path, url, target):
    """Each run is there once, with its id and all that it has, and both copies end without a problem."""
    src, to = fill(FolderStore(tmp_path / "src"), 12), url(target)
    command = [sys.executable, "-c", COPYING, str(src.root), to]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    both = [subprocess.Popen(command, env=environment, text=True, **pipes) for _ in range(2)]
    for each in both:
        assert each.stdout.readline() == "ready\n"
    for each in both:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=120)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    dst = open_store(to)
    is_same(src, dst)
    assert {key.uid: str(key.id) for key in dst.ids()} == {key.uid: str(key.id) for key in src.ids()}
    assert {run.what for run in copy(src, dst).runs} == {UNCHANGED}
    dst.close()


class Busy(MemoryStore):
    """A store into which somebody else writes before the first points of a copy arrive."""

    meanwhile = None

    def append(self, run, stream, offset, batch):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().append(run, stream, offset, batch)


def ended(record, *stores):
    for store in stores:
        store.append(record.uid, StreamKey(), store.streams(record.uid).get(StreamKey(), 0), sample_points(10, 10))
        store.save(record.but(status=COMPLETED, stop_time=NOON, result=1))


@pytest.mark.parametrize("is_observed", [True, False])
def test_a_run_that_ends_while_it_is_copied(is_observed):
    """What a copy has read before a run ended never stands over its end, be it that an observer writes that there."""
    src, dst = MemoryStore(), Busy()
    record = sample_record(files=())
    src.create(record)
    src.append(record.uid, StreamKey(), 0, sample_points(10))

    def meanwhile():
        ended(record, src)
        if is_observed:
            dst.append(record.uid, StreamKey(), 0, sample_points(10))
            ended(record, dst)

    dst.meanwhile = meanwhile
    assert [run.what for run in copy(src, dst).runs] == [COPIED]
    assert (dst.load(record.uid).status, len(dst.read(record.uid, StreamKey()))) == (COMPLETED, 20)
    is_same(src, dst)


def test_a_copy_that_somebody_else_has_completed():
    """One who has read an older state leaves the end that somebody else has brought from another place."""
    src, dst = MemoryStore(), Busy()
    record = sample_record(files=())
    src.create(record)
    src.append(record.uid, StreamKey(), 0, sample_points(10))
    dst.meanwhile = lambda: ended(record, dst)
    copy(src, dst)
    assert dst.load(record.uid).status == COMPLETED


def test_damaged_points_in_the_copy(tmp_path):
    """Where what was copied cannot be read any more, the line says so, and what to do about it."""
    src, dst = MemoryStore(), FolderStore(tmp_path / "dst")
    record = sample_record(files=())
    src.create(record)
    src.append(record.uid, StreamKey(), 0, sample_points(10))
    copy(src, dst)
    path = dst.root / "1" / "metrics-0-0.points"
    data = bytearray(path.read_bytes())
    at = data.index(sample_points(1)[0].name.encode()) // 32 * 32 - 32
    data[at : at + 64] = FILLER_SLOT * 2  # what named the series
    path.write_bytes(data)
    src.append(record.uid, StreamKey(), 10, sample_points(5, 10))
    (problem,) = copy(src, FolderStore(dst.root)).problems
    assert "points cannot be read there any more" in problem
    assert f"delete run 1 in folder:{dst.root}, and copy it again" in problem
    FolderStore(dst.root).delete("1")
    assert copy(src, (again := FolderStore(dst.root))).problems == ()
    assert again.read(record.uid, StreamKey()) == sample_points(15)


def printed(path, settled, raw):
    """What a run leaves that goes on: settled lines, and bytes as they were printed."""
    path.write_bytes(settled)
    Path(output.raw_path(str(path))).write_bytes(raw)
    output.write_note(str(path), output.Note(len(settled), len(settled)))


def test_a_line_that_is_being_painted(tmp_path):
    """Of a run that goes on no line is copied that may still change, so the copy goes on from there; of one that died all is."""
    src, dst = FolderStore(tmp_path / "src"), MemoryStore()
    uid = sample_record(files=()).uid
    src.create(sample_record(uid=uid, files=()), lease=this_process(60.0))
    path = src.root / "1" / "cout.txt"
    for settled, raw in [(b"begin\n", b"begin\n10%\r20%"), (b"begin\n30%\n", b"begin\n30%\n4")]:
        printed(path, settled, raw)
        assert copy(src, dst).problems == ()
        assert dst.read(uid, StreamKey(OUTPUT)) == settled
    src.renew(uid, sample_lease().but(renewed=NOON))
    assert copy(src, dst).problems == ()
    assert dst.read(uid, StreamKey(OUTPUT)) == src.read(uid, StreamKey(OUTPUT)) == b"begin\n30%\n4"
