"""Facts about code and machine for one run's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expkit.provenance.host import host_facts
from expkit.provenance.launch import launch_facts, project_root
from expkit.provenance.packages import discover_packages
from expkit.provenance.repositories import describe, require_clean
from expkit.provenance.sources import discover
from expkit.record.model import FileRef, Launch
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expkit.run.definitions import Definitions
    from expkit.run.inputs import RunInputs


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about the code and the machine when a run starts."""

    experiment: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    sources: tuple[FileRef, ...] = ()
    places: Mapping[str, Path] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


