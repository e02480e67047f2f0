"""Pickling by reference: an experiment or captured function travels as the place where it stands.

A process that does not have the script yet imports it, once, and never under the name ``__main__``:
so what the script does only as ``__main__`` is not done again.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

_MAIN = "__main__"
_ALIAS = "__mp_main__"  # multiprocessing's name for the main module of the parent process; the parent knows it, too
_lock = threading.RLock()
_imported: dict[str, ModuleType] = {}
_importing: set[int] = set()


def reduce_by_reference(
    obj: object, module: str, qualname: str | None = None
) -> tuple[Callable[..., Any], tuple[str, str | None, str]]:
    """What ``obj.__reduce__()`` returns to be pickled as a reference.

    Args:
        obj: something that a module holds under some name.
        module: name of the module in which it was made.
        qualname: its name there, if known; else the module is searched.

    Raises:
        PicklingError: the module does not hold it.
    """
    return load, address(module, qualname, lambda found: found is obj, repr(obj))


def address(module: str, qualname: str | None, fits: Callable[[Any], bool], what: str) -> tuple[str, str | None, str]:
    """Where another process finds an object: module, script if the module is one, and qualname.

    Args:
        module: name of the module.
        qualname: where to look first.
        fits: whether something is the object.
        what: the object, for the error.

    Raises:
        PicklingError: the module does not hold it.
    """
    namespace = sys.modules.get(module)
    name = _name_in(namespace, qualname, fits)
    if name is None:
        from pickle import PicklingError

        raise PicklingError(
            f"cannot pickle {what}: module {module!r} does not hold it under any name, and it is pickled by reference; "
            "make it at the top level of a script or module"
        )
    if module not in (_MAIN, _ALIAS):
        return module, None, name
    spec_name = getattr(getattr(namespace, "__spec__", None), "name", _MAIN)
    return (_MAIN if spec_name == _ALIAS else spec_name), _file_of(namespace), name


def load(module: str, script: str | None, qualname: str) -> Any:
    """The object at an :func:`address`.

    Raises:
        UnpicklingError: there is nothing of that name.
    """
    found = _script(module, script) if script or module == _MAIN else _import(module)
    try:
        return functools.reduce(getattr, qualname.split("."), found)
    except AttributeError:
        from pickle import UnpicklingError

        raise UnpicklingError(
            f"{script or module!r} has no {qualname!r} in this process; what is made in an interactive session, or "
            "below `if __name__ == '__main__'`, cannot be sent to other processes: move it to the top level of a file"
        ) from None


def importing() -> bool:
    """Whether this is a worker process that is just importing its parent's script: no run may start then."""
    process = sys.modules.get("multiprocessing.process")
    inheriting = process is not None and getattr(process.current_process(), "_inheriting", False)
    return inheriting or threading.get_ident() in _importing


def _name_in(namespace: Any, qualname: str | None, fits: Callable[[Any], bool]) -> str | None:
    if qualname is not None and fits(_resolved(namespace, qualname)):
        return qualname
    return next((name for name, value in list(vars(namespace).items()) if fits(value)), None) if namespace else None


def _resolved(namespace: Any, qualname: str) -> Any:
    for part in qualname.split("."):
        namespace = getattr(namespace, part, None)
    return namespace


def _file_of(module: Any) -> str | None:
    file = getattr(module, "__file__", None)
    return os.path.realpath(file) if file else None


def _script(module: str, script: str | None) -> Any:
    """The module of a script: the one that runs as main here, or was imported before, or a fresh import."""
    if script is None:
        return sys.modules[_MAIN]
    with _lock:
        for name in (_MAIN, _ALIAS):
            if _file_of(sys.modules.get(name)) == script:
                return sys.modules[name]
        if module != _MAIN:
            return _import(module)
        return _imported[script] if script in _imported else _import_script(script)


def _import(module: str) -> Any:
    from importlib import import_module

    with _noted():
        return import_module(module)


def _import_script(script: str) -> Any:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(_ALIAS, script)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {script!r} in this process", path=script)
    if os.path.dirname(script) not in sys.path:
        sys.path.insert(0, os.path.dirname(script))
    before = sys.modules.get(_ALIAS)
    module = sys.modules[_ALIAS] = _imported[script] = module_from_spec(spec)
    try:
        with _noted():
            spec.loader.exec_module(module)
    except BaseException:
        del _imported[script]
        sys.modules.pop(_ALIAS)
        if before is not None:
            sys.modules[_ALIAS] = before
        raise
    return module


@contextmanager
def _noted() -> Iterator[None]:
    thread = threading.get_ident()
    outermost = thread not in _importing
    _importing.add(thread)
    try:
        yield
    finally:
        if outermost:
            _importing.discard(thread)
