"""Config functions: the variables of a function become config entries."""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

from expkit._support.loading import loading
from expkit.config.origin import Origin, place
from expkit.config.scope_run import Evaluation, Template, Typing
from expkit.config.scope_source import find_source, plain_code, stamp
from expkit.config.summary import SEED_DOC
from expkit.config.typed.table import Table
from expkit.errors import ConfigScopeError
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

    from expkit.config.scope_source import ScopeSource
    from expkit.config.summary import ConfigSummary

_VARARGS, _VARKEYWORDS, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


class ConfigScope:
    """A config function.

    Its parameters are read from earlier configs and from ingredients; the variables that it has in the end are
    its entries. Nothing is read or compiled before the function is needed.

    Args:
        func: a plain function without ``*args``, ``**kwargs`` and defaults.

    Attributes:
        func: the function as the user wrote it.
        name: what the config is called in messages.
        doc: the function's docstring.
        origin: where it is defined.
        parameters: names of the entries and ingredients that it gets.

    Raises:
        ConfigScopeError: no such function; the message names file, line and reason.
    """

    def __init__(self, func: Callable[..., Any]) -> None:
        function: Callable[..., Any] = func.func if isinstance(func, ConfigScope) else func
        _check(function)
        code = function.__code__
        functools.update_wrapper(self, function)
        self.func: Callable[..., Any] = function
        self.name = function.__name__
        self.doc = function.__doc__
        self.origin = Origin(f"config function {self.name}", code.co_filename, code.co_firstlineno)
        self.parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self._made = stamp(function)
        self._ignored_comments: list[str] = []
        self._comments: dict[str, str] = {}

    @functools.cached_property
    def places(self) -> dict[str, Origin]:
        """Path of an entry to where it is defined, hidden names included. Found without running the function."""
        lines = self._template.names.lines
        return {path: Origin(self.origin.what, self.origin.file, line) for path, line in lines.items()}

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the entries and ingredients whose values the function uses, its own entries included."""
        return self.parameters + self._template.names.used

    def __call__(
        self,
        fixed: Mapping[Any, Any] | None = None,
        preset: Mapping[Any, Any] | None = None,
        fallback: Mapping[str, Any] | None = None,
        table: Table | None = None,
    ) -> ConfigSummary:
        """Run the function.

        Args:
            fixed: nested values of updates; they win over what the function assigns.
            preset: what earlier configs of this ingredient gave: values for parameters, and the rest of the result.
            fallback: further values for parameters; the function gets protected copies of them.
            table: what is declared about the ingredient's entries; by default what this function declares.

        Returns:
            The function's entries, filled up from the preset.

        Raises:
            ConfigScopeError: the source cannot be had, or the function asks for what nobody defines.
            ConfigTypeError: without a table: values that do not fit the declared types.
            Exception: whatever the function raises.
        """
        if table is None:
            return self._alone(fixed or {}, preset, fallback)
        preset = {} if preset is None else preset  # an empty one may have hidden names
        typing = Typing(self._template, table, id(self), self.places)
        evaluation = Evaluation(self._template, fixed or {}, preset, fallback or {}, typing)
        summary = evaluation.summary(evaluation.run())
        summary.places.update(self.places)
        summary.docs.update(self._docs())
        return summary

    def declare(self, table: Table) -> None:
        """Tell an ingredient's table the types that the function declares.

        Raises:
            ConfigScopeError: an annotation that cannot be evaluated.
        """
        if self._template.names.annotations:
            from expkit.config.typed.scopes import declare_all

            declare_all(table, id(self), self.func, self._template.names.annotations, self.places)

    def _alone(self, fixed: Mapping[Any, Any], preset: Any, fallback: Any) -> ConfigSummary:
        """The function's entries where no ingredient asks for them, which would say the rest by itself."""
        table = Table()
        self.declare(table)
        if table:
            from expkit.config.typed.scopes import alone

            summary = alone(self, table, fixed, preset, fallback)
        else:
            summary = self(fixed, preset, fallback, table)
        summary.mark_parents()
        summary.docs.setdefault("seed", SEED_DOC)
        return summary

    def __repr__(self) -> str:
        return f"<config function {self.name} at {self.origin}>"

    def __reduce__(self) -> str:
        return self.func.__qualname__

    @functools.cached_property
    def _template(self) -> Template:
        with loading:
            from expkit.config.scope_compile import rewrite
            from expkit.config.scope_nodes import HELPERS

        original = self.func.__code__
        source = find_source(self.func, self._made)
        self._find_docs(source)
        names = rewrite(source, original.co_varnames + original.co_cellvars)
        code = plain_code(source.node, self.func, HELPERS)
        return Template(self.func, code, names, self.origin, self.parameters)

    def _docs(self) -> dict[str, str]:
        if self._ignored_comments != SETTINGS.CONFIG.IGNORED_COMMENTS:
            self._find_docs(find_source(self.func, self._made))
        hidden = self._template.names.hidden
        return {path: text for path, text in self._comments.items() if path.partition(".")[0] not in hidden}

    def _find_docs(self, source: ScopeSource) -> None:
        from expkit.config.comments import find_docs

        self._ignored_comments = list(SETTINGS.CONFIG.IGNORED_COMMENTS)
        self._comments = find_docs(source.node, source.lines)


def _check(function: Any) -> None:
    code = getattr(function, "__code__", None)
    if not isinstance(function, FunctionType) or code is None:
        raise ConfigScopeError(f"{function!r} cannot be a config function: it is no plain function")
    reason = _reason_against(function, code)
    if reason:
        where = place(code.co_filename, code.co_firstlineno)
        raise ConfigScopeError(f"{where}: {function.__name__} cannot be a config function: {reason}")


def _reason_against(function: FunctionType, code: CodeType) -> str:
    if function.__name__ == "<lambda>":
        return "it is a lambda; use def, or add_config(name=value, ...)"
    if code.co_flags & (_COROUTINE | _ASYNC_GENERATOR):
        return "it is async; config functions run before any event loop"
    if code.co_flags & _GENERATOR:
        return "it contains yield; its entries are its variables"
    if code.co_flags & (_VARARGS | _VARKEYWORDS):
        return "it takes *args or **kwargs; each entry that it reads is a parameter of its own"
    if function.__defaults__ or function.__kwdefaults__:
        return "its parameters have defaults; they are read from earlier configs and from ingredients"
    return ""
