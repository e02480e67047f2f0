"""Which processes were started together, by what launchers tell them."""

import pytest

from expkit.run.recording.ranks import Rank, detect

TORCH = {
    "RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500", "TORCHELASTIC_RUN_ID": "r",
    "TORCHELASTIC_RESTART_COUNT": "1",
}  # fmt: skip
SLURM = {"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0"}
OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "8", "PMIX_NAMESPACE": "prterun-a-1@1"}
MPICH = {"PMI_RANK": "3", "PMI_SIZE": "8", "PBS_JOBID": "9.host"}


@pytest.mark.parametrize(
    ("environment", "job"),
    [
        (TORCH, "torch r 10.0.0.1 29500 1"),
        (SLURM, "slurm 77 0"),
        (OPEN_MPI, "ompi prterun-a-1@1"),
        (MPICH, "pmi   9.host"),
        ({**TORCH, **SLURM, "SLURM_PROCID": "0"}, "torch r 10.0.0.1 29500 1"),
    ],
    ids=["torchrun", "srun", "Open MPI", "MPICH", "torchrun below srun"],
)
def test_launchers(environment, job):
    """Each tells rank, size and what names the job."""
    assert detect(environment) == Rank(3, 8, job)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {**TORCH, "WORLD_SIZE": "1", "RANK": "0"},
        {key: value for key, value in SLURM.items() if key != "SLURM_STEP_ID"},
        {**SLURM, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"},
        {"RANK": "3", "WORLD_SIZE": "8"},
        {**MPICH, "PMI_RANK": "x"},
        {**MPICH, "PMI_RANK": "8"},
    ],
    ids=["nothing", "one process", "batch script", "step of one task", "no master", "no number", "beyond the size"],
)
def test_processes_alone(environment):
    """One process, a batch script and variables that mean something else make no ranks."""
    assert detect(environment) is None


def test_machines_do_not_mix(monkeypatch):
    """Jobs whose master is "this machine" are named by the machine, too: machines may share a folder."""
    jobs = set()
    for name in ("one", "two"):
        monkeypatch.setattr("expkit.run.recording.ranks.host_name", lambda name=name: name)
        jobs.add(detect({**TORCH, "MASTER_ADDR": "127.0.0.1"}).job)
    assert len(jobs) == 2
