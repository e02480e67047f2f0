"""What becomes of runs whose folder is taken away, shut or filled up while they are going on."""

from __future__ import annotations

import errno
import logging
import os
import shutil

import pytest

from expkit import Experiment
from expkit.record.events import Completed, FileAdded, Learned
from expkit.record.model import FileRef
from expkit.run.recording.recorder import now
from expkit.stores.disk import files
from expkit.stores.folder.store import FolderStore


@pytest.mark.parametrize("way", ["deleted", "removed", "moved", "all"])
def test_a_run_whose_folder_goes_does_not_come_back(root, tmp_path, caplog, way):
    """The program goes on, the log says it once, and nothing is made anew where the folder was."""
    ex = Experiment("gone", observers=[root], interactive=True)
    ways = {
        "deleted": lambda: FolderStore(root).delete("1"),
        "removed": lambda: shutil.rmtree(root / "1"),
        "moved": lambda: os.rename(root / "1", tmp_path / "1"),
        "all": lambda: os.rename(root, tmp_path / "elsewhere"),
    }

    @ex.main
    def main(_run):
        _run.log_scalar("loss", 1)
        ways[way]()
        for number in range(3):
            _run.log_scalar("loss", number)
            _run.info["number"] = number
            _run.add_artifact(__file__, f"{number}.py")
            _run.flush()
        return 7

    with caplog.at_level(logging.WARNING):
        assert ex.run().result == 7
    assert [text for text in caplog.messages if "is gone; what comes from now on is lost" in text] == caplog.messages
    assert len(caplog.messages) == 1
    assert not (root / "1").exists()
    assert root.exists() is (way != "all")
    assert FolderStore(root).ids() == []


def test_the_end_of_a_run_in_a_folder_that_takes_no_files(store, log, monkeypatch):
    """Where run.json may not be replaced any more, the end stands in the log of events, which is open."""
    log.write(Learned(time=now()))

    def refuse(*_):
        raise PermissionError(errno.EACCES, "no files here")

    monkeypatch.setattr(files, "move", refuse)
    log.write(Completed(time=now(), result=7))
    record = store.load(log.record.uid)
    assert (record.status, record.result) == ("COMPLETED", 7)


def test_a_gap_is_written_when_it_begins(root, monkeypatch):
    """A full disk is on record before the end, which may never come: a little room is held back for that."""
    ex = Experiment("full", observers=[root], interactive=True)
    reserve = root / ".expkit" / "reserve"
    seen = []

    @ex.main
    def main(_run):
        _run.log_scalar("loss", 1)
        full = os.path.getsize(reserve)
        real = files.write_all

        def write_all(fd, data):
            if os.path.getsize(reserve) >= full:
                raise OSError(errno.ENOSPC, "no space left")
            real(fd, data)

        with monkeypatch.context() as patch:
            patch.setattr(files, "write_all", write_all)
            _run.recorder.tell(FileAdded(time=now(), file=FileRef(path="x", role="input", kept=False)))
        seen.append(FolderStore(root).load("1"))

    ex.run()
    assert [gap for gap in seen[0].gaps if "something may be missing" in gap and "no space left" in gap]
    assert seen[0].status == "RUNNING"
    assert FolderStore(root).load("1").gaps == seen[0].gaps
