"""Attributes that are worked out until somebody sets them: :class:`coverable`."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import overload

T = TypeVar("T")


class coverable(Generic[T]):  # noqa: N801 - used like property
    """Like ``property``, but whoever sets the attribute has a plain one from then on.

    Scripts put attributes of their own on our objects, under names that we use as well.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> coverable[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object, owner: type) -> coverable[T] | T:
        """The value for an object; for the class, this."""
        return self if instance is None else self.function(instance)
