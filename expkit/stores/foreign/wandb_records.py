"""What the records in W&B's files say, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from expkit.record.encoding import encode
from expkit.record.model import COMPLETED, FAILED, RUNNING, Annotation, FileRef, Launch, Point, RunRecord
from expkit.stores.foreign import protobuf
from expkit.stores.foreign.told import gaps_of, json_of, logged, moment, small_text
from expkit.stores.sacred import base_name, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from expkit.types import Json

TOOL, SCHEME = "W&B", "wandb"

HISTORY, SUMMARY, CONFIG, STATS, ARTIFACT, RUN, EXIT, ENVIRONMENT = 2, 3, 5, 7, 8, 17, 18, 26
"""Numbers of the fields of a record that are looked at."""

_KEY, _NESTED, _JSON = 1, 2, 16
_TEXTS = {"entity": 2, "project": 3, "group": 6, "job_type": 7, "name": 8, "notes": 9, "sweep_id": 12, "host": 13}
_ABOUT = {"os": 1, "python": 2, "program": 6, "host": 12, "username": 13, "gpu": 18, "cuda_version": 25}
_COUNTS = {"cpu_count": 16, "cpu_count_logical": 17, "gpu_count": 19}
_METADATA = ("os", "python", "host", "username", "cpu_count", "cpu_count_logical", "gpu", "gpu_count", "cuda")
_SYSTEM = "system/"
_MEDIA = "_type"


class Learnt:
    """What the records of a run have said so far.

    Attributes:
        run: texts about the run: ``project``, ``name`` ...
        last: when it last wrote, in seconds since the epoch.
        exit: the exit code; None while it goes on.
        dropped: what is not kept: how many of which things.
        troubles: sentences on what cannot be read.
    """

    def __init__(self) -> None:
        self.run: dict[str, str] = {}
        self.tags: list[str] = []
        self.start = self.last = 0.0
        self.exit: int | None = None
        self.config: dict[str, Json] = {}
        self.summary: dict[tuple[str, ...], str] = {}
        self.host: dict[str, Json] = {}
        self.git: dict[str, str] = {}
        self.program = ""
        self.argv: list[str] = []
        self.packages: list[str] = []
        self.artifacts: list[dict[str, Json]] = []
        self.samples = 0
        self.dropped: Counter[str] = Counter()
        self.troubles: list[str] = []

    def read_files(self, folder: str) -> None:
        """Learn what older versions of W&B wrote into files of their own, and the installed packages."""
        told = tree_of(json_of(small_text(f"{folder}/wandb-metadata.json") or "null"))
        self.host = {key: told[key] for key in _METADATA if key in told} | self.host
        git = tree_of(told.get("git"))
        self.git = self.git or {"url": str(git.get("remote") or ""), "commit": str(git.get("commit") or "")}
        self.program = self.program or str(told.get("program") or "")
        self.argv = self.argv or [str(word) for word in told.get("args") or () if isinstance(word, str)]
        lines = small_text(f"{folder}/requirements.txt").splitlines()
        self.packages = [line.strip() for line in lines if "==" in line]


def look(data: bytes, learnt: Learnt, *, points_only: bool = False) -> Iterator[Point]:
    """Learn from one record; its points.

    Raises:
        FormatError: it is no record.
    """
    for number, value in protobuf.fields(data):
        if number == HISTORY:
            yield from _history(value, learnt)
        elif number == STATS:
            yield from _stats(value, learnt)
        elif not points_only and number in _LEARN:
            _LEARN[number](value, learnt)


def record_of(uid: str, run_id: str, learnt: Learnt, files: tuple[FileRef, ...]) -> RunRecord:
    """All of that as a record."""
    run = learnt.run
    repositories = [{**learnt.git, "dirty": False}] if learnt.git.get("commit") else []
    program = base_name(learnt.program)
    known = {key: run[key] for key in ("entity", "project", "group", "job_type", "sweep_id") if run.get(key)}
    more = {"artifacts": learnt.artifacts} if learnt.artifacts else {}
    ended = learnt.exit is not None
    return RunRecord(
        uid=uid,
        name=run.get("project") or "wandb",
        command="",
        status=RUNNING if not ended else FAILED if learnt.exit else COMPLETED,
        start_time=moment(learnt.start),
        stop_time=moment(learnt.last) if ended else None,
        heartbeat=moment(learnt.last),
        config=encode(learnt.config),
        experiment=encode(
            {
                "name": run.get("project", ""),
                "mainfile": program,
                "dependencies": learnt.packages,
                "repositories": repositories,
            }
        ),
        host=encode({**({"hostname": run["host"]} if run.get("host") else {}), **learnt.host}),
        meta=encode({"tags": learnt.tags}),
        launch=Launch(script=program, argv=tuple(learnt.argv)),
        files=files,
        info=encode({"wandb": {"run_id": run_id, **known, **more}}),
        result=encode(_tree(learnt.summary) or None),
        cause="" if not learnt.exit else f"its exit code was {learnt.exit}",
        gaps=gaps_of(TOOL, learnt.troubles, learnt.dropped),
    )


def notes_of(learnt: Learnt) -> tuple[Annotation, ...]:
    """Its name and its notes, as if its user had added them when it began."""
    time = moment(learnt.start) or moment(1)
    assert time is not None
    author = str(learnt.host.get("username") or TOOL)
    texts = {"name": learnt.run.get("name", ""), "note": learnt.run.get("notes", "")}
    return tuple(
        Annotation(action=action, value=text, author=author, time=time) for action, text in texts.items() if text
    )


def seconds(stamp: Any) -> float:
    """A ``google.protobuf.Timestamp`` as seconds since the epoch."""
    found = protobuf.part(stamp)
    return protobuf.signed(found.get(1)) + protobuf.signed(found.get(2)) / 1e9


# -- points --------------------------------------------------------------------------------------------


def _history(data: bytes, learnt: Learnt) -> Iterator[Point]:
    values = {path: value for path, value in map(_item, protobuf.repeated(data, 1)) if path}
    step = values.get(("_step",), protobuf.signed(protobuf.part(protobuf.message(data).get(2)).get(1)))
    time = values.get(("_timestamp",), learnt.last)
    time = float(time) if isinstance(time, (int, float)) else learnt.last
    learnt.last = max(learnt.last, time)
    media = {path[0]: value for path, value in values.items() if path[1:] == (_MEDIA,)}
    for kind in media.values():
        learnt.dropped[f"{kind} in the history"] += 1
    for path, value in values.items():
        if path[0] not in media and not path[0].startswith("_"):
            for name, leaf in _leaves(".".join(path), value, learnt):
                yield Point(name, step, logged(leaf), time)


def _leaves(name: str, value: Json, learnt: Learnt) -> Iterator[tuple[str, Json]]:
    if not isinstance(value, dict):
        if value is not None:
            yield name, value
    elif _MEDIA in value:
        learnt.dropped[f"{value[_MEDIA]} in the history"] += 1
    else:
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}", item, learnt)


def _stats(data: bytes, learnt: Learnt) -> Iterator[Point]:
    """What W&B measured of the machine, counted in steps of their own."""
    time = seconds(protobuf.message(data).get(2))
    learnt.last = max(learnt.last, time)
    for item in protobuf.repeated(data, 3):
        found = protobuf.message(item)
        value = json_of(found.get(_JSON, b"null"))
        if isinstance(value, (int, float)):
            yield Point(_SYSTEM + protobuf.text(found.get(_KEY)), learnt.samples, value, time)
    learnt.samples += 1


# -- facts ---------------------------------------------------------------------------------------------


def _run(data: bytes, learnt: Learnt) -> None:
    found = protobuf.message(data)
    learnt.run |= {name: protobuf.text(found.get(number)) for name, number in _TEXTS.items()}
    learnt.tags = [protobuf.text(tag) for tag in protobuf.repeated(data, 10)]
    learnt.start = learnt.start or seconds(found.get(17))
    learnt.last = max(learnt.last, learnt.start)
    if isinstance(found.get(4), bytes):
        _config(found[4], learnt)


def _config(data: bytes, learnt: Learnt) -> None:
    for number, item in protobuf.fields(data):
        path, value = _item(item)
        if not path or path[0] == "_wandb":
            continue
        if number == 1:
            _put(learnt.config, path, value)
        else:
            learnt.config.pop(path[0], None)


def _summary(data: bytes, learnt: Learnt) -> None:
    for number, item in protobuf.fields(data):
        path, _ = _item(item, parse=False)
        if number == 1 and path and not path[0].startswith("_"):
            learnt.summary[path] = protobuf.text(protobuf.message(item).get(_JSON))
        elif number != 1:
            learnt.summary.pop(path, None)


def _exit(data: bytes, learnt: Learnt) -> None:
    learnt.exit = protobuf.signed(protobuf.message(data).get(1))


def _environment(data: bytes, learnt: Learnt) -> None:
    found = protobuf.message(data)
    texts = {name: protobuf.text(found.get(number)) for name, number in _ABOUT.items()}
    learnt.program = texts.pop("program") or learnt.program
    counts = {name: found.get(number) for name, number in _COUNTS.items()}
    learnt.host |= {name: value for name, value in {**texts, **counts}.items() if value}
    learnt.argv = [protobuf.text(word) for word in protobuf.repeated(data, 5)] or learnt.argv
    git = protobuf.part(found.get(9))
    if git:
        learnt.git = {"url": protobuf.text(git.get(1)), "commit": protobuf.text(git.get(2))}


def _artifact(data: bytes, learnt: Learnt) -> None:
    """Artifacts of W&B lie outside the run's folder: what they are called is kept, not their bytes."""
    found = protobuf.message(data)
    learnt.artifacts.append(
        {name: protobuf.text(found.get(n)) for name, n in (("name", 5), ("type", 4), ("digest", 6))}
    )
    learnt.dropped["bytes of artifacts of W&B"] += 1


_LEARN = {
    RUN: _run,
    CONFIG: _config,
    SUMMARY: _summary,
    EXIT: _exit,
    ENVIRONMENT: _environment,
    ARTIFACT: _artifact,
}


def _item(data: bytes, *, parse: bool = True) -> tuple[tuple[str, ...], Json]:
    """A name, which may have several steps, and its value."""
    key, nested, value = "", [], None
    for number, found in protobuf.fields(data):
        if number == _KEY:
            key = protobuf.text(found)
        elif number == _NESTED:
            nested.append(protobuf.text(found))
        elif parse and number in _VALUES:
            value = _VALUES[number](found)
    return (key,) if key else tuple(nested), value


_VALUES: dict[int, Callable[[Any], Json]] = {
    4: bool,
    5: protobuf.zigzag,
    6: protobuf.double,
    7: protobuf.text,
    8: json_of,
    _JSON: json_of,
}


def _put(tree: dict[str, Json], path: tuple[str, ...], value: Json) -> None:
    for step in path[:-1]:
        below = tree.get(step)
        if not isinstance(below, dict):
            below = tree[step] = {}
        tree = below
    tree[path[-1]] = value


def _tree(summary: Mapping[tuple[str, ...], str]) -> dict[str, Json]:
    """The summary without media and without what W&B adds."""
    tree: dict[str, Json] = {}
    for path, text in summary.items():
        _put(tree, path, json_of(text))
    return {key: value for key, value in tree.items() if not (isinstance(value, dict) and _MEDIA in value)}
