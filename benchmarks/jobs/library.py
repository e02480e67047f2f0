"""What the jobs share: the library that they are asked to measure, and how they answer."""

from __future__ import annotations

import json
import sys
import time

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "expkit"


def experiment(*, observed=True):
    """An experiment of the library that is measured, recording into the folder ``runs`` or nowhere."""
    if LIBRARY == "sacred":
        from sacred import Experiment
        from sacred.observers import FileStorageObserver

        ex = Experiment("job", interactive=True, save_git_info=False)
        if observed:
            ex.observers.append(FileStorageObserver("runs"))
        return ex
    from expkit import Experiment, FileStorageObserver

    return Experiment("job", observers=[FileStorageObserver("runs")] if observed else [])


def quiet_beats():
    """Options for a run whose beats are made by the job: Sacred loses points when two beats meet."""
    return {"--beat_interval": "100000"} if LIBRARY == "sacred" else {}


def beat(run):
    """Let a run bring everything that it knows into its folder."""
    return run._emit_heartbeat if LIBRARY == "sacred" else run.flush


def groups(count):
    """Source of ``count`` assignments of nested dicts with 100 entries each."""
    group = {f"h{h}": {f"e{e}": e for e in range(10)} for h in range(10)}
    return "".join(f"g{number} = {group}\n" for number in range(count))


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def answer(**figures):
    """Tell the figures to the process that started this job; the last line of the output counts."""
    print("\n" + json.dumps(figures), flush=True)
