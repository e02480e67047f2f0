"""What captured functions see of a run: :class:`Context` fulfils capture's ``RunContext``."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit.config.containers import copy_containers, mutations, read_only
from expkit.config.paths import find
from expkit.config.tracking import ReadLog
from expkit.run.seeds import SeedStream, check_seed, derive, make_rng
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping

    from expkit.errors import ConfigError
    from expkit.run.definitions import Definitions
    from expkit.run.handle import Run
    from expkit.run.plan import RunPlan


class Context:
    """Config, seeds and loggers of one run, by ingredient.

    Args:
        plan: the resolved run.
        run: the handle that functions get as ``_run``.
        logger: root of the run's loggers.
    """

    def __init__(self, plan: RunPlan, run: Run, logger: logging.Logger) -> None:
        self.run = run
        self.reads = ReadLog()
        self._namespaces = plan.namespaces
        self._paths = plan.paths
        self._logger = logger
        self._config = plan.config
        self._resolution = plan.resolution
        self._seed = plan.seed
        self._streams: dict[tuple[str, str], SeedStream] = {}
        self._handed_out: list[tuple[str, Any, Any]] = []
        self._objects: list[tuple[str, Any, Any]] = []
        self._lock = threading.Lock()

    def covers(self, owner: Definitions) -> bool:
        """Whether the ingredient takes part in this run."""
        return id(owner) in self._paths

    def values(self, owner: Definitions, prefix: str | None) -> Mapping[str, Any]:
        """The entries that a function of ``owner`` sees; not to be changed."""
        namespace: Any = self._namespaces[id(owner)]
        for part in prefix.split(".") if prefix else ():
            namespace = namespace.get(part, {}) if is_a(namespace, dict) else {}
        return namespace if is_a(namespace, dict) else {}

    def objects(self, owner: Definitions, prefix: str | None, name: str, value: Any) -> Any:
        """The value of an entry, with objects of its own in the place of what is of a class type."""
        if not self._resolution.holds_objects:
            return value
        keys = (*(prefix.split(".") if prefix else ()), name)
        path = self._resolution.absolute(self._paths[id(owner)], keys)
        plain = copy_containers(value)
        shown = self._resolution.with_objects(path, plain)
        if shown is not plain:
            self._watch(self._full(owner, prefix, name), shown)
        return shown

    def _watch(self, name: str, value: Any) -> None:
        """Remember what the objects in a value hold, to find changes of them at the end."""
        from expkit.config.typed.kept import taken_apart

        with self._lock, suppress(Exception):  # whatever the attributes of a user's object do
            self._objects.append((name, copy_containers(taken_apart(value)), value))

    def copy(self, value: Any) -> Any:
        """One function's copy of a value: containers copied, or read-only where the setting asks."""
        return read_only(value) if SETTINGS.CONFIG.READ_ONLY_CONFIG else copy_containers(value)

    def config(self, owner: Definitions, prefix: str | None) -> dict[str, Any]:
        """The whole namespace, as ``_config``."""
        config: dict[str, Any] = self.copy(self.values(owner, prefix))
        return config

    def logger(self, owner: Definitions, name: str) -> logging.Logger:
        """The logger of a function: a child of its ingredient's."""
        path = self._paths[id(owner)]
        return self._logger.getChild(f"{path}.{name}" if path else name)

    def next_seed(self, owner: Definitions, qualname: str) -> int:
        """The next seed of a function's own stream."""
        path = self._paths[id(owner)]
        with self._lock:
            stream = self._streams.get((path, qualname))
            if stream is None:
                stream = self._streams[path, qualname] = SeedStream(self._root_of(owner, path), path, qualname)
        return stream.next()

    def rng(self, seed: int) -> Any:
        """A random generator."""
        return make_rng(seed)

    def read(self, owner: Definitions, prefix: str | None, names: Iterable[str]) -> None:
        """Note that a function read entries."""
        for name in names:
            self.reads.add(self._full(owner, prefix, name))

    def blame(self, owner: Definitions, prefix: str | None, error: ConfigError) -> None:
        """Name the entries that a function blames from the root of the config; done once per error."""
        error.find = find
        if error.conflicting_configs and error.config is None:
            error.config = self._config
            if place := self._full(owner, prefix, ""):
                error.prefixed(place)

    def handed_out(self, owner: Definitions, prefix: str | None, name: str, original: Any, copy: Any) -> None:
        """Remember what a function got, to find changes of it at the end."""
        if SETTINGS.CONFIG.READ_ONLY_CONFIG:
            return
        with self._lock:
            self._handed_out.append((self._full(owner, prefix, name), original, copy))

    def mutated(self) -> tuple[str, ...]:
        """Entries of which some function changed its copy."""
        found = {
            f"{name}{_tail(path)}" if name else path
            for name, original, copy in (*self._handed_out, *self._changed_objects())
            for path in mutations(original, copy)
        }
        return tuple(sorted(found))

    def _changed_objects(self) -> Iterator[tuple[str, Any, Any]]:
        for name, before, value in self._objects:
            from expkit.config.typed.kept import taken_apart

            with suppress(Exception):
                yield name, before, taken_apart(value)

    def _root_of(self, owner: Definitions, path: str) -> int:
        """An ingredient's own ``seed`` entry, else the run's root."""
        own = self._namespaces[id(owner)].get("seed") if path else None
        if own is None:
            return derive(self._seed, path)
        self.reads.add(f"{path}.seed")
        return check_seed(own)

    def _full(self, owner: Definitions, prefix: str | None, name: str) -> str:
        parts = (self._paths[id(owner)], prefix or "", name)
        return ".".join(part for part in parts if part)


def _tail(path: Any) -> str:
    text = str(path)
    return text if not text or text[0] in ".[" else f".{text}"
