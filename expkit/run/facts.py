"""Facts about code and machine for one run's record."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit.provenance.code.environment import environment_facts, known_facts
from expkit.provenance.code.modules import real_path
from expkit.provenance.code.packages import discover_packages
from expkit.provenance.code.sources import SourceFile, Sources
from expkit.provenance.found import Found
from expkit.provenance.git.repositories import ask, require_clean
from expkit.provenance.launch import launch_facts
from expkit.provenance.machine.host import GATHERERS_OF_ALL, has_slow_facts, host_facts, slow_facts
from expkit.record.model import ORIGINS, FileRef, Launch
from expkit.run.own_paths import own_paths_of
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.provenance.found import Job
    from expkit.provenance.git.repositories import Asked
    from expkit.provenance.machine.gathering import Gathering
    from expkit.run.definitions import Definitions
    from expkit.run.inputs import RunInputs
    from expkit.run.notebooks.executed import Cells


class Facts(Frozen):
    """What is known about the code and the machine when a run starts.

    Attributes:
        experiment: ``mainfile``, ``dependencies``, ``repositories``, ``doc``.
        host: see :mod:`expkit.provenance.machine.host`.
        launch: how to start the run again.
        sources: the files that make up the program.
        places: where each of them lies now, or its bytes, by name.
        files: further files, with their bytes.
        finder: finds sources that are imported later.
        problems: what could not be found out.
        later: finds out what takes longer, while the run is under way.
    """

    experiment: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    sources: tuple[FileRef, ...] = ()
    places: Mapping[str, str | bytes] = field(default_factory=dict)
    files: tuple[tuple[bytes, FileRef], ...] = ()
    finder: Sources | None = None
    problems: tuple[str, ...] = ()
    later: tuple[Job, ...] = ()


NOT_GATHERED = Facts()
"""Where nobody observes."""

_KEPT_AT_ONCE = 20
"""So many sources are kept before main; the record calls the rest kept when it is."""


def gather(root: Definitions, inputs: RunInputs, observers: Iterable[object]) -> Facts:
    """Everything that a run's record says about code and machine.

    Args:
        root: whose run it is.
        inputs: of the run.
        observers: whose stores are no part of the project.

    Raises:
        ProvenanceError: ``enforce_clean``, and a repository has changes or there is none.
    """
    time, nodes = datetime.now(timezone.utc), root.ordered()
    cells = _executed_cells(root, time)
    project = root.project
    finder = Sources(SETTINGS.DISCOVER_SOURCES, root.base_dir, project)
    found = finder.find(named_files(root, nodes, cells.file if cells else ""))
    answers = _ask_git(nodes, found, own_paths_of(observers))
    gathering = _gathering([*GATHERERS_OF_ALL, *inputs.host_info])
    sources = finder.read(found)  # while git works
    dependencies = packages_in_use(nodes)
    environment = known_facts(dependencies) or Found()
    problems: list[str] = []
    host = host_facts(problems)
    gathered = gathering.soon() if gathering else Found()
    if inputs.enforce_clean:
        require_clean(*answers())
    repositories, changes = answers.at_start(keep=SETTINGS.GIT.KEEP_CHANGES)
    later = [changes, gathering.later if gathering else None, _slow_facts()]
    if not environment.files:
        later.append(lambda: environment_facts(dependencies))
    facts = Facts(
        experiment={
            **environment.experiment,
            "mainfile": _mainfile(root, sources),
            "dependencies": dependencies,
            "repositories": repositories.found,
            "doc": root.doc,
        },
        host={**host, **environment.host, **gathered.host},
        launch=launch_facts(root.caller.file, project),
        sources=tuple(ref_of(source, time, number < _KEPT_AT_ONCE) for number, source in enumerate(sources)),
        places={source.name: place_of(source) for source in sources},
        files=tuple((data, ref.but(first_seen=time)) for data, ref in environment.files if isinstance(data, bytes)),
        finder=finder,
        problems=(*repositories.problems, *problems, *gathered.gaps, *finder.problems),
        later=tuple(job for job in later if job),
    )
    return facts if cells is None else _with_cells(facts, cells)


def _with_cells(facts: Facts, cells: Cells) -> Facts:
    return facts.but(
        experiment={**facts.experiment, "mainfile": cells.source.path},
        launch=facts.launch.but(script="", module="", argv=()),  # what started the kernel starts no run
        sources=(*facts.sources, cells.source),
        places={**facts.places, cells.source.path: cells.script},
        problems=(*facts.problems, *cells.notes),
    )


def _gathering(gatherers: Iterable[Any]) -> Gathering | None:
    """The user's own gatherers at work, if there are any."""
    if not gatherers:
        return None
    from expkit.provenance.machine.gathering import Gathering

    return Gathering(gatherers)


def _slow_facts() -> Job | None:
    return _SlowFacts() if has_slow_facts() else None


class _SlowFacts:
    """A job for facts about the machine: what a run used is known without them, too."""

    late = Found(host={"gpus_unknown": "nvidia-smi did not answer before the run was over"})

    def __call__(self) -> Found:
        return Found(host=slow_facts())


def shown(root: Definitions, name: str, facts: Facts) -> dict[str, Any]:
    """What is known about the code, as the handle of a run shows it."""
    sources = [(ref.path, ref.md5) for ref in facts.sources]
    known = {key: value for key, value in facts.experiment.items() if key != ORIGINS}
    return {"name": name, **known, "base_dir": root.project, "sources": sources}


def experiment_info(root: Definitions) -> dict[str, Any]:
    """What a run would record about the code, as event methods see it."""
    nodes = root.ordered()
    sources = Sources(SETTINGS.DISCOVER_SOURCES, root.base_dir).look(named_files(root, nodes))
    return {
        "name": root.path,
        "base_dir": root.project,
        "mainfile": _mainfile(root, sources),
        "sources": [(source.name, source.md5) for source in sources],
        "dependencies": packages_in_use(nodes),
        "repositories": _ask_git(nodes, [source.path for source in sources], ())().found,
    }


def _executed_cells(root: Definitions, time: datetime) -> Cells | None:
    """What was executed in a notebook; None elsewhere."""
    if root.cells is None:
        return None
    from expkit.run.notebooks.executed import executed_cells

    return executed_cells(time)


def named_files(root: Definitions, nodes: list[Definitions], notebook: str = "") -> list[str]:
    """The files that are sources whether they were imported or not."""
    named = [file for node in nodes for file in (*node.explicit_sources, node.caller.file)]
    return [str(file) for file in (root.caller.file, *named, notebook) if file]


def packages_in_use(nodes: list[Definitions]) -> list[str]:
    """``name==version`` of the installed packages that the program uses by now, and of those that the user named."""
    return discover_packages(
        SETTINGS.DISCOVER_DEPENDENCIES, [pair for node in nodes for pair in node.explicit_packages]
    )


def _ask_git(nodes: list[Definitions], files: Iterable[str], stores: Iterable[str]) -> Asked:
    asked = all(node.save_git_info for node in nodes)
    return ask(files if asked else (), stores)


def _mainfile(root: Definitions, sources: list[SourceFile]) -> str | None:
    file = real_path(root.caller.file) if root.caller.file else None
    return next((source.name for source in sources if source.path == file), None)


def ref_of(source: SourceFile, time: datetime, kept: bool = True) -> FileRef:
    """How a source that was seen at ``time`` joins a record."""
    return FileRef(
        path=source.name,
        role="source",
        root=source.root,
        sha256=source.sha256,
        md5=source.md5,
        size=source.size,
        first_seen=time,
        layer="import",
        kept=kept,
        changed=source.changed,
    )


def place_of(source: SourceFile) -> str | bytes:
    """Where a source's bytes lie, or the bytes."""
    return source.path if source.data is None else source.data
