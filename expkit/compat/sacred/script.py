"""Runs a script as ``python SCRIPT ...`` would, with the name ``sacred`` answered.

Usage:
  python -m expkit.compat.sacred SCRIPT [ARGUMENT...]
  python -m expkit.compat.sacred -m MODULE [ARGUMENT...]
  python -m expkit.compat.sacred (-h | --help)

Everything behind SCRIPT or MODULE is its own: `python -m expkit.compat.sacred train.py with lr=1`
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import CodeType, TracebackType

FAILURE, MISTAKE = 1, 2


class _Unusable(Exception):  # noqa: N818
    """What was typed names nothing that can be run; ``code`` is the exit code that Python has for that."""

    def __init__(self, message: str, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code


def main() -> None:
    """Run what ``sys.argv`` names; its exceptions and its exit come through.

    Raises:
        SystemExit: there is nothing to run (2, or 1 where Python exits so), help was asked for (0), or the script
            exits.
    """
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(__doc__ or "")
        raise SystemExit(0)
    try:
        start = _module(words[1:]) if words[0] == "-m" else _script(words)
    except _Unusable as error:
        sys.stderr.write(f"expkit.compat.sacred: {error}\n")
        raise SystemExit(error.code) from None
    start()


def _script(words: list[str]) -> Callable[[], None]:
    path = os.path.join(os.getcwd(), words[0])  # as Python puts it together
    _check_script(words[0])
    sys.argv[:] = words
    if not path.endswith(".py") and (spec := _spec_inside(path)) is not None:
        return _of_spec(spec)
    with open(path, "rb") as file:
        source = file.read()
    if not _is_safe():
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    from importlib.machinery import SourceFileLoader

    module = _new_main(path)
    module.__loader__ = SourceFileLoader("__main__", path)
    return lambda: _execute(lambda: compile(source, path, "exec", dont_inherit=True), module)


def _check_script(script: str) -> None:
    from expkit._support.nearest import did_you_mean

    if not os.path.exists(script):
        folder = os.path.dirname(script) or os.curdir
        beside = [name for name in os.listdir(folder) if name.endswith(".py")] if os.path.isdir(folder) else []
        raise _Unusable(f"there is no script {script}{did_you_mean(os.path.basename(script), beside)}", MISTAKE)
    if not os.access(script, os.R_OK):
        raise _Unusable(f"the script {script} cannot be read", MISTAKE)


def _spec_inside(path: str) -> ModuleSpec | None:
    """The ``__main__`` in a folder or zip file, which then comes first in ``sys.path``; None for other files."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("__main__", [path])
    if spec is not None:
        sys.path[0 : 0 if _is_safe() else 1] = [path]
    elif os.path.isdir(path):
        raise _Unusable(f"{path} is a folder without a __main__.py; name a script in it, or a module after -m")
    return spec


def _is_safe() -> bool:
    """Whether Python was told to put no folder first in ``sys.path``."""
    return bool(getattr(sys.flags, "safe_path", sys.flags.isolated))


def _module(words: list[str]) -> Callable[[], None]:
    if not words:
        raise _Unusable("-m needs the name of a module", MISTAKE)
    sys.argv[:] = ["-m", *words[1:]]
    spec = _spec(words[0])
    start = _of_spec(spec)
    sys.argv[0] = spec.origin or words[0]
    return start


def _of_spec(spec: ModuleSpec) -> Callable[[], None]:
    assert spec.loader is not None
    code = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    if code is None:
        raise _Unusable(f"the module {spec.name} has no code of Python")
    module = _new_main(spec.origin)
    module.__spec__, module.__loader__, module.__package__ = spec, spec.loader, spec.parent
    module.__cached__ = spec.cached  # type: ignore[attr-defined]
    return lambda: _execute(lambda: code, module)


def _spec(name: str) -> ModuleSpec:
    """The module that is meant: of a package its ``__main__``."""
    from importlib.util import find_spec

    try:
        spec = find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        spec = None
    if spec is None:
        raise _Unusable(f"there is no module {name}")
    if spec.submodule_search_locations is not None:
        if name.endswith("__main__"):
            raise _Unusable(f"{name} is a package and cannot be run")
        return _spec(f"{name}.__main__")
    return spec


def _new_main(file: str | None) -> ModuleType:
    """A main module without a trace of ours; it stays until the process ends, as a script's does."""
    module = ModuleType("__main__")
    if file is not None:
        module.__file__ = file
    module.__dict__.update(__builtins__=sys.modules["builtins"], __annotations__={}, __cached__=None)
    module.__dict__["__runner__"] = __package__  # a record tells how to start the run again
    sys.modules["__main__"] = module
    return module


def _execute(code: Callable[[], CodeType], module: ModuleType) -> None:
    try:
        exec(code(), module.__dict__)  # noqa: S102 - it is what we are for
    except SystemExit:
        raise
    except BaseException:
        sys.excepthook = _Trimmed(sys.excepthook)
        raise


class _Trimmed:
    """An ``excepthook`` that does not show how we came to the script."""

    def __init__(self, hook: Callable[..., object]) -> None:
        self._hook = hook

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        while trace is not None and trace.tb_frame.f_code is not _execute.__code__:
            trace = trace.tb_next
        trace = trace.tb_next if trace is not None else None
        while trace is not None and trace.tb_frame.f_globals is globals():
            trace = trace.tb_next
        error.__traceback__ = trace
        self._hook(kind, error, trace)
