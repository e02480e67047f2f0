"""Where TensorFlow's and PyTorch's summary writers write to: :class:`LogFileWriter`."""

from __future__ import annotations

import functools
import sys
from contextlib import ContextDecorator, suppress
from typing import TYPE_CHECKING, Any

from expkit.errors import NoActiveRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from expkit.experiment import Experiment

_MAKERS = (
    ("tensorflow", "summary.FileWriter"),
    ("tensorflow", "compat.v1.summary.FileWriter"),
    ("tensorflow", "summary.create_file_writer"),
    ("torch.utils.tensorboard", "SummaryWriter"),
    ("tensorboardX", "SummaryWriter"),
)
"""Modules, and what in them makes a writer; those that are not imported are left alone."""

_active: list[Experiment] = []
_undo: list[Callable[[], None]] = []


class LogFileWriter(ContextDecorator):
    """While active, the folders of summary writers are noted in ``info["tensorflow"]["logdirs"]`` of the current run.

    A decorator and a context manager.

    Args:
        experiment: whose run it is.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment

    def __enter__(self) -> LogFileWriter:  # noqa: PYI034 - `Self` is too young
        if not _active:
            _undo.extend(_watched(owner, name) for owner, name in _makers())
        _active.append(self.experiment)
        return self

    def __exit__(self, *_: object) -> None:
        _active.remove(self.experiment)
        while _undo and not _active:
            _undo.pop()()


def _makers() -> Iterator[tuple[Any, str]]:
    """What holds each maker, and its name there; a class stands for its constructor."""
    seen: list[Any] = []
    for module, way in _MAKERS:
        owner = sys.modules.get(module)
        *above, name = way.split(".")
        try:
            owner = functools.reduce(getattr, above, owner)
            maker = getattr(owner, name)
        except Exception:  # another version of the library
            continue
        if not any(maker is other for other in seen):
            seen.append(maker)
            yield (maker, "__init__") if isinstance(maker, type) else (owner, name)


def _watched(owner: Any, name: str) -> Callable[[], None]:
    original = getattr(owner, name)
    own = name in vars(owner)

    @functools.wraps(original)
    def maker(*args: Any, **kwargs: Any) -> Any:
        made = original(*args, **kwargs)
        if name == "__init__":
            _note(_folder(args[1:], kwargs, args[0]))
        else:
            _note(_folder(args, kwargs, None))
        return made

    setattr(owner, name, maker)
    return lambda: setattr(owner, name, original) if own else delattr(owner, name)


def _folder(args: tuple[Any, ...], kwargs: dict[str, Any], writer: Any) -> Any:
    given = next((kwargs[key] for key in ("logdir", "log_dir") if key in kwargs), args[0] if args else None)
    return given if given is not None else getattr(writer, "log_dir", None)


def _note(folder: Any) -> None:
    for experiment in {id(active): active for active in _active}.values():
        with suppress(NoActiveRunError):  # outside a run there is nobody to tell
            experiment.info.setdefault("tensorflow", {}).setdefault("logdirs", []).append(folder)
