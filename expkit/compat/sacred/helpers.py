"""What ``sacred.utils`` had beside exceptions and paths."""

from __future__ import annotations

import functools
import logging
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Callable

PathType = Union[str, bytes, Path]
PYTHON_IDENTIFIER = re.compile("^[a-zA-Z_][_a-zA-Z0-9]*$")
NO_LOGGER = logging.getLogger("ignore")
NO_LOGGER.disabled = True


class IntervalTimer(threading.Thread):
    """Calls ``func`` every ``interval`` seconds until ``event`` is set, and once more then."""

    @classmethod
    def create(cls, func: Callable[[], object], interval: float = 10) -> tuple[threading.Event, IntervalTimer]:
        """The event that stops it, and the timer, not started."""
        event = threading.Event()
        return event, cls(event, func, interval)

    def __init__(self, event: threading.Event, func: Callable[[], object], interval: float = 10.0) -> None:
        super().__init__(daemon=True)
        self.stop_event = event
        self.func = func
        self.interval = interval

    def run(self) -> None:
        """See the class."""
        while not self.stop_event.wait(self.interval):
            self.func()
        self.func()


def optional_kwargs_decorator(decorator: Callable[..., Any]) -> Callable[..., Any]:
    """Let a decorator be used bare or with keyword arguments; it may be a method."""
    first = decorator.__code__.co_varnames[:1]
    bound = 1 if first in (("self",), ("cls",)) else 0

    @functools.wraps(decorator)
    def both(*args: Any, **options: Any) -> Any:
        if len(args) > bound:
            return decorator(*args, **options)
        return lambda function: decorator(*args, function, **options)

    return both


def create_basic_stream_logger() -> logging.Logger:
    """The root logger, heard on stderr from level INFO on, if nobody has set it up otherwise."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s - %(name)s - %(message)s")
    return logging.getLogger("")


def get_inheritors(cls: type) -> set[type]:
    """All classes below a class."""
    below: set[type] = set(cls.__subclasses__())
    return below.union(*map(get_inheritors, below))


def convert_camel_case_to_snake_case(name: str) -> str:
    """``camel_case`` for ``CamelCase``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def is_non_empty_dict(python_object: object) -> bool:
    """Whether it is a dict with entries."""
    return isinstance(python_object, dict) and bool(python_object)


def module_exists(modname: str) -> bool:
    """Whether a module can be found; its parent is imported for that, the module itself is not."""
    from importlib.util import find_spec

    try:
        return find_spec(modname) is not None
    except (ImportError, ValueError):
        return False


def modules_exist(*modnames: str) -> bool:
    """Whether all these modules can be found."""
    return all(map(module_exists, modnames))


def module_is_in_cache(modname: str) -> bool:
    """Whether a module was imported before."""
    return modname in sys.modules


def get_package_version(name: str) -> Any:
    """The version that an importable package says it has, made comparable; see :func:`parse_version`."""
    from importlib import import_module

    return parse_version(import_module(name).__version__)


def parse_version(version_string: str) -> Any:
    """A version that can be compared: by ``packaging`` where it is installed, else the numbers of the text."""
    try:
        from packaging.version import parse
    except ImportError:
        return tuple(map(int, re.findall(r"\d+", version_string)))
    return parse(version_string)


def format_filtered_stacktrace(filter_traceback: str = "default") -> str:  # noqa: ARG001
    """The traceback of the exception that is being handled."""
    import traceback

    return traceback.format_exc()


def print_filtered_stacktrace(filter_traceback: str = "default") -> None:
    """Print the traceback of the exception that is being handled to stderr."""
    sys.stderr.write(format_filtered_stacktrace(filter_traceback))
