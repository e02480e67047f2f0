"""Facts about machine and files, and the old way to add some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.provenance.machine.host import GATHERERS_OF_ALL, HostInfoGatherer, IgnoreHostInfo, host_facts, slow_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

host_info_gatherers: dict[str, HostInfoGatherer] = {}
"""What :func:`host_info_getter` has added."""


def get_host_info(additional_host_info: Iterable[HostInfoGatherer] | None = None) -> dict[str, Any]:
    """What is known about this machine, with the answers of the given gatherers and of those of all experiments."""
    facts = {**host_facts(), **slow_facts()}
    for gatherer in (*GATHERERS_OF_ALL, *(additional_host_info or ())):
        try:
            facts[gatherer.name] = gatherer()
        except IgnoreHostInfo:
            continue
    return facts


def host_info_getter(func: Callable[[], Any] | None = None, name: str | None = None) -> Any:
    """Decorator, bare or with a name: every run of this process asks the function for a fact about the host."""
    if func is None:
        return lambda actual: _added(actual, name)
    return _added(func, name)


def _added(function: Callable[[], Any], name: str | None) -> Callable[[], Any]:
    from warnings import warn

    name = name or function.__name__
    warn(
        "host_info_getter is deprecated; decorate the function with "
        f'@host_info_gatherer("{name}") and give it to Experiment(..., additional_host_info=[{function.__name__}])',
        DeprecationWarning,
        stacklevel=3,
    )
    gatherer = HostInfoGatherer(name, function)
    GATHERERS_OF_ALL[:] = [other for other in GATHERERS_OF_ALL if other.name != name] + [gatherer]
    host_info_gatherers[name] = gatherer
    return function


def get_digest(filename: str) -> str:
    """The MD5 digest of a file's bytes, in hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    from expkit._support.digests import new_md5

    digest = new_md5()
    with open(filename, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
