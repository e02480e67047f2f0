"""Processes that were started together make one run, each with streams of its own."""

import json
import os
import subprocess
import sys
import time

import pytest

from expkit.record.model import OUTPUT, POINTS, StreamKey
from expkit.stores.folder.store import FolderStore

SCRIPT = """
import os, sys, time
from expkit import SETTINGS, Experiment

SETTINGS.RANKS.PATIENCE = float(os.environ.get("PATIENCE", 30))
SETTINGS.MONITOR.INTERVAL = 0  # only the script's own points are counted
ex = Experiment("together", observers=eval(os.environ.get("OBSERVERS", "['runs']")))

@ex.config
def config():
    lr = 0.1

@ex.automain
def main(_run, seed, _seed):
    rank = int(os.environ["MY_RANK"])
    for step in range(10 * (rank + 1)):
        _run.log_scalar("loss", rank, step)
    _run.info["rank"] = rank
    print(f"rank {rank} of run {_run._id}: {seed} {_seed}", flush=True)
    if rank == 1:
        with open("of-rank-1.txt", "w") as file:
            file.write("made by rank 1")
        _run.add_artifact("of-rank-1.txt")
    if os.environ.get("KILLED") == str(rank):
        os.kill(os.getpid(), 9)
    if os.environ.get("BAD") == str(rank):
        raise ValueError(f"no {rank}")
    while (rank == 0 or "WAITS" in os.environ) and not os.path.exists("over"):
        time.sleep(0.01)
    return rank
"""

LAUNCHERS = {
    "torchrun": {"RANK": "{rank}", "WORLD_SIZE": "{size}", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29501"},
    "srun": {"SLURM_PROCID": "{rank}", "SLURM_NTASKS": "{size}", "SLURM_JOB_ID": "5", "SLURM_STEP_ID": "0"},
    "Open MPI": {"OMPI_COMM_WORLD_RANK": "{rank}", "OMPI_COMM_WORLD_SIZE": "{size}", "PMIX_NAMESPACE": "x@1"},
}


class Job:
    """Starts the script as a rank among several."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "together.py").write_text(SCRIPT)
        self.processes = {}

    def start(self, rank, size, launcher="torchrun", *arguments, **more):
        told = {name: value.format(rank=rank, size=size) for name, value in LAUNCHERS[launcher].items()}
        self.processes[rank] = subprocess.Popen(
            [sys.executable, "together.py", *arguments],
            cwd=self.folder, env={**os.environ, **told, "MY_RANK": str(rank), **more},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish(self):
        """Exit codes and stderr by rank; rank 0 waits for the others."""
        ended = {}
        for rank in sorted(self.processes, reverse=True):
            if rank == 0:
                (self.folder / "over").touch()
            _, stderr = self.processes[rank].communicate(timeout=60)
            ended[rank] = (self.processes[rank].returncode, stderr)
        self.processes = {}
        (self.folder / "over").unlink(missing_ok=True)
        return ended


@pytest.fixture
def job(tmp_path):
    """A :class:`Job`, whose processes are gone afterwards."""
    made = Job(tmp_path)
    yield made
    for process in made.processes.values():
        process.kill()
        process.communicate()


def await_until(is_so):
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def run_of(job, number=1):
    store = FolderStore(job.folder / "runs")
    return store, store.load(str(number))


def test_eight_processes(job):
    """Make one run with eight streams of points and of output, all in rank 0's record; observers hear it once."""
    for rank in reversed(range(8)):
        job.start(rank, 8)
    ended = job.finish()
    assert {code for code, _ in ended.values()} == {0}, ended
    assert not any(stderr for rank, (_, stderr) in ended.items() if rank), "only rank 0 says where the record is"
    store, record = run_of(job)
    assert store.ids()[1:] == []
    assert (record.ranks, record.status, record.result) == (8, "COMPLETED", 0)
    assert record.info == {"rank": 0}
    streams = store.streams("1")
    assert {key: end for key, end in streams.items() if key.content == POINTS} == {
        StreamKey(POINTS, 0, rank): 10 * (rank + 1) for rank in range(8)
    }
    texts = [store.read("1", StreamKey(OUTPUT, 0, rank)).decode() for rank in range(8)]
    assert [text.split(":")[0] for text in texts] == [f"rank {rank} of run 1" for rank in range(8)]
    assert len({text.split(":")[1] for text in texts}) == 1, "the seed is rank 0's"
    assert [ref.path for ref in record.files_of("artifact")] == ["of-rank-1.txt"]


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_launchers(job, launcher):
    """Whoever started the processes."""
    for rank in (1, 0):
        job.start(rank, 2, launcher)
    assert all(code == 0 for code, _ in job.finish().values())
    store, record = run_of(job)
    assert record.ranks == len([key for key in store.streams("1") if key.content == POINTS]) == 2


def test_rank_0_may_be_late(job):
    """The others wait for it; a job of the same name that is over is not taken for this one."""
    for _ in range(2):
        job.start(1, 2)
        time.sleep(1)
        job.start(0, 2)
        assert all(code == 0 for code, _ in job.finish().values())
    store, _ = run_of(job, 2)
    assert [store.streams(str(run)).get(StreamKey(POINTS, 0, 1)) for run in (1, 2)] == [20, 20]


def test_rank_0_may_be_missing(job):
    """The others go on after the patience of the settings, unrecorded, and say so once."""
    start = time.monotonic()
    job.start(1, 2, PATIENCE="0.3")
    code, stderr = job.finish()[1]
    assert code == 0
    assert stderr.count("rank 1 of 2 is not recorded: no run of rank 0 was found in ") == 1
    assert time.monotonic() - start < 20
    assert not (job.folder / "runs/1").exists()


def test_a_rank_that_fails(job):
    """Has its exit code and a sentence in the record, whose status is rank 0's."""
    for rank in (2, 1, 0):
        job.start(rank, 3, BAD="2")
    ended = job.finish()
    assert [ended[rank][0] for rank in range(3)] == [0, 0, 1]
    _, record = run_of(job)
    assert record.status == "COMPLETED"
    assert record.gaps == ("rank 2 failed: ValueError: no 2",)


def gaps_written(job):
    """What is in the record itself, without the logs of ranks."""
    return json.loads((job.folder / "runs/1/run.json").read_text())["gaps"]


def test_what_fails_elsewhere_is_in_the_record_of_rank_0(job):
    """A rank that raises is in run.json, and rank 0 says so on the terminal."""
    for rank in (1, 0):
        job.start(rank, 2, BAD="1")
    ended = job.finish()
    assert gaps_written(job) == ["rank 1 failed: ValueError: no 1"]
    assert "rank 1 failed: ValueError: no 1" in ended[0][1]


def test_a_rank_that_is_killed(job):
    """Is missed: by readers at once, by rank 0 at its end; of those that have ended nothing is left behind."""
    for rank in (3, 2, 1, 0):
        job.start(rank, 4, KILLED="2")
    for rank in (3, 2, 1):
        job.processes[rank].wait(timeout=60)
    _, record = run_of(job)
    assert (record.status, record.gaps) == ("RUNNING", ("rank 2 gave no sign of its end",))
    ended = job.finish()
    assert gaps_written(job) == ["rank 2 gave no sign of its end"]
    assert "rank 2 gave no sign of its end" in ended[0][1]
    assert [path.name for path in (job.folder / "runs/1").glob("lease-*")] == ["lease-0-2.json"]


def test_two_processes_of_one_rank(job):
    """The one that comes first has the place; the other makes a run of its own, and neither loses a point."""
    for rank in (0, 1, 1):
        if rank in job.processes:
            await_until(lambda: (job.folder / "runs/1/lease-0-1.json").exists())
            job.processes["first"] = job.processes.pop(rank)
        job.start(rank, 2, WAITS="1")
    await_until(lambda: (job.folder / "runs/2/run.json").exists())
    (job.folder / "over").touch()
    ended = {}
    for name in ("first", 1, 0):
        _, stderr = job.processes[name].communicate(timeout=60)
        ended[name] = job.processes.pop(name).returncode, stderr
    assert [code for code, _ in ended.values()] == [0, 0, 0], ended
    assert "another process is rank 1 of run 1" in ended[1][1]
    for number, rank in ((1, 1), (2, 0)):
        store, record = run_of(job, number)
        assert record.status == "COMPLETED"
        assert len(store.read(str(number), StreamKey(POINTS, 0, rank))) == 20
    assert run_of(job)[1].gaps == ()


def test_other_arguments_are_another_run(job):
    """Tasks that were called differently, such as those of a sweep, make runs of their own."""
    job.start(0, 2)
    while not (job.folder / "runs/1/run.json").exists():
        time.sleep(0.01)
    job.start(1, 2, "torchrun", "with", "lr=0.2")
    assert all(code == 0 for code, _ in job.finish().values())
    configs = [json.loads((job.folder / f"runs/{run}/config.json").read_text())["lr"] for run in (1, 2)]
    assert configs == [0.1, 0.2]


def test_without_a_folder(job):
    """Where no folder observes, rank 0 is recorded, and the others are not."""
    for rank in (1, 0):
        job.start(rank, 2, OBSERVERS="['memory:']")
    ended = job.finish()
    assert all(code == 0 for code, _ in ended.values())
    assert "rank 1 of 2 is not recorded: ranks log together into a folder of runs only" in ended[1][1]


def test_switch(job):
    """Without detection every process makes its own run."""
    script = SCRIPT.replace("SETTINGS.RANKS.PATIENCE", "SETTINGS.RANKS.DETECT = False\nSETTINGS.RANKS.PATIENCE")
    (job.folder / "together.py").write_text(script)
    for rank in (1, 0):
        job.start(rank, 2)
    assert all(code == 0 for code, _ in job.finish().values())
    assert sorted(FolderStore(job.folder / "runs").load(str(run)).ranks for run in (1, 2)) == [1, 1]
