"""What one captured function gets in one run: arguments that a call leaves out, prepared once."""

from __future__ import annotations

import sys
import threading

from expkit.capture.signature import SPECIALS
from expkit.errors import ConfigError, SignatureError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from expkit.capture.function import Capture
    from expkit.capture.types import RunContext

_ABSENT: Any = object()
_RANDOM = ("_seed", "_rnd")
_WITHOUT_RUN = ("_config", "_log", "_run")
_NEVER = sys.maxsize
_DEBUG = 10


class Injection:
    """The values that one captured function gets from one run; each is fetched when first left out by a call.

    Args:
        capture: the function.
        context: the run, or None outside all runs.
        rivals: how many runs might be meant where it is not clear which one is.

    Attributes:
        function: what is called in the end.
        least: a call with at least so many arguments, all by position, is completed by ``ready``.
        ready: all arguments by position; a call's own ones take the place of the first.
        named: arguments that go by name, besides.
    """

    __slots__ = (
        "_capture", "_context", "_entries", "_lock", "_log", "_random", "_rivals", "_values",
        "function", "least", "named", "ready",
    )  # fmt: skip

    def __init__(self, capture: Capture, context: RunContext | None, rivals: int = 0) -> None:
        self.function = capture.function
        self.least = _NEVER
        self.ready: tuple[Any, ...] = ()
        self.named: dict[str, Any] = {}
        self._capture = capture
        self._context = context
        self._rivals = rivals
        self._entries: Mapping[str, Any] = context.values(capture.owner, capture.prefix) if context else {}
        self._values: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._random = [name for name in _RANDOM if name in capture.names] if context else []
        logger = context.logger(capture.owner, capture.name) if context else None
        # asked once per run: a logger's level costs as much as the whole call
        self._log = logger if logger is not None and logger.isEnabledFor(_DEBUG) else None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function with these arguments and, for those left out, the run's."""
        full, named = self._complete(args, kwargs)
        if not kwargs:
            self._remember(len(args), full, named)
        try:
            if self._log is not None:
                return self._capture.logged(self._log, full, named)
            return self.function(*full, **named)
        except (TypeError, ConfigError) as error:
            self.judge(error)
            raise

    def judge(self, error: Exception) -> None:
        """Say more about an error that came out of the function, to be called where it was caught.

        Raises:
            SignatureError: the function was not even entered, because it does not take these arguments.
        """
        if isinstance(error, ConfigError):
            if self._context is not None:
                self._context.blame(self._capture.owner, self._capture.prefix, error)
        elif self._capture.parameters.direct and error.__traceback__ and error.__traceback__.tb_next is None:
            raise SignatureError(str(error)) from None

    def _complete(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        parameters = self._capture.parameters
        drawn = self._draw(args, kwargs) if self._random else {}
        full, named, missing = list(args), kwargs.copy(), list[str]()
        for index, name in self._left_out(len(args), kwargs):
            value = drawn[name] if name in drawn else self._value(name)
            if value is _ABSENT:
                missing += [] if name in parameters.defaults else [name]
            elif index == len(full) and (parameters.direct or index < parameters.only_positional):
                full.append(value)
            elif index >= parameters.only_positional:
                named[name] = value
        if missing and self._capture.strict:
            from expkit.capture.missing import check_arguments, lacking

            check_arguments(self._capture, args, kwargs)
            raise lacking(self._capture, self._context, missing)
        return tuple(full), named

    def _left_out(self, given: int, kwargs: dict[str, Any]) -> Iterator[tuple[int, str]]:
        """Index and name of the parameters that a call does not fill."""
        parameters = self._capture.parameters
        first = max(given, parameters.receiver)
        for index, name in enumerate(parameters.positional[first:], first):
            if name not in kwargs or index < parameters.only_positional:
                yield index, name
        for name in parameters.only_keyword:
            if name not in kwargs:
                yield _NEVER, name

    def _remember(self, given: int, full: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Let later calls that leave out the same or less take the short way."""
        parameters = self._capture.parameters
        whole = parameters.direct and given >= parameters.receiver and len(full) >= len(parameters.positional)
        if not whole or self._random or self._log is not None:
            return
        with self._lock:
            if given < self.least:
                # the call's own arguments are not kept alive
                self.ready = (None,) * given + full[given : len(parameters.positional)]
                self.named = named
                self.least = given  # last: who sees it sees the others

    def _value(self, name: str) -> Any:
        if name not in self._values:
            with self._lock:
                if name not in self._values:
                    self._values[name] = self._fetch(name)
        return self._values[name]

    def _fetch(self, name: str) -> Any:
        if self._rivals:
            from expkit.capture.missing import ambiguous

            raise ambiguous(self._capture, self._rivals)
        if self._context is not None:
            if name in SPECIALS:
                return self._special(self._context, name)
            if name in self._entries:
                original = self._context.objects(self._capture.owner, self._capture.prefix, name, self._entries[name])
                return self._handed_out(self._context, name, original, self._context.copy(original))
        elif name in _WITHOUT_RUN and name not in self._capture.parameters.defaults:
            return self._without_run(name)
        if self._capture.parameters.direct or name in self._capture.names[: self._capture.parameters.only_positional]:
            return self._capture.parameters.defaults.get(name, _ABSENT)
        return _ABSENT

    def _without_run(self, name: str) -> Any:
        if name == "_log":
            import logging

            return logging.getLogger(f"{self._capture.owner.path}.{self._capture.name}")
        return {} if name == "_config" else None

    def _special(self, context: RunContext, name: str) -> Any:
        if name == "_config":
            config = context.config(self._capture.owner, self._capture.prefix)
            return self._handed_out(context, "", self._entries, config)
        return context.run if name == "_run" else context.logger(self._capture.owner, self._capture.name)

    def _handed_out(self, context: RunContext, name: str, original: Any, copy: Any) -> Any:
        owner, prefix = self._capture.owner, self._capture.prefix
        context.read(owner, prefix, (name,))
        if copy is not original:
            context.handed_out(owner, prefix, name, original, copy)
        return copy

    def _draw(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """A call's own seed and generator, those of them that it leaves out."""
        context = self._context
        assert context is not None
        given = {**dict(zip(self._capture.parameters.positional, args, strict=False)), **kwargs}
        wanted = [name for name in self._random if name not in given]
        if not wanted:
            return {}
        capture = self._capture
        seed = given["_seed"] if "_seed" in given else context.next_seed(capture.owner, capture.qualname)
        return {name: seed if name == "_seed" else context.rng(seed) for name in wanted}
