"""Facts about the machine and the Python that a run happens on."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit._support.places import host_name
from expkit.errors import GathererNameError
from expkit.provenance.machine.limits import machine_memory, usable_cpus, usable_memory
from expkit.provenance.machine.surroundings import container, nvidia_smi, scheduler
from expkit.record.masking import masked_mapping
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

HOST_KEYS = frozenset({"hostname", "os", "python_version", "cpu", "cpu_count", "memory", "gpus", "ENV"})
"""Names that gatherers may not take; one of another name replaces expkit's own fact."""

_CPUINFO_HEAD = 4096  # the first processor is described there; the whole file takes milliseconds on big machines


class IgnoreHostInfo(Exception):  # noqa: N818 - not an error: it says that there is nothing to say
    """Raised by a gatherer that has nothing to tell on this machine; its key is left out."""


class HostInfoGatherer:
    """A function that finds out one fact about the host; call it for the value.

    Attributes:
        name: key in the record's ``host``.
    """

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        if name in HOST_KEYS:
            raise GathererNameError(f"a host info gatherer cannot be called {name!r}: expkit gathers that itself")
        self.name = name
        self._function = function
        self.__doc__ = function.__doc__

    def __call__(self) -> Any:
        """Find the fact out."""
        return self._function()

    get_info = __call__


GATHERERS_OF_ALL: list[HostInfoGatherer] = []
"""Gatherers of all experiments of this process, beside their own."""


def host_info_gatherer(name: str) -> Callable[[Callable[[], Any]], HostInfoGatherer]:
    """Make a function without arguments a gatherer, for ``Experiment(additional_host_info=[...])``.

    Args:
        name: key in the record's ``host``.

    Raises:
        GathererNameError: expkit gathers a fact of that name itself.
    """
    return lambda function: HostInfoGatherer(name, function)


def host_facts(problems: list[str] | None = None) -> dict[str, Any]:
    """What is known at once; a fact that cannot be found out is left out, and a sentence in ``problems`` says so.

    - ``hostname``, ``os`` (name, one line), ``machine`` (kind of processor), ``libc``.
    - ``python_version``, ``python_implementation``, ``python_compiler``.
    - ``cpu`` (model), ``cpu_count`` (logical), ``cpu_cores`` (physical), ``cpu_limit``: how many this process may keep
      busy, by affinity and control groups.
    - ``memory``, ``memory_limit``: bytes that the machine has, and that this process may use.
    - ``container``, ``scheduler``: see :mod:`expkit.provenance.machine.surroundings`.
    - ``ENV``: chosen variables of the environment.
    """
    facts: dict[str, Any] = {}
    for name, probe in _PROBES.items():
        try:
            facts[name] = probe()
        except Exception as error:
            if problems is not None:
                problems.append(f"host fact {name!r} could not be found out: {type(error).__name__}: {error}")
    return facts


def has_slow_facts() -> bool:
    """Whether :func:`slow_facts` would have anything to find out."""
    return not SETTINGS.HOST_INFO.INCLUDE_GPU_INFO or bool(nvidia_smi())


def slow_facts() -> dict[str, Any]:
    """What takes a while to find out, for the background: ``gpus``, see :func:`~expkit.provenance.machine.gpus.gpu_facts`.

    The key is missing where ``nvidia-smi`` is missing or silent. Where it answers after the end of a run, ``gpus_unknown``
    says so in the record.
    """
    if not SETTINGS.HOST_INFO.INCLUDE_GPU_INFO:
        return {"gpus": None}
    from expkit.provenance.machine.gpus import gpu_facts

    facts = gpu_facts()
    return {"gpus": facts} if facts else {}


def _system() -> tuple[str, str]:
    """(name of the system, one line about it), as the module ``platform`` says it."""
    if sys.platform == "linux":  # `platform` takes 10 ms here, to import and to read the interpreter's file
        system = os.uname()
        libc = (os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "") if _has_glibc() else ""
        line = f"{system.sysname}-{system.release}-{system.machine}"
        return system.sysname, f"{line}-with-{libc}" if libc else line
    import platform

    return platform.system(), platform.platform()


def _has_glibc() -> bool:
    return "CS_GNU_LIBC_VERSION" in os.confstr_names


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def _libc() -> str | None:
    return os.confstr("CS_GNU_LIBC_VERSION") if _has_glibc() else None


def _compiler() -> str:
    return sys.version.rpartition("[")[2].rstrip("]")


def _cpu() -> str | None:
    """The model of the processor, or None where the system does not say."""
    if not SETTINGS.HOST_INFO.INCLUDE_CPU_INFO:
        return None
    if sys.platform == "linux":
        return _cpuinfo().get("model name")
    if sys.platform == "darwin":
        from expkit.provenance.machine.gpus import output_of

        return output_of("sysctl", "-n", "machdep.cpu.brand_string", patience=1.0).strip() or None
    import platform

    return platform.processor() or None


def _cores() -> int | None:
    """Physical cores, or None where the system does not say."""
    if sys.platform == "linux":
        one = _cpuinfo()
        threads, cores = int(one.get("siblings", 0)), int(one.get("cpu cores", 0))
        return round((os.cpu_count() or 1) * cores / threads) or 1 if threads and cores else None
    import psutil

    return psutil.cpu_count(logical=False)


@lru_cache(maxsize=1)
def _cpuinfo() -> dict[str, str]:
    """What Linux says about the first processor."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            text = file.read(_CPUINFO_HEAD).decode(errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


@lru_cache(maxsize=1)
def _container() -> dict[str, str] | None:
    return container()


def _environment() -> dict[str, str]:
    wanted = SETTINGS.HOST_INFO.CAPTURED_ENV
    return masked_mapping({name: os.environ[name] for name in wanted if name in os.environ})


_PROBES: dict[str, Callable[[], Any]] = {
    "hostname": host_name,
    "os": lambda: list(_system()),
    "machine": _machine,
    "libc": _libc,
    "python_version": lambda: sys.version.split()[0],
    "python_implementation": lambda: sys.implementation.name,
    "python_compiler": _compiler,
    "cpu": _cpu,
    "cpu_count": os.cpu_count,
    "cpu_cores": _cores,
    "cpu_limit": usable_cpus,
    "memory": machine_memory,
    "memory_limit": usable_memory,
    "container": _container,
    "scheduler": scheduler,
    "ENV": _environment,
}
