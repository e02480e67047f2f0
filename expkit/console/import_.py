"""Bring runs of other tools into a store: of Sacred, MLflow, TensorBoard, W&B.

Usage:
  expkit import SRC [DST] [--from=TOOL] [--where=QUESTION]... [--store=URL] [--json]

Arguments:
  SRC                Where they are: Sacred's folder or database, MLflow's mlruns or its SQLite file, a folder with
                     TensorBoard's event files, W&B's folder wandb or the folder of one run. Which tool wrote them is
                     found out by looking.
  DST                Path or URL of the store they go to; by default the one where a run would be recorded.

Options:
  --from=TOOL        sacred, mlflow, tensorboard or wandb, where looking is not enough.
  --where=QUESTION   Only runs for which this is true, such as 'config.lr < 0.1'; or the id of one, as
                     'expkit ls --store=mlflow:mlruns' shows it. Ids are alternatives, questions must all hold.
  --store=URL        The same as DST.
  --json             Print one JSON document: source, target, tool, left_out, damaged (a sentence for each file that
                     could be read in part only), and runs with uid, source_id, id, what and problems.

The tools need not be installed, and what they wrote is never changed. It can be stopped at any time and called again:
what is there already is not sent again, and runs that have gone on meanwhile are brought up to date. What is kept of a
run, and what is not, is said afterwards, and stands among the gaps of its record.

The exit code is 0 if everything is there, 1 if something cannot be read, or in part only, a line for each.

Examples:
  expkit import mlruns
  expkit import sqlite:///mlflow.db runs
  expkit import logs tensorboard_runs --from=tensorboard
  expkit import wandb --where='state == "COMPLETED"'
  expkit ls --store=wandb:wandb
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean
from expkit._support.urls import mistyped, split_url
from expkit.console.arguments import parse
from expkit.console.moving import move, show, show_json
from expkit.console.showing import escaped, say, talk
from expkit.errors import DAMAGE, ExpkitError, UsageError
from expkit.readers.opening import opened
from expkit.record.model import BY_SACRED
from expkit.stores.foreign.kinds import KEPT, scheme_of
from expkit.stores.foreign.store import ForeignStore
from expkit.stores.urls import READ_ONLY, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.stores.base import RunKey, RunStore
    from expkit.stores.copying.runs import Report

_SACRED = "sacred"
_SQLITE = "sqlite:///"


def main(argv: Sequence[str]) -> int:
    """Import; return 0 if all that was asked for is there, else 1.

    Raises:
        UsageError: the command line does not fit, or there is nothing to import.
    """
    options = parse(__doc__, "import", argv)
    if options is None:
        return 0
    src = source(options["SRC"], options["--from"])
    damaged: dict[str, None] = {}
    if isinstance(src, ForeignStore):
        src.on_damage = damaged.setdefault
    keys = src.ids()
    if keys and not isinstance(src, ForeignStore) and not any(_is_of_sacred(src, key) for key in keys):
        raise UsageError(f"expkit recorded what is in {options['SRC']}; use expkit copy {options['SRC']} DST")
    other = _database_beside(options["SRC"])
    if not keys:
        more = f"; beside it lies MLflow's database, so type: expkit import {other}" if other else ""
        raise UsageError(f"there are no runs of Sacred, MLflow, TensorBoard or W&B in {options['SRC']}{more}")
    dst = opened(options["DST"] or options["--store"])
    report = move(src, dst, options["--where"])
    left = _left_out(src, report)
    if options["--json"]:
        tool = src.tool if isinstance(src, ForeignStore) else "Sacred"
        show_json(report, src, dst, tool=tool, left_out=dict(left), damaged=list(damaged))
    else:
        say(*map(escaped, damaged))
        show(report, src, dst)
        _say_what_is_kept(src, left)
    if other:
        talk(f"beside it lies MLflow's database, which may have other runs: expkit import {other}")
    return 1 if report.problems or damaged else 0


def source(place: str, tool: str | None) -> RunStore:
    """The store with the runs that are to be imported.

    Args:
        place: a path, or a URL.
        tool: which wrote them; None: whichever it looks like.

    Raises:
        UsageError: there is nothing at the path, or nobody knows the tool.
    """
    tools = (_SACRED, *READ_ONLY)
    if tool is not None and tool not in tools:
        raise UsageError(f"--from={tool} is no tool that can be read{did_you_mean(tool, tools)}: {', '.join(tools)}")
    path = place.removeprefix(_SQLITE) if place.startswith(_SQLITE) else place
    scheme = split_url(path)[0]
    if scheme != "folder" and not os.path.exists(path):
        return open_store(place)
    path = path.removeprefix("folder:")
    if problem := mistyped(path):
        raise UsageError(problem)
    path = os.path.expanduser(path)
    if not os.path.exists(path):
        folder, name = os.path.split(os.path.abspath(path))
        beside = os.listdir(folder) if os.path.isdir(folder) else ()
        raise UsageError(f"there is no file or folder {path}{did_you_mean(name, beside)}")
    scheme = scheme_of(path) if tool in (None, _SACRED) else str(tool)
    return open_store(f"{_SQLITE}{path}" if scheme == "sqlite" else f"{scheme}:{path}")


def _database_beside(place: str) -> str:
    """The database that MLflow has made beside its folder, which newer versions fill instead; ``""`` if there is none."""
    from expkit.stores.foreign.mlflow_database import is_database

    folder = place.partition(":")[2] if place.startswith(("mlflow:", "folder:")) else place
    found = os.path.join(os.path.dirname(os.path.normpath(folder)), "mlflow.db")
    return found if os.path.isdir(folder) and os.path.isfile(found) and is_database(found) else ""


def _is_of_sacred(src: RunStore, key: RunKey) -> bool:
    """Whether Sacred recorded a run, or nobody can tell: then it is to be named as a problem."""
    try:
        return BY_SACRED in src.load(key.uid).gaps
    except (ExpkitError, *DAMAGE):
        return True


def _say_what_is_kept(src: RunStore, left: Counter[str]) -> None:
    if isinstance(src, ForeignStore):  # of Sacred's records all is
        say(f"of {src.tool}'s records {KEPT[src.tool]}")
    if left:
        say(f"left out: {', '.join(f'{what} ({count})' for what, count in sorted(left.items()))}")


def _left_out(src: RunStore, report: Report) -> Counter[str]:
    """What was met in the runs' files and is not kept."""
    left: Counter[str] = Counter()
    if isinstance(src, ForeignStore):
        for run in report.runs:
            left.update(src.dropped(run.uid) if run.id is not None else {})
    return left
