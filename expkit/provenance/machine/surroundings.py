"""What a process was put into: a container, a job of a scheduler."""

from __future__ import annotations

import os
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LONG_ID = 64  # hex digits

# The first variable tells that the scheduler is at work; nothing else of the environment is read.
_SCHEDULERS = {
    "slurm": """
        SLURM_JOB_ID SLURM_JOB_NAME SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_STEP_ID SLURM_PROCID SLURM_LOCALID
        SLURM_NODEID SLURM_NTASKS SLURM_JOB_NUM_NODES SLURM_JOB_NODELIST SLURM_JOB_PARTITION SLURM_CLUSTER_NAME
        SLURM_CPUS_PER_TASK SLURM_MEM_PER_NODE SLURM_MEM_PER_CPU SLURM_GPUS SLURM_JOB_GPUS SLURM_RESTART_COUNT
        SLURM_SUBMIT_HOST""",
    "pbs": "PBS_JOBID PBS_JOBNAME PBS_ARRAY_ID PBS_ARRAYID PBS_ARRAY_INDEX PBS_QUEUE PBS_NUM_NODES PBS_NP PBS_O_HOST",
    "lsf": "LSB_JOBID LSB_JOBNAME LSB_JOBINDEX LSB_QUEUE LSB_HOSTS LSB_DJOB_NUMPROC LSB_SUB_HOST",
    "sge": "SGE_TASK_ID JOB_ID JOB_NAME SGE_CLUSTER_NAME QUEUE NSLOTS NHOSTS",
    "flux": "FLUX_JOB_ID FLUX_TASK_RANK FLUX_JOB_SIZE FLUX_JOB_NNODES",
    "oar": "OAR_JOB_ID OAR_JOB_NAME OAR_ARRAY_ID OAR_ARRAY_INDEX",
    "htcondor": "_CONDOR_SLOT",
    "aws-batch": """
        AWS_BATCH_JOB_ID AWS_BATCH_JQ_NAME AWS_BATCH_CE_NAME AWS_BATCH_JOB_ATTEMPT AWS_BATCH_JOB_ARRAY_INDEX
        AWS_BATCH_JOB_NODE_INDEX""",
    "sagemaker": "TRAINING_JOB_NAME SM_CURRENT_HOST SM_CURRENT_INSTANCE_TYPE",
    "vertex-ai": "CLOUD_ML_JOB_ID CLOUD_ML_REGION",
    "azure-ml": "AZUREML_RUN_ID AZUREML_ROOT_RUN_ID AZUREML_ARM_WORKSPACE_NAME",
    "ray": "RAY_JOB_ID",
    "github-actions": "GITHUB_RUN_ID GITHUB_JOB GITHUB_RUN_ATTEMPT GITHUB_WORKFLOW GITHUB_REPOSITORY RUNNER_NAME",
    "gitlab-ci": "CI_JOB_ID CI_JOB_NAME CI_PIPELINE_ID CI_PROJECT_PATH",
    "jenkins": "JENKINS_URL BUILD_NUMBER JOB_NAME NODE_NAME",
    "kubernetes": "KUBERNETES_SERVICE_HOST POD_NAME POD_NAMESPACE POD_UID HOSTNAME NODE_NAME JOB_COMPLETION_INDEX",
}


def scheduler(environment: Mapping[str, str] = os.environ) -> dict[str, str] | None:
    """Which scheduler started this process: ``kind``, and the variables that name the job; None for none."""
    for kind, text in _SCHEDULERS.items():
        names = text.split()
        if environment.get(names[0]):
            return {"kind": kind, **{name: environment[name] for name in names if environment.get(name)}}
    return None


def container(environment: Mapping[str, str] = os.environ, root: str = "/") -> dict[str, str] | None:
    """Which container this process runs in: ``kind``, and where they are known ``id`` and ``image``; None for none.

    Args:
        environment: variables of the process.
        root: of the file system.
    """
    groups = _text(f"{root}proc/self/cgroup")
    kind = _kind(environment, root, groups)
    if not kind:
        return None
    image = environment.get("APPTAINER_NAME") or environment.get("SINGULARITY_NAME") or ""
    facts = {"kind": kind, "id": _id_in(groups) or _id_in(_text(f"{root}proc/self/mountinfo")), "image": image}
    return {name: value for name, value in facts.items() if value}


def nvidia_smi() -> str:
    """Path of the program that knows about graphics processors, or ``""``."""
    return _program(tuple(os.get_exec_path()))


@lru_cache(maxsize=4)
def _program(folders: tuple[str, ...]) -> str:
    for folder in folders:
        for name in ("nvidia-smi", "nvidia-smi.exe"):
            program = os.path.join(folder, name)
            if os.access(program, os.X_OK):
                return program
    return ""


def _kind(environment: Mapping[str, str], root: str, groups: str) -> str:
    signs = (
        ("apptainer", environment.get("APPTAINER_CONTAINER") or environment.get("SINGULARITY_CONTAINER")),
        ("apptainer", os.path.isdir(f"{root}.singularity.d")),
        ("kubernetes", environment.get("KUBERNETES_SERVICE_HOST") or "kubepods" in groups),
        ("podman", os.path.exists(f"{root}run/.containerenv") or "libpod" in groups),
        ("docker", os.path.exists(f"{root}.dockerenv") or "docker" in groups),
        ("containerd", "containerd" in groups),
        ("lxc", "/lxc" in groups),
        (environment.get("container", ""), True),  # what systemd and others say by convention
    )
    return next((kind for kind, sign in signs if sign), "")


def _id_in(text: str) -> str:
    """The first hash among the parts of paths."""
    for part in text.replace("\n", "/").replace("-", "/").replace(".", "/").replace(":", "/").split("/"):
        if len(part) == _LONG_ID and part.isalnum() and part == part.lower():
            return part
    return ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
