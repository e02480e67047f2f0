from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from expkit.stores import holder as process
from expkit.stores.holder import alive, this_process

PRINT_LEASE = """
import sys, json
from expkit.stores.holder import this_process
print(json.dumps(vars(this_process(5.0))), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["linux", "elsewhere"])
def platform(request, monkeypatch):
    """Run the test as on Linux and as where only psutil knows."""
    if request.param == "elsewhere":
        import psutil  # noqa: F401 - it looks at the platform when it is imported

        monkeypatch.setattr(process, "sys", type("sys", (), {"platform": "beyond"}))
    return request.param


def test_this_process_is_alive(platform):
    """The lease of the running process names it, and it lives."""
    lease = this_process(2.5)
    assert (lease.pid, lease.interval, lease.renewed) == (os.getpid(), 2.5, None)
    assert alive(lease) is True


def test_a_second_look_gives_the_same_lease(platform):
    """A process has one name for ever."""
    assert this_process(1) == this_process(1)


@pytest.mark.parametrize("field", ["host", "boot", "pid_namespace"])
def test_other_machines_cannot_be_judged(field):
    """Nobody here knows about processes of another host, boot or pid namespace."""
    assert alive(this_process(1).but(**{field: "other"})) is None


def test_a_pid_used_again_is_not_the_same_process(platform):
    """The start time tells a process from a later one with its number."""
    lease = this_process(1)
    assert alive(lease.but(process_start=lease.process_start - 60)) is False


def test_a_killed_process_is_dead_even_before_it_is_collected(platform):
    """A killed process counts as dead as soon as it is dead: as a zombie and afterwards."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process._start_of(child.pid)
    lease = this_process(1).but(pid=child.pid, process_start=started)
    assert alive(lease) is True
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(lease) is False
    child.communicate()
    assert alive(lease) is False


def test_another_process_can_judge():
    """Two processes agree on the lease of one of them."""
    import json

    from expkit.record.model import Lease

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PRINT_LEASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:
        lease = Lease(**json.loads(child.stdout.readline()))
        assert alive(lease) is True
    assert alive(lease) is False


def test_missing_facts_leave_empty_names(monkeypatch):
    """Where /proc is not there the names are empty, and the lease can still be written."""
    assert process._first_line("/nowhere/at/all") == ""
    monkeypatch.setattr(os, "readlink", lambda path: (_ for _ in ()).throw(OSError))
    assert this_process(1).pid_namespace == ""


def test_host_name_without_uname(monkeypatch):
    """Systems without uname have a host name, too."""
    name = process.host_name()
    monkeypatch.delattr(os, "uname")
    assert process.host_name() == name
