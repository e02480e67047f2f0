"""Config files of notices: the arguments of their constructors, so that tokens stand in no program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.config.files import load_config_file
from expkit.errors import ObserverError

if TYPE_CHECKING:
    from collections.abc import Callable


def arguments_in(
    filename: str | os.PathLike[str],
    kind: Callable[..., Any],
    needed: tuple[str, ...],
) -> dict[str, Any]:
    """What a config file says.

    Args:
        filename: of the file.
        kind: whose arguments it may name.
        needed: what it must name.

    Raises:
        ConfigFileError: it cannot be read.
        ObserverError: it lacks something, or has what nobody knows.
    """
    from inspect import Parameter, signature

    name = os.fspath(filename)
    found = load_config_file(name)
    allowed = [one.name for one in signature(kind).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    known = dict.fromkeys((*needed, *allowed))
    for entry in found:
        if entry not in known:
            raise ObserverError(
                f"{name}: nobody knows {entry!r}{did_you_mean(str(entry), known)}; known: {', '.join(known)}"
            )
    if missing := [entry for entry in needed if entry not in found]:
        raise ObserverError(f"{name}: lacks {' and '.join(missing)}")
    return found
