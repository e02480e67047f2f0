"""Limits, containers and schedulers, told by files and variables that look like those of real ones."""

from __future__ import annotations

import os

import pytest

from expkit.provenance.machine.limits import machine_memory, usable_cpus, usable_memory
from expkit.provenance.machine.surroundings import container, scheduler

MEMORY = 512 * 2**20


@pytest.fixture
def system(tmp_path):
    """A file system with these files; gives its root."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return f"{tmp_path}/"

    return write


def test_no_limits(system):
    """Without control groups the machine is the limit."""
    root = system({})
    assert usable_memory(root) == machine_memory()
    assert 1 <= usable_cpus(root) <= (os.cpu_count() or 1)


def test_control_groups_of_the_second_version(system):
    """The strictest limit counts, of the process' own group or of one above it."""
    root = system(
        {
            "proc/self/cgroup": "0::/jobs/17\n",
            "sys/fs/cgroup/jobs/17/memory.max": "max\n",
            "sys/fs/cgroup/jobs/memory.max": f"{MEMORY}\n",
            "sys/fs/cgroup/jobs/17/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/jobs/cpu.max": "max 100000\n",
        }
    )
    assert usable_memory(root) == MEMORY
    assert usable_cpus(root) == 0.5


def test_control_groups_of_the_first_version(system):
    """Controllers have trees of their own there; inside of a container only the mount itself is to be seen."""
    root = system(
        {
            "proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{MEMORY}\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "25000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        }
    )
    assert usable_memory(root) == MEMORY
    assert usable_cpus(root) == 0.25


def test_control_groups_without_limits(system):
    """What the first version calls no limit is none."""
    root = system(
        {
            "proc/self/cgroup": "5:memory:/\n4:cpu,cpuacct:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        }
    )
    assert usable_memory(root) == machine_memory()
    assert usable_cpus(root) >= 1


ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        ({}, {}, None),
        ({".dockerenv": "", "proc/self/cgroup": f"0::/docker/{ID}\n"}, {}, {"kind": "docker", "id": ID}),
        (
            {"proc/self/cgroup": "0::/\n", ".dockerenv": "", "proc/self/mountinfo": f"1 2 /c/{ID}/hostname /etc\n"},
            {},
            {"kind": "docker", "id": ID},
        ),
        ({"run/.containerenv": ""}, {"container": "podman"}, {"kind": "podman"}),
        ({"proc/self/cgroup": f"0::/kubepods/pod1/cri-{ID}.scope\n"}, {}, {"kind": "kubernetes", "id": ID}),
        ({}, {"APPTAINER_CONTAINER": "/i.sif", "APPTAINER_NAME": "i.sif"}, {"kind": "apptainer", "image": "i.sif"}),
        ({".singularity.d/x": ""}, {}, {"kind": "apptainer"}),
        ({}, {"container": "systemd-nspawn"}, {"kind": "systemd-nspawn"}),
    ],
)
def test_containers(system, files, environment, expected):
    """A container is told by what it leaves behind: files, groups, variables."""
    assert container(environment, system(files)) == expected


def test_scheduler():
    """A job is told by the variables of its scheduler, of which only chosen ones are read."""
    environment = {"SLURM_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JWT": "secret", "PATH": "/bin"}
    assert scheduler(environment) == {"kind": "slurm", "SLURM_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "3"}
    assert scheduler({"PBS_JOBID": "4.host"}) == {"kind": "pbs", "PBS_JOBID": "4.host"}
    assert scheduler({"SGE_TASK_ID": "undefined", "JOB_ID": "5"})["JOB_ID"] == "5"
    assert scheduler({"JOB_ID": "5"}) is None


def test_the_innermost_scheduler_is_told():
    """A SLURM job in a cluster of Kubernetes is a SLURM job."""
    assert scheduler({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "SLURM_JOB_ID": "1"})["kind"] == "slurm"
