"""Hashes of files, and their memory."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

import pytest

from expkit._support.signature import Signature
from expkit.provenance.files.hashes import REMEMBERED_FROM, Hashes, Unfinished, digest

LARGE = b"x" * REMEMBERED_FROM


def aged(path, data=LARGE, seconds=10):
    """A file whose times are past: that of the change cannot be set, so it is waited for."""
    path.write_bytes(data)
    past = time.time() - seconds
    os.utime(path, (past, past))
    while not Signature.of(os.stat(path)).is_sure(time.time_ns()):
        time.sleep(0.005)
    return path


def test_the_hash_is_that_of_the_bytes(tmp_path):
    """Small, empty and large files."""
    for data in (b"", b"abc", LARGE + b"y"):
        path = aged(tmp_path / "file", data)
        assert digest(path) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_known_file_is_not_read_again_by_any_process(tmp_path):
    """What is remembered comes from the file of hashes, here seen by a false entry in it."""
    path, memory = aged(tmp_path / "file"), tmp_path / "hashes.txt"
    true = Hashes(memory).digest(path).sha256
    assert len(memory.read_text().splitlines()) == 1
    memory.write_text(memory.read_text().replace(true, "0" * 64))
    assert Hashes(memory).digest(path).sha256 == "0" * 64


def test_a_changed_file_is_read_again(tmp_path):
    """Other bytes of the same size and another time of change; and the same bytes in another file."""
    path, memory = aged(tmp_path / "file"), Hashes(tmp_path / "hashes.txt")
    before = memory.digest(path)
    aged(path, b"y" * REMEMBERED_FROM, seconds=9)
    assert memory.digest(path) != before


def test_a_file_whose_time_was_set_back_is_read_again(tmp_path):
    """As `rsync --times --inplace` and `touch -r` leave it: of the same size, at the same place, of the same time."""
    path, memory = aged(tmp_path / "file"), tmp_path / "hashes.txt"
    before, times = Hashes(memory).digest(path), os.stat(path)
    path.write_bytes(b"y" * REMEMBERED_FROM)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Hashes(memory).digest(path) != before


def test_a_file_that_may_still_change_is_not_remembered(tmp_path):
    """Clocks of file systems are coarse: what was changed just now may change again without a trace."""
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    Hashes(tmp_path / "hashes.txt").digest(path)
    assert not (tmp_path / "hashes.txt").exists()


def test_a_torn_or_foreign_memory_costs_time_never_truth(tmp_path):
    """Lines that are none are passed over."""
    path, memory = aged(tmp_path / "file"), tmp_path / "hashes.txt"
    memory.write_bytes(b"\xff\xfe torn\n\n1 2 3 4 5\n" + b"a" * 32 + b" v w x y z " + b"0" * 64 + b"\n" + b"half a li")
    assert Hashes(memory).digest(path).sha256 == hashlib.sha256(LARGE).hexdigest()


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path):
    """The hash comes all the same."""
    (tmp_path / "no").write_text("")
    path = aged(tmp_path / "file")
    assert Hashes(tmp_path / "no/hashes.txt").digest(path).size == len(LARGE)


def test_hashing_stops_when_told(tmp_path):
    """Between two chunks."""
    with pytest.raises(Unfinished):
        digest(aged(tmp_path / "file"), lambda: True)


def test_many_processes_share_a_memory(tmp_path):
    """Each file is one whole line, whoever wrote it."""
    for number in range(8):
        aged(tmp_path / f"file{number}", LARGE + bytes([number]))
    code = (
        "import sys; from expkit.provenance.files.hashes import Hashes; memory = Hashes('hashes.txt')\n"
        "for name in sys.argv[1:]: memory.digest(name)"
    )
    names = [f"file{number}" for number in range(8)]
    workers = [subprocess.Popen([sys.executable, "-c", code, *names[half::2]], cwd=tmp_path) for half in (0, 1)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert sorted(len(line.split()) for line in (tmp_path / "hashes.txt").read_text().splitlines()) == [7] * 8


def test_a_huge_file_does_not_hold_up_the_end(used):
    """What is not hashed in time is recorded by path and size, and the record says so."""
    with open(used.path / "huge.bin", "wb") as file:
        file.truncate(4 << 30)
    run = used(
        'start = time.monotonic(); open("huge.bin", "rb").close()\natexit.register(lambda: print("TOOK", time.monotonic() - start))',
        "import atexit, time\nfrom expkit import SETTINGS\nSETTINGS.FILES.END_PATIENCE = 0.3",
    )
    ref = run.refs["input", "huge.bin"]
    assert (ref.size, ref.sha256) == (4 << 30, "")
    assert any("no hash of huge.bin" in gap for gap in run.record["gaps"])
    assert float(run.output.split("TOOK")[1].split()[0]) < 3


def test_the_next_run_sees_new_bytes_behind_old_times(used):
    """A rewrite of the same size whose time was set back gets its own hash in the next run's record."""
    path = aged(used.path / "data.bin", b"x" * 1_500_000)
    times = os.stat(path)
    assert used('open("data.bin", "rb").close()').refs["input", "data.bin"].sha256 == sha256(b"x" * 1_500_000)
    path.write_bytes(b"y" * 1_500_000)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    ref = used('open("data.bin", "rb").close()').refs["input", "data.bin"]
    assert (ref.sha256, ref.changed) == (sha256(b"y" * 1_500_000), False)


def sha256(data):
    return hashlib.sha256(data).hexdigest()
