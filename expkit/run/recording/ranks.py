"""Processes that were started together: rank 0 makes the run, the others find it and log into it.

Whoever starts processes together (torchrun, SLURM's ``srun``, MPI) tells each of them its rank and the name of the job
in environment variables. Rank 0 leaves the uid of its run under that name in its folder store.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from datetime import datetime, timezone
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.places import host_name
from expkit.errors import RunNotFoundError
from expkit.observers.store import StoreObserver
from expkit.record.events import Learned
from expkit.record.model import RUNNING
from expkit.run.recording.log import LocalLog
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.record.model import RunRecord
    from expkit.run.inputs import RunInputs
    from expkit.run.observing import Observing
    from expkit.run.recording.recorder import Recorder
    from expkit.stores.folder.store import FolderStore

log = logging.getLogger("expkit")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5  # seconds
_LAST_PATIENCE = 1.0  # seconds that the end of rank 0 waits for the ends of others
_NAMED_BY = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RESTART_COUNT")
_LOOPBACK = ("127.", "localhost", "::1")

# Numbers of runs, by which ranks meet: all ranks must make the same ones. One that rank 0 makes for itself alone, inside
# another, say, shifts the numbers of those that come after it.
_runs = count()


class Rank(Frozen, kw_only=False):
    """One of several processes that were started together.

    Attributes:
        rank: from 0 on.
        size: how many there are.
        job: what all of them have in common, and no others.
    """

    rank: int
    size: int
    job: str


class Seat(Frozen, kw_only=False):
    """The place of this process in a run that several processes make.

    Attributes:
        rank: of this process.
        size: how many processes there are.
        job: name under which they meet: the job's, and the number of the run in it.
        store: where rank 0 made the run; None for rank 0, and where no run was found.
        record: of the run, as it was found.
    """

    rank: int
    size: int
    job: str
    store: FolderStore | None = None
    record: RunRecord | None = None


def detect(environment: Mapping[str, str]) -> Rank | None:
    """The rank that the environment tells; None for a process that was started alone.

    torchrun (and whoever else sets ``RANK``, ``WORLD_SIZE`` and ``MASTER_PORT``) comes first, because it may itself be
    started by the others; then Open MPI, then MPICH and Intel MPI, then steps of SLURM.
    """
    for ask in (_torch, _open_mpi, _pmi, _slurm):
        found = ask(environment)
        if found is not None:
            return found if found.size > 1 and 0 <= found.rank < found.size else None
    return None


def _torch(env: Mapping[str, str]) -> Rank | None:
    name = [env.get(key, "") for key in _NAMED_BY]
    if env.get("MASTER_ADDR", "").startswith(_LOOPBACK):
        name.append(host_name())
    return _ranked(env, "RANK", "WORLD_SIZE", "torch", *name) if "MASTER_PORT" in env else None


def _open_mpi(env: Mapping[str, str]) -> Rank | None:
    job = env.get("OMPI_MCA_ess_base_jobid") or env.get("PMIX_NAMESPACE", "")
    return _ranked(
        env, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "ompi", job, env.get("OMPI_MCA_orte_hnp_uri", "")
    )


def _pmi(env: Mapping[str, str]) -> Rank | None:
    job = [env.get(name, "") for name in ("SLURM_JOB_ID", "SLURM_STEP_ID", "PBS_JOBID", "LSB_JOBID")]
    return _ranked(env, "PMI_RANK", "PMI_SIZE", "pmi", *(job if any(job) else [host_name(), str(os.getppid())]))


def _slurm(env: Mapping[str, str]) -> Rank | None:
    """A task of ``srun``; the batch script itself is a step of one task, and not of ranks."""
    step = env.get("SLURM_STEP_ID") or env.get("SLURM_STEPID")
    size = "SLURM_STEP_NUM_TASKS" if "SLURM_STEP_NUM_TASKS" in env else "SLURM_NTASKS"
    job = env.get("SLURM_JOB_ID", ""), step or "", env.get("SLURM_RESTART_COUNT", "")
    return _ranked(env, "SLURM_PROCID", size, "slurm", *job) if step else None


def _ranked(env: Mapping[str, str], rank: str, size: str, *job: str) -> Rank | None:
    try:
        return Rank(int(env[rank]), int(env[size]), " ".join(job).strip())
    except (KeyError, ValueError):
        return None


# -- meeting -------------------------------------------------------------------------------------------


def take_seat(inputs: RunInputs, observing: Observing, config: Callable[[], Mapping[str, Any]]) -> Seat | None:
    """The place of this process in the run that is planned; None where it makes one of its own.

    Ranks other than 0 wait until rank 0 has started the run. A process that was called with other arguments than rank 0
    does something else: it makes its own run.

    Args:
        inputs: of the run.
        observing: who would be told.
        config: what observers that are callables get.
    """
    rank = detect(os.environ) if SETTINGS.RANKS.DETECT else None
    if rank is None or inputs.dry_run or inputs.queue_only:
        return None
    seat = Seat(rank.rank, rank.size, f"{rank.job} {next(_runs)}")
    if seat.rank == 0:
        return seat
    store = observing.first(_folder, config)
    return _lost(seat, "ranks log together into a folder of runs only") if store is None else _found(seat, store)


def publish(seat: Seat, store: Any, uid: str) -> None:
    """Let the other ranks know which run this is.

    Args:
        seat: that of rank 0.
        store: where its log lies; others can log into a folder only.
        uid: of the run.
    """
    if seat.rank == 0 and hasattr(store, "post"):
        store.post(_name(seat), json.dumps([uid, _called()]).encode())


def hear_out(seat: Seat, recorder: Recorder) -> None:
    """Write into the record what other ranks say went wrong, and which of them went without a word.

    Args:
        seat: of this process; only rank 0 has anything to do.
        recorder: of the run that is about to end. Ranks that end at the same time are waited for, a moment.
    """
    if seat.rank or not isinstance(recorder.log, LocalLog):
        return
    store, record = recorder.log.home, recorder.record
    end = time.monotonic() + _LAST_PATIENCE
    while store.ranks_at_work(record.uid) and time.monotonic() < end:
        time.sleep(_FIRST_PAUSE)
    told = tuple(gap for gap in store.load(record.uid).gaps if gap not in record.gaps)
    if told:
        recorder.tell(Learned(time=datetime.now(timezone.utc), gaps=told))


def _found(seat: Seat, store: FolderStore) -> Seat | None:
    started, end = _process_start(), time.monotonic() + SETTINGS.RANKS.PATIENCE
    pause = _FIRST_PAUSE
    while True:
        uid, called = _posted(store, seat)
        record = _load(store, uid, started) if uid else None
        if record is not None:
            return _taken(seat.but(store=store, record=record)) if called == _called() else None
        if time.monotonic() > end:
            return _lost(seat, f"no run of rank 0 was found in {store.root} within {SETTINGS.RANKS.PATIENCE:g} s")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _taken(seat: Seat) -> Seat | None:
    """The seat, or None where another process of this rank has it: this one makes a run of its own."""
    from expkit.stores.holder import this_process

    assert seat.store is not None
    assert seat.record is not None
    if seat.store.take_rank(seat.record.uid, seat.rank, this_process(SETTINGS.LEASE_INTERVAL)):
        return seat
    log.warning("another process is rank %d of run %s: this one makes a run of its own", seat.rank, seat.record.id)
    return None


def _lost(seat: Seat, why: str) -> Seat:
    log.warning("rank %d of %d is not recorded: %s", seat.rank, seat.size, why)
    return seat


def _folder(observer: Any) -> Any:
    is_folder = isinstance(observer, StoreObserver) and observer.store.capabilities.folder
    return observer.store if is_folder else None


def _posted(store: FolderStore, seat: Seat) -> tuple[str, str]:
    try:
        uid, called = json.loads(store.posted(_name(seat)) or b"null")
    except (OSError, ValueError, TypeError):
        return "", ""
    return str(uid), str(called)


def _load(store: FolderStore, uid: str, started: float) -> RunRecord | None:
    """The record, unless it is of an earlier job of this name: it was over, or dead, when this process started."""
    from expkit.stores.finding import state_of

    try:
        record = store.load(uid)
    except RunNotFoundError:
        return None
    if record.stop_time is not None:
        return record if record.stop_time.timestamp() >= started else None
    return record if state_of(store, record) == RUNNING else None


def _name(seat: Seat) -> str:
    return sha256(seat.job.encode()).hexdigest()[:32]


def _called() -> str:
    """What tells the command line of this process from another; no secret can be found out from it."""
    from expkit.run.disclosure import secrets_typed

    words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
    return sha256("\0".join(secrets_typed(words).arguments(words)).encode()).hexdigest()


def _process_start() -> float:
    """When this process started, in seconds since the epoch."""
    if sys.platform == "linux":
        from expkit.stores.holder import this_process

        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + this_process(0.0).process_start
    import psutil

    return float(psutil.Process().create_time())
