"""What the processes of a run use, as metrics ``system/...``."""

from __future__ import annotations

import logging
import os
import threading
from time import monotonic
from typing import TYPE_CHECKING

from expkit.run.clock import LateThread
from expkit.run.recording.log import NoLog
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.provenance.machine.gpu_watch import GpuWatch
    from expkit.run.handle import Run

log = logging.getLogger("expkit")

_FIRST = 1.0  # seconds: shorter runs are left alone
_SHORTEST = 0.1  # seconds: processor time is counted in ticks, too coarse to tell anything of less
_PATIENCE = 1.0  # seconds that the end waits for a look that is under way


class Monitor:
    """Looks at the run's processes from time to time, until stopped; ``SETTINGS.MONITOR.INTERVAL = 0`` switches it off.

    The metrics, whose steps count the looks:

    - ``system/cpu``: processor time of this process and its children since the last look, in percent of one core.
    - ``system/memory``: bytes in physical memory; ``system/memory_percent``: of what the process may use.
    - ``system/disk_read``, ``system/disk_write``: bytes so far.
    - ``system/gpu0/utilization`` (percent), ``system/gpu0/memory`` (bytes): of the whole device, whoever uses it.
    """

    def __init__(self, run: Run) -> None:
        self._log = run.recorder.log
        self._interval = SETTINGS.MONITOR.INTERVAL
        self._process = os.getpid()
        self._over = threading.Event()
        self._began = monotonic(), sum(os.times()[:4])
        self._thread: LateThread | None = None
        if self._interval > 0 and not isinstance(self._log, NoLog):
            self._thread = LateThread(self._watch, "monitor", min(_FIRST, self._interval))

    def stop(self) -> None:
        """Look once more, if the run was long enough for a first look, then no more."""
        self._over.set()
        if self._thread is not None and os.getpid() == self._process and not self._thread.call_off():
            self._thread.ended(_PATIENCE)

    def _watch(self) -> None:
        try:
            self._look_again_and_again(_Looks(*self._began, self._interval))
        except Exception:
            log.warning("what the processes of the run use can be seen no more; the run goes on", exc_info=True)

    def _look_again_and_again(self, looks: _Looks) -> None:
        try:
            over = False
            while not over:
                over = self._over.is_set()
                self._note(looks)
                self._over.wait(self._interval)
        finally:
            looks.end()

    def _note(self, looks: _Looks) -> None:
        points = self._log.points
        assert points is not None
        for name, value in looks.look():
            points.log_scalar(f"system/{name}", value, looks.step)


class _Looks:
    """Looks at the processes, each compared with the one before."""

    def __init__(self, time: float, cpu: float, interval: float) -> None:
        from expkit.provenance.machine.limits import usable_memory
        from expkit.provenance.machine.usage import usage

        self.step = -1
        self._time, self._cpu = time, cpu
        self._usage = usage
        self._memory = usable_memory()
        self._gpus = _watched_gpus(interval)

    def look(self) -> Iterator[tuple[str, float]]:
        """Names and values."""
        now, used = monotonic(), self._usage()
        self.step += 1
        if (passed := now - self._time) >= _SHORTEST:
            yield "cpu", 100 * max(0.0, used.cpu - self._cpu) / passed
            self._time, self._cpu = now, used.cpu
        yield "memory", used.memory
        yield "memory_percent", 100 * used.memory / self._memory
        if used.disk_read is not None and used.disk_written is not None:
            yield "disk_read", used.disk_read
            yield "disk_write", used.disk_written
        for index, gpu in self._gpus.seen.items() if self._gpus else ():
            if gpu.utilization is not None:
                yield f"gpu{index}/utilization", gpu.utilization
            if gpu.memory is not None:
                yield f"gpu{index}/memory", gpu.memory

    def end(self) -> None:
        """Look no more."""
        if self._gpus:
            self._gpus.stop()


def _watched_gpus(interval: float) -> GpuWatch | None:
    if not SETTINGS.MONITOR.GPU:
        return None
    from expkit.provenance.machine.gpu_watch import GpuWatch

    return GpuWatch(interval)
