"""``from_config``: the default of parameters that the config fills, so that type checkers let callers leave them out."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from expkit.errors import MissingConfigError


class FromConfig:
    """What ``from_config`` is: for captured functions no default at all, for everybody else of no use.

    It prints, hashes, copies and pickles; whatever else is done with it says what is wrong.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "from_config"

    def __reduce__(self) -> str:
        return "from_config"

    def __hash__(self) -> int:
        return id(type(self))

    def __eq__(self, other: object) -> bool:
        if other is None or isinstance(other, (FromConfig, type)):  # what looks at signatures asks for markers
            return isinstance(other, FromConfig)
        return _refuse(self)

    def __format__(self, spec: str) -> str:
        return _refuse(self) if spec else repr(self)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # protocols that others try
            raise AttributeError(name)
        raise _MissingAttributeError(_message(self))


class _MissingAttributeError(MissingConfigError, AttributeError):
    """So that ``hasattr`` says no."""


def _refuse(self: FromConfig, *_: object) -> NoReturn:
    raise MissingConfigError(_message(self))


def _message(marker: FromConfig) -> str:
    """Which parameter of which function has kept the marker, as far as the calling frame tells."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    name = next((name for name, value in frame.f_locals.items() if value is marker), None)
    where = f"{frame.f_code.co_name}() ({frame.f_code.co_filename}:{frame.f_lineno})"
    what = f"{where} uses {name!r}, which was" if name else f"{where} uses from_config: a value was"
    return (
        f"{what} neither passed nor filled from a config; "
        "from_config works in functions that an experiment or ingredient decorates: put @ex.capture on it, or pass a value"
    )


_USES = (
    "bool call complex contains delitem enter abs exit float fspath ge getitem gt index int invert iter le len lt "
    "neg next pos round setitem await aiter aenter "
    "add and divmod floordiv lshift matmul mod mul or pow rshift sub truediv xor "
    "radd rand rdivmod rfloordiv rlshift rmatmul rmod rmul ror rpow rrshift rsub rtruediv rxor"
)
for _name in _USES.split():
    setattr(FromConfig, f"__{_name}__", _refuse)

from_config: Any = FromConfig()
"""The default of a parameter that is filled from the config: ``def step(lr: float = from_config)``."""
