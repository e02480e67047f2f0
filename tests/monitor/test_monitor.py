"""A run's processes are looked at from time to time: metrics ``system/...``."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from expkit.provenance.machine.gpu_watch import GpuWatch
from expkit.stores.disk.points import PointReader

HEAD = """
import os, subprocess, sys, threading, time
from pathlib import Path
from expkit import Experiment, SETTINGS
from expkit.stores.disk.points import PointReader

def seen(name="system/memory"):
    files = Path("runs/1").glob("metrics-*.points")
    return sum(point.name == name for path in files for point in PointReader(path).read())

def wait_for_looks(count, name="system/memory"):
    deadline = time.monotonic() + 30
    while seen(name) < count and time.monotonic() < deadline:
        time.sleep(0.02)

SETTINGS.MONITOR.INTERVAL = {interval}
SETTINGS.MONITOR.GPU = {gpu}
SETTINGS.CAPTURE_MODE = "sys"
ex = Experiment("watched", interactive=True{observers})
"""

DEFAULT = {"interval": 0.1, "gpu": True, "observers": ""}


@pytest.fixture
def watched(script):
    """Run a main function's body in a script of its own; gives the process and the metrics that were recorded."""

    def run(body, environment=None, **options):
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        source = HEAD.format(**{**DEFAULT, **options}) + f"\n@ex.main\ndef main():\n{lines}\nex.run()\n"
        done = script(source, env={**os.environ, **(environment or {})})
        metrics = script.path / "runs/1/metrics.json"
        return done, json.loads(metrics.read_text()) if metrics.exists() else {}

    return run


def test_a_run_is_looked_at(watched):
    """Processor, memory and disk are metrics whose steps count the looks, up to one at the end."""
    done, metrics = watched("while seen() < 3: pass")
    assert done.returncode == 0, done.stderr
    assert {"system/cpu", "system/memory", "system/memory_percent"} <= metrics.keys()
    steps = metrics["system/memory"]["steps"]
    assert len(steps) >= 3
    assert steps == list(range(len(steps)))
    assert max(metrics["system/cpu"]["values"]) > 20  # of one core, on a machine that does other things, too
    assert all(5e6 < value < 1e9 for value in metrics["system/memory"]["values"])
    assert all(0 < value < 100 for value in metrics["system/memory_percent"]["values"])


def test_what_is_written_to_disk_is_seen(watched):
    """Bytes written and read are those that the system counts; where it does not count there are no such metrics."""
    body = """
with open("big", "wb") as file:
    file.write(os.urandom(3_000_000))
    os.fsync(file.fileno())
import psutil
print(getattr(psutil.Process(), "io_counters", lambda: None)())
wait_for_looks(1)
"""
    done, metrics = watched(body)
    counted = re.search(r"write_bytes=(\d+)", done.stdout)
    if counted:
        assert metrics["system/disk_write"]["values"][-1] >= int(counted[1])
    else:
        assert "system/disk_write" not in metrics


def test_children_count(watched):
    """What children use is part of it, also what children used that have ended."""
    body = """
wait_for_looks(1)
spin = "import sys, time; d = bytearray(60_000_000)\\nwhile time.process_time() < 0.4: pass\\nprint(flush=True); sys.stdin.read()"
with subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    wait_for_looks(seen() + 2)
wait_for_looks(seen() + 1)
"""
    _, metrics = watched(body)
    memory, cpu = metrics["system/memory"]["values"], metrics["system/cpu"]
    assert max(memory) > 60_000_000 + min(memory)
    times = [_seconds(text) for text in cpu["timestamps"]]
    spent = sum(
        value / 100 * (end - start) for value, start, end in zip(cpu["values"][1:], times, times[1:], strict=False)
    )
    assert spent > 0.15


def _seconds(text):
    return datetime.fromisoformat(text).timestamp()


def test_one_switch_switches_it_off(watched):
    """With an interval of 0 there are no such metrics, and no thread."""
    done, metrics = watched("time.sleep(0.3)\nprint([t.name for t in threading.enumerate()])", interval=0)
    assert metrics == {}
    assert "expkit monitor" not in done.stdout
    assert "MainThread" in done.stdout


def test_nobody_observes(watched):
    """A run that is not recorded is not looked at."""
    done, _ = watched("print([t.name for t in threading.enumerate()])", observers=", observers=[]")
    assert "expkit monitor" not in done.stdout
    assert "MainThread" in done.stdout


def test_short_runs_are_left_alone(watched):
    """A run that is over before the first look has no such metrics, and ends at once."""
    done, metrics = watched("print('psutil' in sys.modules)", interval=10)
    assert metrics == {}
    assert done.stdout.splitlines()[0] == "False"


def test_children_by_fork_do_not_look(watched):
    """A forked child does not write into its parent's record, and its end does not wait for the parent's thread."""
    body = """
wait_for_looks(1)
pid = os.fork()
if pid == 0:
    time.sleep(0.4)
    alive = [thread.name for thread in threading.enumerate()]
    os._exit(7 if "expkit monitor" in alive else 0)
print("child:", os.waitpid(pid, 0)[1])
"""
    done, metrics = watched(body)
    steps = metrics["system/memory"]["steps"]
    assert "child: 0" in done.stdout
    assert steps == list(range(len(steps)))


def test_what_was_seen_is_there_after_a_sudden_death(watched):
    """Looks are in the record at once: a run that is killed keeps the curve of its memory."""
    watched("wait_for_looks(1)\nos.kill(os.getpid(), 9)")
    (path,) = Path("runs/1").glob("metrics-*.points")
    names = {point.name for point in PointReader(path).read()}
    assert {"system/memory", "system/memory_percent"} <= names


FAKE = """#!{python}
import sys, time, os
open({log!r}, "a").write(f"{{os.getpid()}} {{sys.argv[1:]}}\\n")
if "-l" not in sys.argv:
    sys.exit(9)
{before}
while True:
    print("0, GPU-a, 37, 1024\\n1, GPU-b, [N/A], 10\\n2, GPU-c, 5, [N/A]\\nwarning", flush=True)
    time.sleep(0.05)
"""


@pytest.fixture
def nvidia_smi(tmp_path):
    """Put a program of this name on the path; gives the environment and a function that tells its process ids."""

    def make(before=""):
        folder, log = tmp_path / "bin", tmp_path / "log"
        folder.mkdir()
        program = folder / "nvidia-smi"
        program.write_text(FAKE.format(python=sys.executable, log=str(log), before=before))
        program.chmod(0o755)
        environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "0,1"}

        def started():
            lines = log.read_text().splitlines() if log.exists() else []
            return [int(line.split()[0]) for line in lines if "'-l'" in line]

        return environment, started

    return make


def ends(pid):
    """Whether a process ends before long."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as file:
                if ") Z" in file.read():
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_graphics_processors(watched, nvidia_smi):
    """Those that the run may use are seen through one nvidia-smi that ends with the run."""
    environment, started = nvidia_smi()
    done, metrics = watched("wait_for_looks(1, 'system/gpu1/memory')", environment)
    assert done.returncode == 0, done.stderr
    assert set(metrics["system/gpu0/utilization"]["values"]) == {37}
    assert set(metrics["system/gpu0/memory"]["values"]) == {1024 * 2**20}
    assert set(metrics["system/gpu1/memory"]["values"]) == {10 * 2**20}
    assert not {"system/gpu1/utilization", "system/gpu2/utilization"} & metrics.keys()
    (pid,) = started()
    assert ends(pid)


def test_graphics_processors_are_nobodys_child(watched, nvidia_smi):
    """A program that waits for all of its children does not wait for nvidia-smi."""
    environment, started = nvidia_smi()
    body = """
wait_for_looks(1, 'system/gpu0/memory')
try:
    while True:
        os.wait()
except ChildProcessError:
    print("no children")
"""
    done, _ = watched(body, environment)
    assert "no children" in done.stdout
    assert started()


def test_nvidia_smi_ends_with_a_killed_run(watched, nvidia_smi):
    """Nothing is left running after a run that was killed."""
    environment, started = nvidia_smi()
    watched("wait_for_looks(1, 'system/gpu0/memory')\nos.kill(os.getpid(), 9)", environment)
    (pid,) = started()
    assert ends(pid)


def test_a_hanging_nvidia_smi_holds_up_nothing(watched, nvidia_smi):
    """One that never says anything leaves its metrics out, and the run ends at once."""
    environment, started = nvidia_smi(before="time.sleep(60)")
    began = time.monotonic()
    done, metrics = watched("wait_for_looks(1)", environment)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 15
    assert "system/memory" in metrics
    assert not [name for name in metrics if "gpu" in name]
    assert all(map(ends, started()))


def test_graphics_processors_can_be_left_out(watched, nvidia_smi):
    """MONITOR.GPU = False starts no nvidia-smi for it."""
    environment, started = nvidia_smi()
    _, metrics = watched("wait_for_looks(1)", environment, gpu=False)
    assert "system/memory" in metrics
    assert started() == []


def test_an_nvidia_smi_that_begins_late_ends_too(nvidia_smi, monkeypatch):
    """Who stops before the process has told its number ends it when it does."""
    environment, started = nvidia_smi()
    monkeypatch.setenv("PATH", environment["PATH"])
    stopped, listen = threading.Event(), GpuWatch._listen
    monkeypatch.setattr(GpuWatch, "_listen", lambda watch: (stopped.wait(30), listen(watch)))
    watch = GpuWatch(1)
    deadline = time.monotonic() + 30
    while not started() and time.monotonic() < deadline:
        time.sleep(0.02)
    watch.stop()
    stopped.set()
    (pid,) = started()
    assert ends(pid)
