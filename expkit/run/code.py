"""The code of an experiment as objects: its source files and the packages that it uses."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from expkit.provenance.code.modules import real_path
from expkit.provenance.code.sources import Sources
from expkit.run.facts import named_files, packages_in_use
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from expkit.run.definitions import Definitions


class Source:
    """A source file; equal to another one of the same name, and to that name.

    Attributes:
        filename: where it lies, absolute.
        digest: md5 of its bytes, in hex.
    """

    def __init__(self, filename: str, digest: str, *, asks_git: bool = True) -> None:
        self.filename = filename
        self.digest = digest
        self._asks_git = asks_git

    @property
    def repo(self) -> str | None:
        """The URL of the repository that it is in; None: in none, or nobody asks git."""
        return self._repository.get("url")

    @property
    def commit(self) -> str | None:
        """The commit that is checked out there."""
        return self._repository.get("commit")

    @property
    def is_dirty(self) -> bool | None:
        """Whether anything in that repository is not committed."""
        return self._repository.get("dirty")

    @cached_property
    def _repository(self) -> dict[str, Any]:
        from expkit.provenance.git.repositories import ask

        return dict(next(iter(ask((self.filename,) if self._asks_git else ())().found), {}))

    def to_json(self, base_dir: str | os.PathLike[str] | None = None) -> tuple[str, str]:
        """Name and digest, the name relative to ``base_dir``."""
        name = os.path.relpath(self.filename, os.path.realpath(base_dir)) if base_dir else self.filename
        return name, self.digest

    def __eq__(self, other: object) -> bool:
        return self.filename == (other.filename if isinstance(other, Source) else other)

    def __lt__(self, other: Source) -> bool:
        return self.filename < other.filename

    def __hash__(self) -> int:
        return hash(self.filename)

    def __repr__(self) -> str:
        return f"<Source: {self.filename}>"


class PackageDependency:
    """An installed package that an experiment uses; equal to another one of the same name.

    Attributes:
        name: as it is installed.
        version: None where that is not known.
    """

    def __init__(self, name: str, version: str | None) -> None:
        self.name = name
        self.version = version

    def to_json(self) -> str:
        """``name==version``."""
        return f"{self.name}=={self.version or '<unknown>'}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackageDependency) and self.name == other.name

    def __lt__(self, other: PackageDependency) -> bool:
        return self.name < other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<PackageDependency: {self.to_json()}>"


def sources_of(root: Definitions) -> set[Source]:
    """The sources that are known by now, those that the user named included."""
    nodes = root.ordered()
    found = Sources(SETTINGS.DISCOVER_SOURCES, root.base_dir).look(named_files(root, nodes))
    return {Source(source.path, source.md5, asks_git=root.save_git_info) for source in found}


def mainfile_of(root: Definitions) -> Source | None:
    """The file that made the experiment; None in notebooks and consoles."""
    file = root.caller.file
    return next((source for source in sources_of(root) if source == real_path(file)), None) if file else None


def packages_of(root: Definitions) -> set[PackageDependency]:
    """The packages that are in use by now, those that the user named included."""
    pairs = (text.partition("==") for text in packages_in_use(root.ordered()))
    return {PackageDependency(name, version if version != "<unknown>" else None) for name, _, version in pairs}
