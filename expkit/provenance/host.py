"""Facts about the machine and the Python that a run happens on."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from expkit._support.places import host_name
from expkit.errors import ProvenanceError
from expkit.provenance.mask import masked_mapping
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST_KEYS = frozenset({"hostname", "os", "python_version", "cpu", "cpu_count", "memory", "gpus", "ENV"})
"""Names that gatherers may not take."""

_GPU_QUERY = ("name", "memory.total", "persistence_mode", "driver_version")
_GPU_PATIENCE = 10.0  # seconds
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
            raise ProvenanceError(f"a host info gatherer cannot be called {name!r}: expkit gathers that itself")
        self.name = name
        self._function = function
        self.__doc__ = function.__doc__

    def __call__(self) -> Any:
        """Find the fact out."""
        return self._function()

    get_info = __call__


def host_info_gatherer(name: str) -> Callable[[Callable[[], Any]], HostInfoGatherer]:
    """Make a function without arguments a gatherer, for ``Experiment(additional_host_info=[...])``.

    Args:
        name: key in the record's ``host``.

    Raises:
        ProvenanceError: expkit gathers a fact of that name itself.
    """
    return lambda function: HostInfoGatherer(name, function)


def host_facts(gatherers: Iterable[Any] = (), problems: list[str] | None = None) -> dict[str, Any]:
    """What is known at once: host name, system, Python, processors, memory, chosen environment.

    ``memory`` counts bytes. A gatherer that fails leaves its key out and a sentence in ``problems``.
    """
    facts: dict[str, Any] = {
        "hostname": host_name(),
        "os": list(_system()),
        "python_version": sys.version.split()[0],
        "cpu": _cpu() if SETTINGS.HOST_INFO.INCLUDE_CPU_INFO else None,
        "cpu_count": os.cpu_count(),
        "memory": _memory(),
        "ENV": _environment(),
    }
    for gatherer in gatherers:
        _gather(gatherer, facts, [] if problems is None else problems)
    return facts


def has_slow_facts() -> bool:
    """Whether :func:`slow_facts` would have anything to find out."""
    return not SETTINGS.HOST_INFO.INCLUDE_GPU_INFO or bool(_nvidia_smi())


def slow_facts() -> dict[str, Any]:
    """What takes a while to find out, for the background: ``gpus``.

    Graphics processors as ``nvidia-smi`` tells them (``total_memory`` in MiB); the key is missing where that program
    is missing or silent.
    """
    if not SETTINGS.HOST_INFO.INCLUDE_GPU_INFO:
        return {"gpus": None}
    program = _nvidia_smi()
    output = _gpu_report(program) if program else ""
    return {"gpus": _parse_gpus(output)} if output else {}


def _gather(gatherer: Any, facts: dict[str, Any], problems: list[str]) -> None:
    try:
        facts[gatherer.name] = gatherer()
    except IgnoreHostInfo:
        pass
    except Exception as error:
        problems.append(f"host info {gatherer.name!r} could not be gathered: {type(error).__name__}: {error}")


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


def _cpu() -> str | None:
    """The model of the processor, or None where the system does not say."""
    if sys.platform == "linux":
        return _linux_cpu()
    if sys.platform == "darwin":
        return _run("sysctl", "-n", "machdep.cpu.brand_string", patience=1.0).strip() or None
    import platform

    return platform.processor() or None


def _linux_cpu() -> str | None:
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            lines = file.read(_CPUINFO_HEAD).decode(errors="replace").splitlines()
    except OSError:
        return None
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, None)


def _memory() -> int:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    import psutil

    return int(psutil.virtual_memory().total)


def _environment() -> dict[str, str]:
    wanted = SETTINGS.HOST_INFO.CAPTURED_ENV
    return masked_mapping({name: os.environ[name] for name in wanted if name in os.environ})


def _nvidia_smi() -> str:
    for folder in os.get_exec_path():
        for name in ("nvidia-smi", "nvidia-smi.exe"):
            program = os.path.join(folder, name)
            if os.access(program, os.X_OK):
                return program
    return ""


def _gpu_report(program: str) -> str:
    return _run(program, f"--query-gpu={','.join(_GPU_QUERY)}", "--format=csv,noheader,nounits", patience=_GPU_PATIENCE)


def _parse_gpus(output: str) -> dict[str, Any]:
    rows = [[cell.strip() for cell in line.split(",")] for line in output.splitlines() if line.strip()]
    rows = [row for row in rows if len(row) == len(_GPU_QUERY)]
    return {
        "gpus": [
            {"model": model, "total_memory": _mebibytes(memory), "persistence_mode": mode == "Enabled"}
            for model, memory, mode, _ in rows
        ],
        "driver_version": rows[0][3] if rows else "",
    }


def _mebibytes(text: str) -> int | None:
    return int(text) if text.isdigit() else None  # integrated devices say [N/A]


def _run(*command: str, patience: float) -> str:
    import subprocess

    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=patience, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
