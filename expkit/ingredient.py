"""Ingredients: reusable bundles of config, captured functions, commands and hooks."""

from __future__ import annotations

import os
import sys

from expkit._support.loading import loading
from expkit.capture.function import capture as capture_function
from expkit.capture.function import wrappers_in
from expkit.capture.reference import reduce_by_reference
from expkit.run.definitions import Caller, Definitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Literal, TypeVar, overload

    from expkit.capture.types import CaptureMethod, CommandMethod
    from expkit.config.origin import Origin
    from expkit.config.scope import ConfigScope
    from expkit.config.source import ConfigSource
    from expkit.run.code import PackageDependency, Source

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

_HOOK_PARAMETERS = ("config", "command_name", "logger")


class Ingredient(Definitions):
    """A reusable part of an experiment, with a config of its own.

    Args:
        path: dotted path under which its config appears; also prefix of its commands and named configs.
        ingredients: parts that it uses itself.
        interactive: allow definition where there is neither a file nor a notebook.
        base_dir: where project files are looked for; default: the folder of the file that makes the ingredient.
        save_git_info: whether git is asked about the sources.

    Raises:
        RuntimeError: made where there is neither a file nor a notebook, and ``interactive`` is not set.
    """

    def __init__(
        self,
        path: str,
        ingredients: Sequence[Ingredient] = (),
        interactive: bool = False,
        *,
        base_dir: str | os.PathLike[str] | None = None,
        save_git_info: bool = True,
        caller: Caller | None = None,
    ) -> None:
        caller = caller or Caller.of(self)
        super().__init__(path, ingredients, caller, os.fspath(base_dir) if base_dir is not None else None)
        if caller.file is None and not interactive and not _in_notebook():
            raise RuntimeError(
                f"{type(self).__name__} {path!r} is made where there is neither a file nor a notebook; "
                "pass interactive=True"
            )
        self.interactive = interactive
        self.save_git_info = save_git_info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def __reduce_ex__(self, protocol: object) -> Any:
        return reduce_by_reference(self, self.caller.module)

    # -- functions -------------------------------------------------------------------------------------

    if TYPE_CHECKING:  # what checkers know about decorated functions is more than one signature can say

        @property
        def capture(self) -> CaptureMethod: ...  # noqa: D102
        @property
        def command(self) -> CommandMethod: ...  # noqa: D102
        @property
        def pre_run_hook(self) -> CaptureMethod: ...  # noqa: D102
        @property
        def post_run_hook(self) -> CaptureMethod: ...  # noqa: D102

    else:

        def capture(self, function: Any = None, prefix: str | None = None) -> Any:
            """Decorator: the function's missing arguments come from the config.

            Args:
                function: a function, method, static or class method, or class.
                prefix: dotted path of the only part of the config that it sees.
            """
            if function is None:
                return lambda actual: self.capture(actual, prefix=prefix)
            captured = capture_function(function, self, prefix)
            for wrapper in wrappers_in(captured):
                self.collect(self.captured_functions, wrapper)
            return captured

        def command(self, function: Any = None, prefix: str | None = None, unobserved: bool = False) -> Any:
            """Decorator: a captured function that can be run from the command line by its name.

            Args:
                function: the function.
                prefix: see :meth:`capture`.
                unobserved: nothing is recorded when it runs.
            """
            if function is None:
                return lambda actual: self.command(actual, prefix=prefix, unobserved=unobserved)
            captured: Any = self.capture(function, prefix=prefix)
            self.register(self.commands, captured.__name__, captured)
            (self.unobserved_commands.add if unobserved else self.unobserved_commands.discard)(captured.__name__)
            return captured

        def pre_run_hook(self, function: Any = None, prefix: str | None = None) -> Any:
            """Decorator: a captured function that is called before main."""
            return self._hook(self.pre_run_hooks, function, prefix)

        def post_run_hook(self, function: Any = None, prefix: str | None = None) -> Any:
            """Decorator: a captured function that is called after main has returned."""
            return self._hook(self.post_run_hooks, function, prefix)

    def _hook(self, hooks: list[Callable[..., Any]], function: Any, prefix: str | None) -> Any:
        if function is None:
            return lambda actual: self._hook(hooks, actual, prefix)
        captured: Any = self.capture(function, prefix=prefix)
        self.collect(hooks, captured)
        return captured

    # -- config ----------------------------------------------------------------------------------------

    if TYPE_CHECKING:  # decorating a class, or handing over one, gives it back

        @overload
        def config(self, function: type[T]) -> type[T]: ...
        @overload
        def config(self, function: Callable[..., None]) -> ConfigScope: ...
        @overload
        def config(self, function: T) -> T: ...
        def config(self, function: Any) -> Any: ...  # noqa: D102
        @overload
        def named_config(self, function: type[T]) -> type[T]: ...
        @overload
        def named_config(self, function: Callable[..., None]) -> ConfigScope: ...
        def named_config(self, function: Any) -> Any: ...  # noqa: D102

    else:

        def config(self, function: Any) -> Any:
            """Decorator: what the function assigns are config entries; of a class, its fields.

            Args:
                function: a plain function; a data class, attrs class, pydantic model, typed dict or named tuple, or
                    an object of one, which is given back as it is.

            Raises:
                ConfigScopeError: a function that cannot be a config function.
                ConfigError: a class without fields.
            """
            config = _config_from(function)
            self.collect(self.configurations, config)
            return function if _has_fields(function) else config

        def named_config(self, function: Any) -> Any:
            """Decorator: a config function, or a class of fields, that counts only when it is named after ``with``.

            Raises:
                ConfigScopeError: a function that cannot be a config function.
                ConfigError: a class without fields.
                KeyError: the name is taken.
            """
            config = _config_from(function)
            self._add_named(function.__name__, config)
            return function if _has_fields(function) else config

    def config_hook(self, function: F) -> F:
        """Decorator: a function of (config, command_name, logger) that returns a dict of changed entries.

        Raises:
            ValueError: another signature.
        """
        code = getattr(function, "__code__", None)
        names = code.co_varnames[: code.co_argcount] if code is not None else ()
        if code is None or names != _HOOK_PARAMETERS or code.co_kwonlyargcount or _has_more(function):
            raise ValueError(
                f"config hook {getattr(function, '__qualname__', function)} must have exactly the parameters "
                f"({', '.join(_HOOK_PARAMETERS)}), not ({', '.join(names)})"
            )
        self.collect(self.config_hooks, function)
        return function

    def add_config(
        self,
        cfg_or_file: Any = None,
        *,
        extra: Any = "forbid",
        **entries: Any,
    ) -> None:
        """Add config entries from a dict, a file, a class of fields, or keywords.

        Args:
            cfg_or_file: a dict; the path of a JSON, YAML or TOML file, which is read at once; a data class, attrs
                class, pydantic model, typed dict or named tuple, or an object of one: its fields are the entries.
            extra: ``"allow"`` lets updates add entries that are not in it; any other value is that of an entry
                called ``extra``.
            entries: entries by keyword, instead of the first argument.

        Raises:
            ValueError: both or none were given.
            ConfigFileError: the file cannot be read.
            ConfigError: a class without fields.
            TypeError: something else.
        """
        if not isinstance(extra, str) or extra not in ("forbid", "allow"):
            entries["extra"], extra = extra, "forbid"
        self.collect(self.configurations, self._config_dict(cfg_or_file, entries, extra))

    def add_named_config(self, name: str, cfg_or_file: Any = None, **entries: Any) -> None:
        """Add a named config from a dict, a file, a class of fields, or keywords; see :meth:`add_config`.

        Raises:
            KeyError: the name is taken.
        """
        self._add_named(name, self._config_dict(cfg_or_file, entries, "allow"))

    def _add_named(self, name: str, config: Any) -> None:
        if name in self.named_configs and self.caller.file is not None:
            raise KeyError(f"{self!r} has a named config {name!r} already")
        self.register(self.named_configs, name, config)

    def _config_dict(self, source: Any, entries: dict[str, Any], extra: Literal["forbid", "allow"]) -> Any:
        from expkit.config.dicts import ConfigDict
        from expkit.config.files import read_config_file

        if (source is None) == (not entries):
            raise ValueError("give either a dict or file, or entries by keyword")
        if source is None or isinstance(source, dict):
            return ConfigDict(entries if source is None else source, _calling_line(), extra)
        if isinstance(source, (str, os.PathLike)):
            return read_config_file(source, extra)
        if _has_fields(source):
            return _config_from(source)
        raise TypeError(f"config comes from a dict, a file or a class of fields, not from {type(source).__name__}")

    # -- provenance ------------------------------------------------------------------------------------

    def add_source_file(self, filename: str | os.PathLike[str]) -> None:
        """Record a file as a source of every run.

        Raises:
            ValueError: there is no such file.
        """
        path = os.path.abspath(filename)
        if not os.path.isfile(path):
            raise ValueError(f"there is no source file {os.fspath(filename)!r}")
        self.explicit_sources.append(path)

    def add_package_dependency(self, package_name: str, version: str) -> None:
        """Record a package as a dependency of every run.

        Raises:
            ValueError: not a version.
        """
        if not version or version.split() != [version] or not (version[0].isdigit() or version[0] in "v<"):
            raise ValueError(f"{version!r} is not a version of {package_name}")
        self.explicit_packages.append((package_name, version))

    def get_experiment_info(self) -> dict[str, Any]:
        """Sources, packages and repositories as they are now: what a run would record."""
        from expkit.run.facts import experiment_info

        return experiment_info(self)

    @property
    def mainfile(self) -> Source | None:
        """The file that makes this; None in notebooks and consoles."""
        from expkit.run.code import mainfile_of

        return mainfile_of(self)

    @property
    def sources(self) -> set[Source]:
        """The source files that a run would record now."""
        from expkit.run.code import sources_of

        return sources_of(self)

    @property
    def dependencies(self) -> set[PackageDependency]:
        """The packages that a run would record now."""
        from expkit.run.code import packages_of

        return packages_of(self)

    # -- looking around --------------------------------------------------------------------------------

    def gather_commands(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Full names and functions of all commands, those of ingredients included."""
        for node, _depth in self.walk():
            for name, function in node.commands.items():
                yield self.name_of(node, name), function

    def gather_named_configs(self) -> Iterator[tuple[str, ConfigSource]]:
        """Full names of all named configs, those of ingredients included."""
        for node, _depth in self.walk():
            for name, config in node.named_configs.items():
                yield self.name_of(node, name), config

    def traverse_ingredients(self) -> Iterator[tuple[Definitions, int]]:
        """This and all ingredients below with their depths; see :meth:`walk`."""
        return self.walk()


def _config_from(source: Any) -> ConfigSource:
    """The config that a function, or a class of fields, stands for."""
    with loading:
        from expkit.config.scope import ConfigScope

    if not _has_fields(source):
        return ConfigScope(source)
    with loading:
        from expkit.config.classes import ConfigClass

    return ConfigClass(source, _calling_line()._replace(what="config class"))


def _has_fields(source: Any) -> bool:
    """Whether it is a class, or an object of a class of fields."""
    from expkit.config.typed.families import has_fields

    return isinstance(source, type) or has_fields(source) or hasattr(source, "_field_defaults")


def _in_notebook() -> bool:
    from expkit.provenance.code.notebook import present_cell

    return present_cell() is not None


def _has_more(function: Any) -> bool:
    """Whether it has defaults, ``*args`` or ``**kwargs``."""
    return bool(function.__defaults__ or function.__code__.co_flags & 0x0C)


def _calling_line() -> Origin:
    """The user's line that is being executed."""
    from expkit.config.origin import Origin

    inside = __name__.partition(".")[0]
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == inside:
        frame = frame.f_back
    return Origin("add_config", frame.f_code.co_filename, frame.f_lineno)
