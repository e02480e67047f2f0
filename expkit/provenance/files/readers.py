"""What stands for a library's reader while runs are on: :class:`Reader`. Imports wrapt, and is imported where that is."""

from __future__ import annotations

from copy import copy, deepcopy
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from wrapt import BoundFunctionWrapper, FunctionWrapper

if TYPE_CHECKING:
    from collections.abc import Callable


class _BoundReader(BoundFunctionWrapper):  # type: ignore[misc, type-arg, unused-ignore]
    """A method of an object, or one of a class that still needs an object."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if self._self_instance is None:
            return self._self_parent.__reduce_ex__(protocol)  # type: ignore[no-any-return, unused-ignore]
        return getattr, (self._self_instance, self.__wrapped__.__name__)

    def __copy__(self) -> Any:
        return self._of(copy)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._of(lambda instance: deepcopy(instance, memo))

    def _of(self, copied: Callable[[Any], Any]) -> Any:
        if self._self_instance is None:
            return self
        return getattr(copied(self._self_instance), self.__wrapped__.__name__)


class Reader(FunctionWrapper):  # type: ignore[misc, type-arg, unused-ignore]
    """A function of a library that calls another one first; pickled and copied by its name, as the function itself is.

    Args:
        wrapped: the function.
        wrapper: called in its place.
        name: where it can be found: ``module:function``; another process need not have expkit for that.
    """

    __bound_function_wrapper__ = _BoundReader

    def __init__(self, wrapped: Any, wrapper: Any, name: str) -> None:
        super().__init__(wrapped, wrapper)
        self._self_name = name

    def __reduce_ex__(self, _: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return resolve_name, (self._self_name,)

    def __copy__(self) -> Reader:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Reader:
        return self
