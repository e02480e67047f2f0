"""What two or more runs are compared by: facts by dotted path, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.counting import counted
from expkit.readers.values import flat
from expkit.record.fields import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.readers.run import StoredRun
    from expkit.readers.values import View

_FIGURES = ("last", "min", "max")


def asked(run: StoredRun) -> dict[str, Any]:
    """What was run, and how."""
    launch = run.record.launch
    told = {"command": run.command, "script": launch.script or launch.module, "argv": list(launch.argv)}
    return {"experiment": run.record.name, **told}


def config(run: StoredRun) -> dict[str, Any]:
    """Leaves of the config."""
    return _leaves(run.config.to_dict())


def git(run: StoredRun) -> dict[str, Any]:
    """What is known of the program's repositories; with several, below the address of each."""
    if len(run.repositories) == 1:
        return _given(run.repositories[0])
    return {
        f"{repository.get('url') or number}.{path}": value
        for number, repository in enumerate(run.repositories)
        for path, value in _given(repository).items()
    }


def host(run: StoredRun) -> dict[str, Any]:
    """Leaves of what is known of the machine."""
    return _leaves(run.host.to_dict())


def inputs(run: StoredRun) -> dict[str, Any]:
    """The content of data that was read and of resources: the beginning of the hash, or the size."""
    files = {**run.resources, **run.inputs}
    return {name: (file.sha256 or file.ref.md5)[:12] or counted(file.size, "byte") for name, file in files.items()}


def result(run: StoredRun) -> dict[str, Any]:
    """Leaves of the result, and of what was reported later."""
    found = {} if run.result is None else flat(run.result, "result")
    return {**found, **flat(run.late.to_dict(), "late")} if run.late else found


def metrics(run: StoredRun) -> dict[str, Any]:
    """Last, least and greatest value of each metric, those that expkit measured itself left out."""
    return {
        f"{name}.{figure}": getattr(metric, figure)
        for name, metric in run.metrics.items()
        if not name.startswith(SYSTEM)
        for figure in _FIGURES
    }


def packages(run: StoredRun) -> dict[str, Any]:
    """Versions of packages."""
    return dict(run.packages)


SECTIONS: Mapping[str, Callable[[StoredRun], dict[str, Any]]] = {
    "asked": asked,
    "config": config,
    "packages": packages,
    "git": git,
    "host": host,
    "inputs": inputs,
    "result": result,
    "metrics": metrics,
}
"""How the facts of each section are found."""


def _given(repository: View) -> dict[str, Any]:
    """Leaves of what a repository has: one without a patch is like one that nobody asked for a patch."""
    return {path: value for path, value in _leaves(repository.to_dict()).items() if value not in (None, [])}


def _leaves(tree: dict[Any, Any]) -> dict[str, Any]:
    return flat(tree) if tree else {}


def is_same(one: Any, other: Any) -> bool:
    """Whether two facts are equal; NaN is NaN, and ``1`` is not ``True``. What cannot be compared goes by its looks."""
    if type(one) is not type(other) and not (_is_number(one) and _is_number(other)):
        return False
    try:
        return bool(one == other) or repr(one) == repr(other)
    except (ValueError, TypeError):  # arrays
        return repr(one) == repr(other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
