"""What is declared about the entries of one ingredient, and what did not fit. Loads nothing: untyped configs have one, too."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit._support.frozen import Frozen

if TYPE_CHECKING:
    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.typed.kept import Kept
    from expkit.config.typed.problems import Problem


UNFIT = type("Unfit", (), {"__repr__": lambda _: "UNFIT"})()
"""What stands for a value that was given and does not fit."""


class Entry(Frozen):
    """An entry whose type is declared.

    Attributes:
        path: from the ingredient.
        kind: the type.
        text: the type as it was written.
        origin: where it is declared.
        soft: a class converts and checks the value, whatever its annotation says.
    """

    path: Path
    kind: Any
    text: str
    origin: Origin
    soft: bool = False


class Whole(NamedTuple):
    """A class whose fields are entries of the ingredient itself.

    Attributes:
        kind: the class.
        names: of its fields.
        origin: where it became a config.
    """

    kind: Any
    names: tuple[str, ...]
    origin: Origin


class Misfit(NamedTuple):
    """A value that does not fit the type of its entry.

    Attributes:
        keys: of the value, from the ingredient.
        value: that was given.
        reason: what is expected.
        entry: whose type it is.
        origin: who gave the value; None where that has to be looked up.
        text: the value as it was typed.
        example: a value that would fit, where an example helps.
    """

    keys: Path
    value: Any
    reason: str
    entry: Entry
    origin: Origin | None = None
    text: str = ""
    example: str = ""


def misfit_of(entry: Entry, path: Path, problem: Problem, origin: Origin | None = None, text: str = "") -> Misfit:
    """What a problem means for an entry.

    Args:
        entry: whose type it is.
        path: that the problem's keys start from.
        problem: what is wrong.
        origin: who gave the value.
        text: the value as it was typed.
    """
    return Misfit((*path, *problem.at), problem.value, problem.reason, entry, origin, text, problem.example)


class Table:
    """The declarations of one ingredient.

    Attributes:
        entries: by path; of two declarations of an entry the later one counts.
        wholes: classes whose fields are entries.
        own: declarations by ``id()`` of the config that makes them, and by name.
        misfits: what did not fit when the configs were evaluated last.
        given: what did not fit of what overrides gave.
        required: entries without a value of their own, where the configs were evaluated last.
        asked: such entries of named configs.
        stopped: whether a config function could not go on without an entry that must be given.
        warnings: what looks like a type, and is none.
    """

    def __init__(self) -> None:
        self.entries: dict[Path, Entry] = {}
        self.wholes: list[Whole] = []
        self.own: dict[int, dict[str, Entry]] = {}
        self.misfits: list[Misfit] = []
        self.given: list[Misfit] = []
        self.required: dict[Path, Entry] = {}
        self.asked: dict[Path, Entry] = {}
        self.stopped = False
        self.warnings: dict[str, None] = {}

    @cached_property
    def kept(self) -> Kept:
        """What values became, and the objects that lie at paths."""
        from expkit.config.typed.kept import Kept

        return Kept()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def declare(self, entry: Entry, own: int = 0) -> Entry:
        """Take over a declaration, made by the config with this ``id()``."""
        self.entries[entry.path] = entry
        if len(entry.path) == 1:
            self.own.setdefault(own, {})[entry.path[0]] = entry
        return entry

    def of(self, path: Path) -> Entry | None:
        """The declaration that an entry, or what it lies in, has."""
        return next((self.entries[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.entries), None)

    def forget(self) -> None:
        """Forget what evaluation found, before it is done again."""
        self.misfits, self.required, self.stopped = [], {**self.asked}, False

    def keep(self) -> None:
        """Keep what a named config found: it is evaluated once."""
        self.given += self.misfits
        self.asked.update(self.required)
        self.misfits = []
