"""Errors about values that do not fit, and about entries that must be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a, safe_repr
from expkit._support.secrets import MASK, Secret
from expkit.config.paths import join
from expkit.config.typed.kinds import inner_kind, text_of
from expkit.config.typed.secrecy import holds_secret
from expkit.errors import ConfigTypeError, RequiredEntryError
from expkit.record.masking import is_secret_name, of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from expkit.config.origin import Origin
    from expkit.config.paths import Path
    from expkit.config.typed.declared import Declared
    from expkit.config.typed.table import Misfit


def type_error(
    misfits: Iterable[tuple[Path, Misfit]], who: Callable[[str], Origin | None], more: str = ""
) -> ConfigTypeError:
    """The error that names all values that do not fit, a line for each.

    Args:
        misfits: keys of the ingredient, and what does not fit there.
        who: tells who gave an entry its value.
        more: lines to add.
    """
    lines = dict.fromkeys(_line(keys, misfit, who) for keys, misfit in misfits)
    return ConfigTypeError("\n".join([*lines, *([more] if more else [])]))


def required_error(missing: Sequence[Declared]) -> RequiredEntryError:
    """The error that names all entries that must be given."""
    names = [join(entry.path) for entry in missing]
    said = [f"{name}: {entry.text} ({entry.origin})" for name, entry in zip(names, missing, strict=True)]
    given = " ".join(f"{name}=..." for name in names)
    lines = [f"config entry {line} has no value and must be given" for line in said]
    return RequiredEntryError("\n".join([*lines[:-1], f"{lines[-1]}; give it: with {given}"]))


def _line(above: Path, misfit: Misfit, who: Callable[[str], Origin | None]) -> str:
    entry = misfit.entry
    name = join((*above, *misfit.keys)) or "the config"
    inner = misfit.keys[len(entry.path) :]
    kind = inner_kind(entry.kind, inner) if inner else entry.kind
    origin = misfit.origin or who(name) or entry.origin
    declared = "its type" if str(origin) == str(entry.origin) and not inner else name
    what = (
        entry.text
        if not inner
        else text_of(kind)
        if kind is not None
        else f"{join((*above, *entry.path))}: {entry.text}"
    )
    where = "" if str(origin) == str(entry.origin) else f" ({entry.origin})"
    hidden = _is_secret(misfit, kind)
    secrets = of_process()
    value = misfit.text or safe_repr(secrets.masked({name: misfit.value})[name])
    reason = "" if hidden or not misfit.reason else f"; {secrets.hide(_advice(misfit, name))}"
    fits = f"{declared} {what}" if declared == "its type" else f"{declared}: {what}"
    return f"{name}={MASK if hidden else value} ({origin}) does not fit {fits}{where}{reason}"


def _advice(misfit: Misfit, name: str) -> str:
    if not misfit.example:
        return misfit.reason
    return f"{misfit.reason}, such as " + (f"'{name}={misfit.example}'" if misfit.text else misfit.example)


def _is_secret(misfit: Misfit, kind: Any) -> bool:
    named = any(isinstance(key, str) and is_secret_name(key) for key in misfit.keys)
    return named or is_a(misfit.value, Secret) or holds_secret(misfit.entry.kind if kind is None else kind)
