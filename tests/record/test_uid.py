from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import uuid

from expkit.record.uid import new_uid


def test_shape():
    """A uid is a UUID of version 7, in 32 hex digits, and tells the time."""
    before = time.time_ns() // 1_000_000
    uid = new_uid()
    assert re.fullmatch("[0-9a-f]{32}", uid)
    assert (uuid.UUID(uid).version, uuid.UUID(uid).variant) == (7, uuid.RFC_4122)
    assert before <= int(uid[:12], 16) <= time.time_ns() // 1_000_000 + 10


def test_sorts_by_creation():
    """Names made one after the other sort, and none comes twice."""
    uids = [new_uid() for _ in range(5000)]
    assert sorted(set(uids)) == uids


def test_unique_among_threads():
    """Threads that make names at once make different ones."""
    uids: list[str] = []
    threads = [threading.Thread(target=lambda: uids.extend([new_uid() for _ in range(500)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(uids)) == 4000


def test_unique_among_processes():
    """Processes, forked ones too, make different names."""
    script = (
        "import os; from expkit.record.uid import new_uid; new_uid();"
        "getattr(os, 'fork', int)(); os.write(1, ' '.join([new_uid() for _ in range(100)] + ['']).encode())"
    )
    command = [sys.executable, "-c", script]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    uids = [uid for process in processes for uid in process.communicate()[0].split()]
    assert len(uids) in {300, 600}
    assert len(set(uids)) == len(uids)
