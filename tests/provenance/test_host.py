from __future__ import annotations

import os
import platform
import stat
import sys

import psutil
import pytest

from expkit.errors import ProvenanceError
from expkit.provenance import host
from expkit.provenance.host import IgnoreHostInfo, host_facts, host_info_gatherer, slow_facts
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
        monkeypatch.setattr(host, "sys", type("sys", (), {"platform": system, "version": sys.version}))

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
    assert host_facts()["cpu"] is None
    opened["/proc/cpuinfo"].write_text("processor\t: 0\nmodel name\t: Fine CPU @ 3GHz\nmodel name\t: Other\n")
    assert host_facts()["cpu"] == "Fine CPU @ 3GHz"
    opened["/proc/cpuinfo"].write_text("processor\t: 0\nBogoMIPS\t: 108.00\n")
    assert host_facts()["cpu"] is None


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

    assert host_facts([room])["room"] == 101
    assert (room.name, room(), room.get_info(), room.__doc__) == ("room", 101, 101, "Where the machine stands.")


def test_a_failing_gatherer_is_one_sentence():
    """A gatherer that fails, or has nothing to say, leaves its key out and stops nobody."""

    @host_info_gatherer("broken")
    def broken():
        raise ValueError("no such room")

    @host_info_gatherer("quiet")
    def quiet():
        raise IgnoreHostInfo

    problems = []
    facts = host_facts([broken, quiet, host_info_gatherer("fine")(lambda: 1)], problems)
    assert problems == ["host info 'broken' could not be gathered: ValueError: no such room"]
    assert facts["fine"] == 1
    assert not {"broken", "quiet"} & facts.keys()
    assert "broken" not in host_facts([broken])


def test_names_of_our_own_facts_are_taken():
    """A gatherer cannot replace what expkit gathers."""
    with pytest.raises(ProvenanceError, match="'cpu'"):
        host_info_gatherer("cpu")(lambda: "mine")


def test_graphics_processors(tmp_path, monkeypatch):
    """Model, memory in MiB, mode and driver are read from nvidia-smi; lines that are no data are passed over."""
    lines = "NVIDIA H100 80GB HBM3, 81559, Enabled, 550.54.15\\nTegra, [N/A], Disabled, 550.54.15\\nwarning"
    fake(tmp_path, monkeypatch, f"printf '{lines}\\n'")
    assert slow_facts() == {
        "gpus": {
            "gpus": [
                {"model": "NVIDIA H100 80GB HBM3", "total_memory": 81559, "persistence_mode": True},
                {"model": "Tegra", "total_memory": None, "persistence_mode": False},
            ],
            "driver_version": "550.54.15",
        }
    }


@pytest.mark.parametrize("text", ["exit 9", "exec sleep 60", "exit 0"])
def test_silent_nvidia_smi(tmp_path, monkeypatch, text):
    """A program that fails, hangs or prints nothing leaves the key out."""
    fake(tmp_path, monkeypatch, text)
    monkeypatch.setattr(host, "_GPU_PATIENCE", 0.2)
    assert slow_facts() == {}


def test_no_nvidia_smi(monkeypatch, tmp_path):
    """Without the program nothing is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slow_facts() == {}


def test_gpus_can_be_left_out(monkeypatch):
    """INCLUDE_GPU_INFO=False says None without looking."""
    monkeypatch.setattr(SETTINGS.HOST_INFO, "INCLUDE_GPU_INFO", False)
    assert slow_facts() == {"gpus": None}
