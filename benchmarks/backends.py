"""Figures of one backend, beside those of the folder store and of the backend's own driver, measured in the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bench import EXPKIT, LIMIT, Bench
from benchmarks.places import PLACES, place
from benchmarks.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Measured = dict[str, dict[str, float] | None]

FOLDER = "folder"
MILLI, MICRO, MEBI = 1e3, 1e6, 1 << 20


def figures_of(name: str) -> Callable[[Bench], Iterator[Row]]:
    """What measures one backend."""

    def figures(bench: Bench) -> Iterator[Row]:
        ours = _measured(bench, name)
        theirs = ours if name == FOLDER else _of_folder(bench)
        for part, rows in _ROWS.items():
            for figure, text, unit, factor, goals in rows:
                row = Row(f"{name}: {text}", unit, **goals)
                row.expkit = _number(ours, part, figure, factor)
                row.limit = _number(ours, f"{part}, {LIMIT}", figure, factor)
                row.folder = None if name == FOLDER else _number(theirs, part, figure, factor)
                yield row

    return figures


BACKENDS = {name: figures_of(name) for name in PLACES}
"""What measures each backend, by its name."""


def _of_folder(bench: Bench) -> Measured:
    if FOLDER not in bench.known:
        bench.known[FOLDER] = _measured(bench, FOLDER)
    return bench.known[FOLDER]


def _measured(bench: Bench, name: str) -> Measured:
    points, old, runs, size = (100_000, 100_000, 50, 64) if bench.quick else (100_000, 1_000_000, 1000, 1024)
    with place(name) as there:

        def job(what: str, size: int, rounds: int = 1) -> dict[str, float] | None:
            arguments = what, there.url, str(size), str(there.data)
            return bench.job("backend", *arguments, library=EXPKIT, rounds=rounds)

        def limit(what: str, size: int, rounds: int = 1) -> dict[str, float] | None:
            return bench.job("driver", what, there.url, str(size), library=EXPKIT, rounds=rounds)

        found: Measured = {"runs": job("runs", runs), f"runs, {LIMIT}": limit("run", runs)}
        found |= {"points": job("points", points, 3), f"points, {LIMIT}": limit("points", points, 3)}
        found |= {"beats": _with_ratio(job("beats", old)), "read": job("read", points)}
        found |= {"artifact": job("artifact", size * MEBI), f"artifact, {LIMIT}": limit("artifact", size * MEBI)}
    return found


def _with_ratio(beats: dict[str, float] | None) -> dict[str, float] | None:
    return beats and {**beats, "ratio": beats["late"] / beats["early"]}


def _number(measured: Measured, part: str, figure: str, factor: float) -> float | None:
    found = (measured.get(part) or {}).get(figure)
    return None if found is None else found * factor


_ROWS: dict[str, tuple[tuple[str, str, str, float, dict[str, float]], ...]] = {
    "points": (
        ("seconds", "100,000 points until they are there, logging included", "ms", MILLI, {"goal_of_limit": 2}),
        ("alone", "... time the caller waits per point, median", "µs", MICRO, {"goal": 0.8}),
        ("meanwhile", "... the same while points are delivered", "µs", MICRO, {"goal": 0.8}),
    ),
    "beats": (
        ("early", "1,000 points and one beat, early in a run", "ms", MILLI, {}),
        ("late", "... after many points", "ms", MILLI, {}),
        ("ratio", "... late beat ÷ early beat", "", 1, {"goal": 1.5}),
    ),
    "runs": (
        ("run", "many small runs, per run", "ms", MILLI, {}),
        ("list", "listing them", "ms", MILLI, {}),
        ("list_again", "... again", "ms", MILLI, {}),
        ("list_metric", "... with a metric", "ms", MILLI, {}),
    ),
    "read": (
        ("record", "reading the record of a run", "ms", MILLI, {}),
        ("whole", "reading a run with 100,000 points", "ms", MILLI, {}),
    ),
    "artifact": (
        ("first", "a run with a large artifact", "s", 1, {"goal_of_limit": 2}),
        ("again", "... the same file again", "s", 1, {}),
        ("memory", "... memory beyond that of a small run", "MB", 1e-6, {"goal": 64}),
        ("twice", "... growth of the place by the second run, in sizes of the file", "", 1, {"goal": 0.1}),
    ),
}
