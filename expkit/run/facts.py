"""Facts about code and machine for one run's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expkit.provenance.host import host_facts
from expkit.provenance.launch import launch_facts
from expkit.provenance.packages import discover_packages
from expkit.provenance.projects import project_root
from expkit.provenance.repositories import describe, require_clean
from expkit.provenance.sources import discover
from expkit.record.model import FileRef, Launch
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from expkit.run.definitions import Definitions
    from expkit.run.inputs import RunInputs


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the code and the machine when a run starts.

    Attributes:
        experiment: ``mainfile``, ``dependencies``, ``repositories``, ``doc``.
        host: see :mod:`expkit.provenance.host`.
        launch: how to start the run again.
        sources: the files that make up the program.
        places: where each of them lies now, by name.
        problems: what could not be found out.
    """

    experiment: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    sources: tuple[FileRef, ...] = ()
    places: Mapping[str, Path] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
