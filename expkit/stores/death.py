"""Why a run died, as far as a reader can know: nobody was there to write it down.

A process that runs a run leaves its **last words** in the run's folder: the state of the control group at its start,
the signals that it got, and how it crashed. The file is written by C code, so it is also true where Python had no
chance to speak; it goes when the run ends properly. What else is known is asked for when somebody looks: the kernel's
log, the exit code of a process that nobody has collected, the memory that the run last used.
"""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

from expkit.record.model import POINTS, StreamKey
from expkit.stores import holder, kernel
from expkit.stores.base import KeepsLastWords
from expkit.stores.last_words import CRASH, LastWords, parse

if TYPE_CHECKING:
    from datetime import datetime

    from expkit.record.model import Lease, RunRecord
    from expkit.stores.base import RunStore

MEMORY, SHARE = "system/memory", "system/memory_percent"
"""Metrics whose last values tell how much memory a run had before its end, in bytes, and of what it could have."""


def cause_of_death(store: RunStore, record: RunRecord) -> str:
    """One sentence on why a run died whose process is gone without a word."""
    words, lease = last_words(store, record), store.lease(record.uid)
    got = _got(words)
    ended = _crashed(words) or _ran_out(lease, words) or _left(lease)
    if got:
        return f"{got}, then {ended or 'died without an end'}"
    return ended or _silent(lease, record) + _memory(store, record)


def news(store: RunStore, record: RunRecord) -> str:
    """What a living process could not say yet: a signal that it got while C code held the interpreter; or ``""``."""
    got = _got(last_words(store, record))
    return f"{got}, and has not ended yet" if got else ""


def last_words(store: RunStore, record: RunRecord) -> LastWords:
    """The last words of the process that runs a run; those of the run around it, where it has none of its own."""
    if not isinstance(store, KeepsLastWords):
        return LastWords()
    for run in (record.uid, record.parent):
        try:
            found = run and store.last_words(run)
        except Exception:  # of the outer run there may be nothing here
            continue
        if found:
            return parse(*found)
    return LastWords()


# -- what is known -------------------------------------------------------------------------------------


def _got(words: LastWords) -> str:
    if not words.signals or words.time is None:
        return ""
    names = dict.fromkeys(map(_name, words.signals))
    return f"got {' and '.join(names)} at {words.time:%Y-%m-%d %H:%M:%S} UTC"


def _crashed(words: LastWords) -> str:
    """The kind of crash and the user's line: the first one outside the interpreter's and packages' folders."""
    if not words.crash:
        return ""
    kind = words.crash.removeprefix(CRASH.decode()).partition("\n")[0].strip()
    frames = _FRAME.findall(words.crash.partition("Current thread 0x")[2].partition("\n\n")[0])
    mine = [frame for frame in frames if not _LIBRARY.search(frame[0])] or frames
    if not mine:
        return f"crashed: {kind}"
    path, line, function = mine[0]
    return f"crashed: {kind} in {_SLASH.split(path)[-1]}, line {line}, in {function}"


def _ran_out(lease: Lease | None, words: LastWords) -> str:
    if lease is None or not holder.is_here(lease):
        return ""
    if lease.pid_namespace == kernel.FIRST_NAMESPACE and (note := kernel.oom_note(lease.pid, lease.process_start)):
        used = kernel.resident(note)
        return "was killed by the kernel: out of memory" + (f" (it had {_size(used)})" if used else "")
    if words.counter and (kernel.oom_kills(words.counter[0]) or 0) > words.counter[1]:
        return "was killed, most likely by the kernel: its control group ran out of memory since the run began"
    return ""


def _left(lease: Lease | None) -> str:
    code = None if lease is None else holder.exit_code(lease)
    if code is None:
        return ""
    return f"was killed by {_name(-code)}" if code < 0 else f"left with exit code {code} and without an end"


def _silent(lease: Lease | None, record: RunRecord) -> str:
    if lease is None:
        return f"gave no sign of life{_since(record.heartbeat, record)}, and its lease is gone"
    if lease.renewed is None:
        return "gave no sign of life; it crashed, was killed, or its machine lost power"
    since = f"gave no sign of life{_since(_renewed(lease, record), record)}"
    if holder.is_here(lease):  # so the machine has been up all the time
        return f"{since}: its process is gone; it crashed, was killed, or left by os._exit"
    if holder.was_restarted(lease):
        return f"{since}: its machine was started again"
    return f"{since}; it crashed, was killed, or its machine lost power or the network"


def _renewed(lease: Lease, record: RunRecord) -> datetime | None:
    """When a lease was renewed last; None where it is the one that the run began with, however long that took."""
    if record.heartbeat or not (lease.renewed and record.start_time):
        return lease.renewed
    return lease.renewed if abs((lease.renewed - record.start_time).total_seconds()) > lease.interval / 2 else None


def _since(time: datetime | None, record: RunRecord) -> str:
    if time is not None:
        return f" since {time:%Y-%m-%d %H:%M:%S} UTC"
    return "" if record.start_time is None else f" after its start at {record.start_time:%Y-%m-%d %H:%M:%S} UTC"


def _memory(store: RunStore, record: RunRecord) -> str:
    """How much memory it used before, where that may have to do with its death: it grew much, or was almost all."""
    end = store.streams(record.uid).get(_STREAM, 0)
    tail: Any = store.read(record.uid, _STREAM, max(0, end - _TAIL))
    used, share = (
        [point.value for point in tail if point.name == name and isinstance(point.value, (int, float))]
        for name in (MEMORY, SHARE)
    )
    is_full = bool(share) and share[-1] > _MUCH
    if not used or not (is_full or used[-1] - used[0] > max(used[0], _GROWTH)):
        return ""
    percent = f", {share[-1]:.0f} % of what it could have" if share else ""
    return f"; before, its memory went from {_size(used[0])} to {_size(used[-1])}{percent}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _size(amount: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


_FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
_LIBRARY = re.compile(r"[/\\](site-packages|dist-packages|python3?[\d.]*|Lib|expkit)[/\\]|^<frozen")
_SLASH = re.compile(r"[/\\]")
_STREAM = StreamKey(POINTS)
_TAIL = 2_000
_MUCH, _GROWTH = 80, 100e6
