"""What differs between two runs: :func:`diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.named import NamedTuple
from expkit.errors import BlobNotFoundError
from expkit.readers import facts
from expkit.readers.functions import ADDED, CHANGED, REMOVED, FunctionChange, changed_functions
from expkit.readers.opening import open_run
from expkit.readers.run import StoredRun
from expkit.record.encoding import encode
from expkit.record.query import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.readers.files import StoredFile
    from expkit.readers.opening import Place
    from expkit.types import Json, RunId

_SIDE_BY_SIDE = ("result", "metrics")


class Differing(NamedTuple):
    """One fact of two runs.

    Attributes:
        path: dotted.
        a, b: what each run has; :data:`~expkit.record.query.MISSING` where one has nothing.
    """

    path: str
    a: Any
    b: Any

    @property
    def is_same(self) -> bool:
        """Whether both have the same."""
        return facts.is_same(self.a, self.b)


class SourceDifference(NamedTuple):
    """One source that differs.

    Attributes:
        path: of the file.
        what: ``added`` (only the second run has it), ``removed`` or ``changed``.
        lines: the unified diff, a line each; empty where the bytes of one are not kept.
        functions: which functions changed, by syntax tree; None where a file is no Python.
    """

    path: str
    what: str
    lines: tuple[str, ...]
    functions: tuple[FunctionChange, ...] | None


class Difference(Frozen):
    """What differs between two runs; false if nothing does but their results.

    Attributes:
        a, b: the runs.
        asked: experiment, command, script and arguments, if they differ.
        config, packages, git, host, inputs: facts that differ.
        sources: files that differ.
        result, metrics: facts side by side, also those that are the same.
    """

    a: StoredRun
    b: StoredRun
    asked: tuple[Differing, ...]
    config: tuple[Differing, ...]
    sources: tuple[SourceDifference, ...]
    packages: tuple[Differing, ...]
    git: tuple[Differing, ...]
    host: tuple[Differing, ...]
    inputs: tuple[Differing, ...]
    result: tuple[Differing, ...]
    metrics: tuple[Differing, ...]

    def __bool__(self) -> bool:
        return any((self.asked, self.config, self.sources, self.packages, self.git, self.host, self.inputs))

    def to_json(self) -> Json:
        """JSON trees of all of it; a side that has nothing is left out."""
        tree: dict[str, Json] = {name: [_tree(fact) for fact in getattr(self, name)] for name in facts.SECTIONS}
        tree["sources"] = [
            {
                "path": source.path,
                "what": source.what,
                "diff": list(source.lines),
                "functions": source.functions
                and [dict(zip(("name", "what"), one, strict=True)) for one in source.functions],
            }
            for source in self.sources
        ]
        return {"a": _name(self.a), "b": _name(self.b), **tree}


def diff(a: StoredRun | RunId, b: StoredRun | RunId, store: Place = None) -> Difference:
    """What differs between two runs.

    Args:
        a: a run, or what :func:`expkit.open_run` takes.
        b: the other one; may be in another store.
        store: where runs are that are called by names.

    Raises:
        RunNotFoundError: there is no such run.
    """
    one, other = (run if isinstance(run, StoredRun) else open_run(run, store) for run in (a, b))
    pairs = {name: _pairs(find(one), find(other)) for name, find in facts.SECTIONS.items()}
    shown: dict[str, Any] = {
        name: tuple(pair for pair in found if name in _SIDE_BY_SIDE or not pair.is_same)
        for name, found in pairs.items()
    }
    return Difference(a=one, b=other, sources=_sources(one.sources, other.sources), **shown)


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Differing]:
    return [Differing(path, a.get(path, MISSING), b.get(path, MISSING)) for path in dict.fromkeys((*a, *b))]


def _sources(a: Mapping[str, StoredFile], b: Mapping[str, StoredFile]) -> tuple[SourceDifference, ...]:
    found = []
    for path in sorted({*a, *b}):
        one, other = a.get(path), b.get(path)
        if one is None or other is None:
            found.append(SourceDifference(path, ADDED if one is None else REMOVED, (), None))
        elif not _has_same_bytes(one, other):
            found.append(_changed(path, one, other))
    return tuple(found)


def _has_same_bytes(one: StoredFile, other: StoredFile) -> bool:
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    if one.ref.md5 and other.ref.md5:
        return one.ref.md5 == other.ref.md5
    return _text(one) == _text(other) is not None


def _changed(path: str, one: StoredFile, other: StoredFile) -> SourceDifference:
    before, after = _text(one), _text(other)
    if before is None or after is None:
        return SourceDifference(path, CHANGED, (), None)
    functions = changed_functions(before, after) if path.endswith((".py", ".pyw")) else None
    return SourceDifference(path, CHANGED, tuple(_unified(before, after, path, one, other)), functions)


def _unified(before: str, after: str, path: str, one: StoredFile, other: StoredFile) -> Sequence[str]:
    from difflib import unified_diff

    names = f"{path} of run {one.run}", f"{path} of run {other.run}"
    return list(unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _text(file: StoredFile) -> str | None:
    try:
        return file.text
    except BlobNotFoundError:
        return None


def _tree(fact: Differing) -> Json:
    sides = {side: encode(value) for side, value in (("a", fact.a), ("b", fact.b)) if value is not MISSING}
    return {"path": fact.path, **sides}


def _name(run: StoredRun) -> Json:
    return {"id": run.id, "uid": run.uid, "store": run.store.url}
