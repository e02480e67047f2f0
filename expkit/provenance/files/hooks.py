"""Wraps the readers of :mod:`expkit.provenance.files.native` thinly while runs are on: a wrapper notes the path and calls through.

Afterwards the libraries' own functions are where they were.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import islice
from typing import TYPE_CHECKING, Any

from expkit._support.blame import raise_foreign
from expkit._support.troubles import keep
from expkit.provenance.code.modules import is_lazy, names_of, users_modules
from expkit.provenance.files.audit import note, note_folder
from expkit.provenance.files.native import BOTH, BY_MODE, INTO, MODES, NATIVE, READ, Native
from expkit.provenance.files.opened import HOOK, is_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST = 10_000
_lock = threading.RLock()
_is_on = False
_undo: list[Callable[[], None]] = []
_awaited: set[str] = set()
passed_over: dict[str, Any] = {}
"""Modules that had not been loaded yet, although they were among the loaded ones."""


def wrap_loaded() -> None:
    """Wrap the readers of libraries that are imported."""
    global _is_on  # noqa: PLW0603 - libraries are one per process, too
    with _lock:
        _is_on = True
        for name in NATIVE.keys() & sys.modules.keys():
            _wrap_or_pass_over(name, sys.modules[name])


def unwrap() -> None:
    """Put everything back."""
    global _is_on  # noqa: PLW0603
    with _lock:
        _is_on = False
        while _undo:
            _undo.pop()()


def about_to_import(module: str) -> None:
    """Wrap the readers of a module once it is imported."""
    if module in NATIVE and module not in _awaited:
        from wrapt import register_post_import_hook

        _awaited.add(module)
        register_post_import_hook(_wrap, module)


def _wrap_or_pass_over(name: str, module: Any) -> None:
    if is_lazy(module):  # to look for its readers would load it
        passed_over[name] = module
    else:
        _wrap(module)


def _wrap(module: Any) -> None:
    with _lock:
        for native in NATIVE[module.__name__] if _is_on else ():
            try:
                _wrap_one(module, native)
            except (
                AttributeError,
                ImportError,
            ):  # another version of the library, which has it elsewhere or not at all
                continue
            except Exception as error:
                keep(f"what {native.name} reads or writes could not be seen", error)


def _wrap_one(module: Any, native: Native) -> None:
    from wrapt import resolve_path

    from expkit.provenance.files.readers import Reader

    parent, attribute, original = resolve_path(module, native.name)
    if parent is not module and attribute not in vars(parent):
        return
    wrapped = Reader(original, _noting(native), f"{module.__name__}:{native.name}")
    _put(parent, attribute, original, wrapped)
    if parent is module:
        for holder, name in list(_holders(original)):
            _put(holder, name, original, wrapped)


def _holders(original: Any) -> Iterator[tuple[Any, str]]:
    """Where the user's modules hold a function under a name of their own: ``from cv2 import imread``."""
    for module, _ in users_modules():
        holder = sys.modules.get(module)
        for name, value in list(names_of(holder).items()):
            if value is original:
                yield holder, name


def _put(holder: Any, name: str, original: Any, wrapped: Any) -> None:
    setattr(holder, name, wrapped)

    def undo() -> None:
        if vars(holder).get(name) is wrapped:
            setattr(holder, name, original)

    _undo.append(undo)


# -- what a wrapper notes ----------------------------------------------------------------------------------


def _noting(native: Native) -> Callable[..., Any]:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG001
        try:
            _note(native, args, kwargs)
        except Exception as error:  # the call itself says better what is wrong
            raise_foreign(error)  # a signal handler has struck
            if not isinstance(error, (OSError, ValueError)):
                keep(f"what {native.name} reads or writes could not be seen", error)
        return wrapped(*args, **kwargs)

    return wrapper


def _note(native: Native, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = _argument(native.place, native.keyword, args, kwargs)
    way = native.way
    if way == BY_MODE:
        way = MODES.get(_argument(native.place + 1, BY_MODE, args, kwargs) or READ, BOTH)
    for item in given if isinstance(given, (list, tuple)) else (given,):
        if isinstance(item, (str, bytes, os.PathLike)):
            _note_path(os.fsdecode(item), way)


def _note_path(path: str, way: str) -> None:
    if way == INTO and (is_folder(path) or not os.path.splitext(path)[1]):
        note_folder(path)
    elif way in (READ, BOTH):
        for file in islice(_files(path), _MOST):
            note(file, reads=True, writes=way == BOTH, layer=HOOK)
    else:
        note(path, reads=False, writes=True, layer=HOOK)


def _argument(place: int, keyword: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[place] if len(args) > place else kwargs.get(keyword)


def _files(path: str) -> Iterator[str]:
    """The file, or those that a pattern or a folder stands for."""
    if is_folder(path):
        yield from (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    elif any(mark in path for mark in "*?[") and not os.path.lexists(path):
        from glob import iglob

        yield from iglob(path, recursive=True)
    else:
        yield path
