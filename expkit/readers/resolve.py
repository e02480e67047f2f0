"""What people call a run by, and which run that is: the one place that knows, for Python and the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit._support.counting import are, counted
from expkit._support.nearest import did_you_mean
from expkit.errors import DAMAGE, ExpkitError, FormatError, QueryError, RunNotFoundError, SeveralRunsError
from expkit.readers.elsewhere import elsewhere
from expkit.record.query import Compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.readers.run import StoredRun
    from expkit.readers.selection import Runs
    from expkit.types import RunId

_UID = re.compile(r"[0-9a-f]{1,32}")
_LAST = re.compile(r"last(?:~(\d+))?")
_BEST = "best:"
_MOST = 5
_HOW = "an id, ~ and the beginning of a uid, a name, last, last~2 or best:max:metrics.acc.max"


def resolve(runs: Runs, reference: RunId) -> StoredRun:
    """The run that is meant.

    Args:
        runs: among which it is looked for.
        reference: the first of these that fits: an id or a whole uid; ``last``, the newest run, and ``last~2``, the second before
            it; ``best:max:FIELD`` and ``best:min:FIELD``; ``~`` and the beginning of a uid; a name.

    Raises:
        RunNotFoundError: there is none; the message has near names.
        SeveralRunsError: several fit; the message names them.
        QueryError: ``best`` without a direction or with a field that no run has.
    """
    found = runs.get(reference)
    if found is not None:
        return found
    text = str(reference)
    if last := _LAST.fullmatch(text):
        return _last(runs, text, int(last[1] or 0))
    if text.startswith(_BEST):
        return _best(runs, text)
    if text.startswith("~"):
        return _by_uid(runs, text[1:])
    return _by_name(runs, text)


def resolve_all(runs: Runs, words: Iterable[str]) -> list[StoredRun]:
    """The runs that several words mean, each run once. One whose record cannot be read is among them, if it is called by its id.

    Args:
        runs: among which they are looked for.
        words: what :func:`resolve` understands, in the order in which they are wanted; and questions such as ``lr<0.1``, of which
            all must hold for those that are named, or, where none is named, for those that are meant.

    Raises:
        RunNotFoundError: there is no such run.
        SeveralRunsError: several fit; the message names them.
        QueryError: a question that cannot be read, or a field that no run has.
    """
    from expkit.record.expression import split

    there = {word: known(runs, word) for word in words}
    names, questions = split(there, lambda word: there[word] is not None)
    found = list(dict.fromkeys(there[name] or resolve(runs, name) for name in names))
    if not questions:
        return found
    among = runs.among(run.uid for run in found) if names else runs
    asked = dict.fromkeys(among.where(*questions))
    return [run for run in found if run in asked] if names else list(asked)


def known(runs: Runs, word: str) -> StoredRun | None:
    """The run of this id or uid, be it readable or not."""
    try:
        return runs.get(word)
    except FormatError:
        for key in runs.store.ids():
            if word in (str(key.id), key.uid):
                return runs.named(key)
        raise


def is_reference(text: str) -> bool:
    """Whether a text means a run, now or later, without being its name: an id of numbers, ``last``, ``best:...``, ``~...``."""
    return text.isdecimal() or _LAST.fullmatch(text) is not None or text.startswith((_BEST, "~"))


def label(run: StoredRun) -> str:
    """What messages call a run: its id, or its uid where it cannot be read."""
    try:
        return str(run.record.id or "")
    except (ExpkitError, *DAMAGE):
        return f"~{run.uid}"


def _last(runs: Runs, text: str, before: int) -> StoredRun:
    there = 0
    for key in sorted(runs.all_keys(), key=lambda key: key.uid, reverse=True):  # as ``expkit ls`` lists them
        if not runs.is_hidden(key):
            if there == before:
                return runs.named(key)
            there += 1
    said = f"{text}: there {are(there)} only {counted(there, 'run')}" if there else "there are no runs"
    raise RunNotFoundError(f"{said} in {runs.place}{elsewhere(runs.store)}")


def _best(runs: Runs, text: str) -> StoredRun:
    direction, _, field = text.removeprefix(_BEST).partition(":")
    if direction not in ("max", "min") or not field:
        raise QueryError(
            f"{text} does not say what is best; write best:max:metrics.acc.max or best:min:metrics.loss.last"
        )
    return runs.best(field, direction)


def _by_uid(runs: Runs, start: str) -> StoredRun:
    if not _UID.fullmatch(start):
        raise RunNotFoundError(f"~{start} is not the beginning of a uid: these are of the digits 0-9 and a-f")
    keys = [key for key in runs.all_keys() if key.uid.startswith(start)]
    if not keys:
        raise RunNotFoundError(f"no run in {runs.place} has a uid that begins with {start}")
    if len(keys) > 1:
        raise SeveralRunsError(
            f"~{start} fits {_listed([f'~{key.uid} (run {key.id})' for key in keys])}; give more of the uid"
        )
    return runs.named(keys[0])


def _by_name(runs: Runs, name: str) -> StoredRun:
    ids = [str(row["id"]) for row in runs.where(Compare("name", "==", name)).find(["id"])]
    if len(ids) > 1:
        raise SeveralRunsError(f"{_listed([f'run {id}' for id in ids])} are called {name!r}; say which by its id")
    if not ids:
        raise RunNotFoundError(f"there is no run {name!r} in {runs.place}{_near(runs, name)}")
    return runs[ids[0]]


def _near(runs: Runs, text: str) -> str:
    rows = list(runs.find(["id", "name"]))
    if not rows:
        return f", which is empty{elsewhere(runs.store)}"
    known = [*(str(row["id"]) for row in rows), *(row["name"] for row in rows if isinstance(row["name"], str))]
    return did_you_mean(text, ["last", *known]) or f"; a run is called by {_HOW}"


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_MOST], *([f"{len(names) - _MOST} more"] if len(names) > _MOST else ())]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
