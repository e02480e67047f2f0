"""What graphics processors do, from an ``nvidia-smi`` that runs beside: :class:`GpuWatch`."""

from __future__ import annotations

import os
import sys

from expkit._support.named import NamedTuple
from expkit._support.threads import OwnThread, start
from expkit.provenance.machine.gpus import visible
from expkit.provenance.machine.surroundings import nvidia_smi

_QUERY = "--query-gpu=index,uuid,utilization.gpu,memory.used"
_COLUMNS = 4
_MEBIBYTE = 2**20

# Started by a shell that ends at once, it is no child of this process: programs that wait for all their children would
# wait for it, too. It ends when nobody reads what it prints.
_DETACHED = '"$@" & echo $!'


class Gpu(NamedTuple):
    """What one processor does.

    Attributes:
        utilization: percent of the time in which it is at work; None where the system does not say.
        memory: bytes in use; None likewise.
    """

    utilization: float | None
    memory: int | None


class GpuWatch:
    """Watches the graphics processors that this process may use; without ``nvidia-smi`` there are none.

    Args:
        interval: seconds between two looks, at least one.

    Attributes:
        latest: what was seen last, by index.
    """

    def __init__(self, interval: float) -> None:
        self.latest: dict[int, Gpu] = {}
        self._uuids: dict[int, str] = {}
        self._pid = 0
        self._pipe = -1
        self._is_over = False
        program = nvidia_smi()
        if program:
            self._start(program, _QUERY, "--format=csv,noheader,nounits", "-l", str(max(1, round(interval))))

    def stop(self) -> None:
        """Look no more; waits for nothing, not even for the number of a process that is about to begin."""
        self._is_over = True
        if self._pid:
            import signal

            try:
                os.kill(self._pid, signal.SIGTERM)
            except OSError:  # it has ended by itself
                pass

    def _start(self, *command: str) -> None:
        from subprocess import DEVNULL, PIPE, Popen

        detached = sys.platform != "win32"
        whole = ("/bin/sh", "-c", _DETACHED, "sh", *command) if detached else command
        try:
            process = Popen(whole, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True)
        except OSError:
            return
        assert process.stdout is not None
        self._pipe = os.dup(process.stdout.fileno())
        process.stdout.close()
        if detached:
            process.wait()
        else:
            self._pid, self._process = process.pid, process
        if not start(OwnThread(self._listen, "gpus")):
            os.close(self._pipe)  # it ends when it finds nobody who reads

    def _listen(self) -> None:
        rest = b""
        while piece := os.read(self._pipe, 1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._take(line.decode(errors="replace"))
        self._pid = 0
        os.close(self._pipe)

    def _take(self, line: str) -> None:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 1 and line.isdigit():
            self._pid = int(line)
            if self._is_over:
                self.stop()
        elif len(cells) == _COLUMNS and cells[0].isdigit():
            index = int(cells[0])
            self._uuids[index] = cells[1]
            memory = _number(cells[3])
            gpu = Gpu(_number(cells[2]), None if memory is None else int(memory) * _MEBIBYTE)
            self.latest = {**self.latest, index: gpu}

    @property
    def seen(self) -> dict[int, Gpu]:
        """What was seen last of those that this process may use, by index."""
        latest = self.latest
        mine = visible([(index, self._uuids[index]) for index in latest])
        return {index: gpu for index, gpu in latest.items() if index in mine}


def _number(text: str) -> float | None:
    return float(text) if text.isdigit() else None  # [N/A] for what a device cannot tell
