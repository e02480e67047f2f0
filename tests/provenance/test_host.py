from __future__ import annotations

import os
import platform
import stat
import sys
import threading

import psutil
import pytest

from expkit.errors import ProvenanceError
from expkit.provenance.machine import gathering as gathering_module
from expkit.provenance.machine import gpus
from expkit.provenance.machine import host
from expkit.provenance.machine.gathering import Gathering
from expkit.provenance.machine.host import IgnoreHostInfo, host_facts, host_info_gatherer, slow_facts
from expkit.settings import SETTINGS


def fake(tmp_path, monkeypatch, text, name="nvidia-smi"):
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")


@pytest.fixture
def elsewhere(monkeypatch):
    """Make the module believe that it runs on another system."""

    def pretend(system):
        monkeypatch.setattr(
            host,
            "sys",
            type("sys", (), {"platform": system, "version": sys.version, "implementation": sys.implementation}),
        )

    return pretend


def test_facts_agree_with_the_standard_library():
    """Every fact is the one that platform and psutil give, found faster."""
    facts = host_facts()
    assert facts["hostname"] == platform.node()
    assert facts["os"] == [platform.system(), platform.platform()]
    assert facts["python_version"] == platform.python_version()
    assert facts["cpu_count"] == os.cpu_count()
    assert facts["memory"] == pytest.approx(psutil.virtual_memory().total, rel=0.01)


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_facts_on_other_systems(system, elsewhere):
    """The portable ways give facts of the same kind."""
    elsewhere(system)
    facts = host_facts()
    assert facts["os"] == [platform.system(), platform.platform()]
    assert facts["cpu"] is None or isinstance(facts["cpu"], str)


def test_memory_without_sysconf(monkeypatch):
    """Where the system has no sysconf psutil knows the memory."""
    monkeypatch.delattr(os, "sysconf")
    assert host_facts()["memory"] == psutil.virtual_memory().total


def test_a_system_without_glibc(monkeypatch):
    """The line about the system names no C library where it is another one."""
    monkeypatch.setattr(os, "confstr_names", {})
    assert "glibc" not in host_facts()["os"][1]


def test_cpu_can_be_left_out(monkeypatch):
    """INCLUDE_CPU_INFO=False leaves the processor unknown."""
    monkeypatch.setattr(SETTINGS.HOST_INFO, "INCLUDE_CPU_INFO", False)
    assert host_facts()["cpu"] is None


def test_cpu_model(tmp_path, monkeypatch):
    """The model is the first processor's; a system that says nothing gives None."""
    opened = {"/proc/cpuinfo": tmp_path / "cpuinfo"}
    monkeypatch.setattr(
        host, "open", lambda path, *rest, **options: open(opened[path], *rest, **options), raising=False
    )
    assert _cpu_anew() is None
    opened["/proc/cpuinfo"].write_text("processor\t: 0\nmodel name\t: Fine CPU @ 3GHz\n\nmodel name\t: Other\n")
    assert _cpu_anew() == "Fine CPU @ 3GHz"
    opened["/proc/cpuinfo"].write_text("processor\t: 0\nBogoMIPS\t: 108.00\n")
    assert _cpu_anew() is None
    host._cpuinfo.cache_clear()


def _cpu_anew():
    """The model of the processor as another process would see it."""
    host._cpuinfo.cache_clear()
    return host_facts()["cpu"]


def test_chosen_environment_is_kept_and_secrets_are_masked(monkeypatch):
    """Only variables that were asked for are kept, and never a secret."""
    monkeypatch.setattr(SETTINGS.HOST_INFO, "CAPTURED_ENV", ["LAB_ROOM", "LAB_TOKEN", "LAB_MISSING"])
    monkeypatch.setenv("LAB_ROOM", "101")
    monkeypatch.setenv("LAB_TOKEN", "abc")
    assert host_facts()["ENV"] == {"LAB_ROOM": "101", "LAB_TOKEN": "***"}


def test_gatherers_add_facts():
    """A gatherer's value stands under its name; it is still a function that can be called."""

    @host_info_gatherer("room")
    def room():
        """Where the machine stands."""
        return 101

    assert Gathering([room]).soon().host == {"room": 101}
    assert (room.name, room(), room.get_info(), room.__doc__) == ("room", 101, 101, "Where the machine stands.")


def test_a_failing_gatherer_is_one_sentence():
    """A gatherer that fails, wants to exit, or has nothing to say, leaves its key out and stops nobody."""

    @host_info_gatherer("broken")
    def broken():
        raise ValueError("no such room")

    @host_info_gatherer("leaving")
    def leaving():
        raise SystemExit(3)

    @host_info_gatherer("quiet")
    def quiet():
        raise IgnoreHostInfo

    gathering = Gathering([broken, leaving, quiet, host_info_gatherer("fine")(lambda: 1)])
    found = gathering.soon()
    assert found.host == {"fine": 1}
    assert found.gaps == (
        "host info 'broken' could not be gathered: ValueError: no such room",
        "host info 'leaving' could not be gathered: SystemExit: 3",
    )
    assert gathering.later is None


def test_a_slow_gatherer_is_heard_later(monkeypatch):
    """A gatherer that takes long does not hold up the start, nor the others; its fact comes when it is known."""
    monkeypatch.setattr(gathering_module, "START_PATIENCE", 0.1)
    go = threading.Event()
    slow = host_info_gatherer("slow")(lambda: go.wait(10))
    gathering = Gathering([slow, host_info_gatherer("quick")(lambda: 2)])
    assert gathering.soon().host == {"quick": 2}
    go.set()
    assert gathering.later().host == {"slow": True}


def test_a_gatherer_that_hangs_is_given_up(monkeypatch):
    """What is not known after a good while is one sentence."""
    monkeypatch.setattr(gathering_module, "START_PATIENCE", 0.05)
    monkeypatch.setattr(gathering_module, "LATER_PATIENCE", 0.05)
    go = threading.Event()
    gathering = Gathering([host_info_gatherer("slow")(lambda: go.wait(10))])
    assert gathering.soon().gaps == ()
    assert gathering.later().gaps == ("host info 'slow' could not be gathered: it took too long",)
    go.set()


def test_a_run_goes_on_without_a_gatherer_that_hangs(script):
    """A hanging gatherer costs a run's start no more than a second."""
    done = script(HANGING, timeout=30)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < 8


HANGING = """
import time
from expkit import Experiment, host_info_gatherer

@host_info_gatherer("hang")
def hang():
    time.sleep(60)

began = time.monotonic()
ex = Experiment("hang", interactive=True, additional_host_info=[hang])

@ex.main
def main():
    print("here")

ex.run()
print(time.monotonic() - began)
"""


def test_names_of_our_own_facts_are_taken():
    """A gatherer cannot replace what expkit gathers; old scripts expect a KeyError."""
    with pytest.raises(KeyError, match="'cpu'") as refused:
        host_info_gatherer("cpu")(lambda: "mine")
    assert isinstance(refused.value, ProvenanceError)


def test_a_gatherer_may_replace_most_facts(experiment, tmp_path):
    """A gatherer of a common name, as older programs have them, wins over the fact of that name."""
    experiment.additional_host_info.append(host_info_gatherer("container")(lambda: "mine"))
    experiment.observers = [f"folder:{tmp_path}"]
    assert experiment.run().record.host["container"] == "mine"


def test_a_probe_that_fails_is_one_sentence(monkeypatch):
    """A fact that cannot be found out is left out, and the others are there."""
    monkeypatch.setitem(host._PROBES, "cpu_count", lambda: 1 / 0)
    problems = []
    facts = host_facts(problems)
    assert problems == ["host fact 'cpu_count' could not be found out: ZeroDivisionError: division by zero"]
    assert "cpu_count" not in facts
    assert facts["memory"] > 0


def test_facts_about_the_python():
    """Implementation, compiler and C library are those that platform names."""
    facts = host_facts()
    assert facts["python_implementation"].lower() == platform.python_implementation().lower()
    assert facts["python_compiler"] == platform.python_compiler()
    assert facts["machine"] == platform.machine()
    assert facts["libc"] is None or facts["libc"].split()[1] == platform.libc_ver()[1]


def test_cores():
    """Physical cores are no more than logical ones; the limit is what may be used of them."""
    facts = host_facts()
    assert facts["cpu_cores"] is None or 1 <= facts["cpu_cores"] <= facts["cpu_count"]
    assert 0 < facts["cpu_limit"] <= facts["cpu_count"]
    assert 0 < facts["memory_limit"] <= facts["memory"]


GPU = """case "$*" in
*--query-gpu=*index*) {more} ;;
*--query-gpu=*) printf '{basic}' ;;
-L) printf 'GPU 0: A100 (UUID: GPU-aa)\\n  MIG 1g.5gb Device 0: (UUID: MIG-1)\\n  MIG 2g.10gb Device 1: (UUID: MIG-2)\\n' ;;
*) printf '| NVIDIA-SMI 550.54   Driver Version: 550.54.15   CUDA Version: 12.4     |\\n' ;;
esac"""
MORE = """printf 'A100, 40960, Enabled, 550.54.15, 0, GPU-aa, Enabled, 8.0\\nT4, 15360, Disabled, 550.54.15, 1, GPU-bb, [N/A], 7.5\\n'"""
BASIC = """NVIDIA H100 80GB HBM3, 81559, Enabled, 550.54.15\\nTegra, [N/A], Disabled, 550.54.15\\nwarning\\n"""


def test_graphics_processors(tmp_path, monkeypatch):
    """Model, memory in MiB, driver, CUDA, parts and whether this process sees them are read from nvidia-smi."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aa,1")
    fake(tmp_path, monkeypatch, GPU.format(more=MORE, basic=""))
    assert slow_facts() == {
        "gpus": {
            "gpus": [
                {"model": "A100", "total_memory": 40960, "persistence_mode": True, "index": 0, "uuid": "GPU-aa",
                 "visible": True, "compute_capability": "8.0", "mig": ["1g.5gb", "2g.10gb"]},
                {"model": "T4", "total_memory": 15360, "persistence_mode": False, "index": 1, "uuid": "GPU-bb",
                 "visible": True, "compute_capability": "7.5"},
            ],
            "driver_version": "550.54.15",
            "cuda_version": "12.4",
        }
    }  # fmt: skip


def test_graphics_processors_of_an_old_driver(tmp_path, monkeypatch):
    """A program that does not know all questions is asked the old ones; lines that are no data are passed over."""
    fake(tmp_path, monkeypatch, GPU.format(more="exit 2", basic=BASIC))
    assert slow_facts() == {
        "gpus": {
            "gpus": [
                {"model": "NVIDIA H100 80GB HBM3", "total_memory": 81559, "persistence_mode": True},
                {"model": "Tegra", "total_memory": None, "persistence_mode": False},
            ],
            "driver_version": "550.54.15",
            "cuda_version": "12.4",
        }
    }


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [("0,2", {0, 2}), ("", set()), ("-1", set()), ("GPU-b", {1}), ("2,9,0", {2}), ("MIG-1", {0, 1, 2}), (" 1 ", {1})],
)
def test_visible_devices(wanted, seen):
    """CUDA_VISIBLE_DEVICES is read as CUDA reads it: by index or uuid, up to the first unknown name."""
    assert gpus.visible([(0, "GPU-a"), (1, "GPU-b"), (2, "GPU-c")], wanted) == seen


@pytest.mark.parametrize("text", ["exit 9", "exec sleep 60", "exit 0"])
def test_silent_nvidia_smi(tmp_path, monkeypatch, text):
    """A program that fails, hangs or prints nothing leaves the key out."""
    fake(tmp_path, monkeypatch, text)
    monkeypatch.setattr(gpus, "PATIENCE", 0.2)
    assert slow_facts() == {}


def test_no_nvidia_smi(monkeypatch, tmp_path):
    """Without the program nothing is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slow_facts() == {}


def test_gpus_can_be_left_out(monkeypatch):
    """INCLUDE_GPU_INFO=False says None without looking."""
    monkeypatch.setattr(SETTINGS.HOST_INFO, "INCLUDE_GPU_INFO", False)
    assert slow_facts() == {"gpus": None}
