"""What decorators collect: :class:`Definitions`. Nothing here runs, hashes or asks git."""

from __future__ import annotations

import os
import sys

from expkit.errors import CircularDependencyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType
    from typing import Any

    from expkit.config.source import ConfigSource
    from expkit.run.notebooks.cells import CellDefinitions


class Caller:
    """The module in whose code an ingredient was made: its file, name and docstring."""

    __slots__ = ("doc", "file", "globals", "module")

    def __init__(self, frame: FrameType) -> None:
        self.globals = frame.f_globals
        self.module: str = self.globals.get("__name__", "")
        self.doc: str | None = self.globals.get("__doc__")
        self.file = _real_file(self.globals)

    @classmethod
    def of(cls, maker: object) -> Caller:
        """The code that called the constructor of ``maker``, however many subclasses lie between."""
        frame: FrameType | None = sys._getframe(1)
        outer = frame
        while frame is not None and _is_constructor(frame, maker):
            frame = frame.f_back
        chosen = frame or outer
        assert chosen is not None
        return cls(chosen)


class Definitions:
    """One ingredient's definitions, a node of the tree of ingredients.

    Attributes:
        path: dotted path of its config in the run's config.
        ingredients: direct sub-ingredients; may be changed.
        configurations: config functions and dicts, in order of evaluation.
        named_configs: name to config function or dict.
        captured_functions: all wrappers that get their arguments from this ingredient's config.
        commands: name to captured function.
        config_hooks, pre_run_hooks, post_run_hooks, option_hooks: in order of definition.
        default_command: name of the main function, or None.
        unobserved_commands: names of the commands that record nothing.
        looking_commands: those of them that only look at the config: hooks are not called for them.
        explicit_sources, explicit_packages: what the user added by hand.
        logger: None, or the logger that the user wants to be used.
        caller: where it was made.
        cells: in notebooks and consoles, which cell defined what; else None.
    """

    def __init__(self, path: str, ingredients: Sequence[Definitions], caller: Caller, base_dir: str | None) -> None:
        self.path = path
        self.ingredients: list[Definitions] = list(ingredients)
        self.configurations: list[ConfigSource] = []
        self.named_configs: dict[str, ConfigSource] = {}
        self.captured_functions: list[Callable[..., Any]] = []
        self.commands: dict[str, Callable[..., Any]] = {}
        self.config_hooks: list[Callable[..., Any]] = []
        self.pre_run_hooks: list[Callable[..., Any]] = []
        self.post_run_hooks: list[Callable[..., Any]] = []
        self.option_hooks: list[Callable[..., Any]] = []
        self.default_command: str | None = None
        self.unobserved_commands: set[str] = set()
        self.looking_commands: set[str] = set()
        self.explicit_sources: list[str] = []
        self.explicit_packages: list[tuple[str, str]] = []
        self.save_git_info = True
        self.logger: Any = None
        self.caller = caller
        self.cells = _cells() if caller.file is None else None
        self.base_dir = os.path.abspath(base_dir or _folder_of(caller.file))

    @property
    def project(self) -> str:
        """The root of the project around ``base_dir``: names of sources are relative to it."""
        from expkit.provenance.projects import project_root  # nothing of it is needed to define an experiment

        return str(project_root(self.base_dir))

    @property
    def doc(self) -> str | None:
        """Docstring of the module in which this was made."""
        return self.caller.doc

    def collect(self, target: list[Any], item: Any) -> None:
        """Add a definition to one of the lists."""
        if self.cells is None:
            target.append(item)
        else:
            self.cells.add(target, item)

    def register(self, target: dict[str, Any], name: str, item: Any) -> None:
        """Add a definition under its name."""
        if self.cells is None:
            target[name] = item
        else:
            self.cells.put(target, name, item)

    def walk(self) -> Iterator[tuple[Definitions, int]]:
        """This and all ingredients below with their depths, parents first; shared ones appear again.

        Raises:
            CircularDependencyError: an ingredient contains itself; the message shows the chain.
        """
        yield from _walk(self, ())

    def ordered(self) -> list[Definitions]:
        """Each ingredient once, deepest first, this one last."""
        depths: dict[int, int] = {}
        nodes: dict[int, Definitions] = {}
        for node, depth in self.walk():
            nodes.setdefault(id(node), node)
            depths[id(node)] = max(depth, depths.get(id(node), 0))
        return sorted(nodes.values(), key=lambda node: -depths[id(node)])

    def name_of(self, node: Definitions, name: str) -> str:
        """The full name of something that ``node`` calls ``name``, as typed on the command line."""
        return self.post_process_name(f"{node.path}.{name}", node)

    def post_process_name(self, name: str, ingredient: Definitions) -> str:  # noqa: ARG002
        """What a full name is shown and typed as; may be overridden.

        Args:
            name: path and name, joined by a dot.
            ingredient: who defines it.
        """
        return name


def _cells() -> CellDefinitions:
    from expkit.run.notebooks.cells import CellDefinitions

    return CellDefinitions()


def _walk(node: Definitions, above: tuple[Definitions, ...]) -> Iterator[tuple[Definitions, int]]:
    if node in above:
        chain = "->".join(step.path for step in (*above[above.index(node) :], node))
        raise CircularDependencyError(f"ingredients contain each other: {chain}")
    yield node, len(above)
    for child in node.ingredients:
        yield from _walk(child, (*above, node))


def _is_constructor(frame: FrameType, maker: object) -> bool:
    names = frame.f_code.co_varnames
    return frame.f_code.co_name in ("__init__", "of") and (
        frame.f_locals.get(names[0] if names else "") in (maker, Caller)
    )


def _real_file(namespace: dict[str, Any]) -> str | None:
    name = namespace.get("__file__")
    if not isinstance(name, str) or name.startswith("<"):
        return None
    return os.path.abspath(name)


def _folder_of(file: str | None) -> str:
    return os.path.dirname(file) if file else os.getcwd()
