"""What a process and its children use, told by the system."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from expkit.provenance.machine import usage as module
from expkit.provenance.machine.usage import usage

SPIN = "import time; data = bytearray(40_000_000)\nwhile time.process_time() < 0.3: pass\nprint('spun', flush=True)\ninput()"


@pytest.fixture
def child():
    """A process that uses 40 MB and 0.3 s of processor time, then waits to be told to end."""
    process = subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    yield process
    process.communicate("\n")


@pytest.fixture(params=["the system's files", "psutil"])
def way(request, monkeypatch):
    """Both ways to ask; on systems without such files they are one."""
    if request.param == "psutil":
        monkeypatch.setattr(module.os.path, "exists", lambda path: False)


@pytest.mark.usefixtures("way")
def test_this_process_and_its_children(child):
    """Memory and processor time are those that psutil tells of the processes; those that run tests may have more."""
    used = usage()
    them = [psutil.Process(), *psutil.Process().children(recursive=True)]
    assert child.pid in [process.pid for process in them]
    assert used.memory == pytest.approx(sum(process.memory_info().rss for process in them), rel=0.2)
    assert used.memory > 40_000_000
    assert used.cpu >= 0.3 + psutil.Process().cpu_times().user - 0.1


@pytest.mark.usefixtures("way")
def test_time_of_children_that_have_ended_stays():
    """Processor time does not go back when a child ends."""
    before = usage().cpu
    subprocess.run([sys.executable, "-c", SPIN], input="\n", capture_output=True, text=True, check=True)
    assert usage().cpu >= before + 0.25


@pytest.mark.usefixtures("way")
def test_processes_come_and_go():
    """A process that ends while it is looked at is passed over."""
    quick = [subprocess.Popen([sys.executable, "-c", "pass"]) for _ in range(5)]
    while any(process.poll() is None for process in quick):
        assert usage().memory > 0
