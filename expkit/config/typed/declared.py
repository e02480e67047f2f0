"""What somebody declared about an entry: :class:`Declared`."""

from __future__ import annotations

from expkit._support.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from expkit.config.origin import Origin
    from expkit.config.paths import Path


class Declared(Frozen):
    """An entry whose type is declared.

    Attributes:
        path: keys from the root of the config.
        annotation: the type, evaluated.
        text: the type as it was written, such as ``Literal["sgd", "adam"]``.
        origin: where it is declared.
        doc: what is said about the entry there.
        required: it has no value of its own, one must be given.
        choices: the values that it may have, where these are few.
    """

    path: Path
    annotation: Any
    text: str
    origin: Origin
    doc: str = ""
    required: bool = False
    choices: tuple[Any, ...] = ()
