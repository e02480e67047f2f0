"""What record and observers are shown of a config and a command line: everything but secrets."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.odd import is_a
from expkit._support.secrets import MASK, Secret
from expkit.config.paths import put_in
from expkit.config.values import plain
from expkit.record.masking import Secrets, is_secret_name, of_process, remember, takes_secret
from expkit.record.tagged import Masked
from expkit.run.logging import DISCREET
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from expkit.config.paths import Path
    from expkit.config.updates import Update
    from expkit.record.model import Launch
    from expkit.run.inputs import RunInputs


class Disclosure(Frozen, kw_only=False):
    """The sight of a run from outside its process.

    Attributes:
        secrets: of the run.
        config: a copy, secrets masked.
        masked: paths of what is masked in it.
        said: what to show in place of updates that hold secrets, by their texts.
    """

    secrets: Secrets
    config: dict[str, Any]
    masked: tuple[str, ...]
    said: dict[str, str]

    def launch(self, launch: Launch) -> Launch:
        """How the process was started."""
        return launch.but(argv=self.secrets.arguments(launch.argv, self.said), env=self.secrets.shown(launch.env))


def disclose(
    config: Mapping[str, Any],
    inputs: RunInputs,
    own: Mapping[str, Any] = {},
    is_declared: Callable[[Path], bool] = lambda _: False,
) -> Disclosure:
    """Find the secrets of a run, and what is to be seen without them.

    Args:
        config: the real one.
        inputs: what was asked for.
        own: the values that the definitions give to updated entries, by path.
        is_declared: tells whether the declared type of an entry is or holds a secret.
    """
    secrets = of_process()
    DISCREET.keep(secrets)
    remember(secrets)
    secrets.masked(inputs.options)
    secrets.learn(values_typed(sys.argv[1:]))
    typed = [update for update in inputs.updates if is_typed_secret(update, own)]
    declared = [update for update in inputs.updates if _is_declared_secret(update, own, is_declared)]
    secrets.learn(text for update in (*typed, *declared) for text in _texts(update.value))
    paths: list[str] = [update.name for update in typed]
    shown = secrets.masked(config, paths=paths)
    for update in typed:
        put_in(shown, update.path, Masked(MASK))
    texts = {update.said: hidden(update) for update in (*typed, *declared)}
    return Disclosure(secrets, shown, tuple(sorted(set(paths))), {**said(inputs.updates, secrets), **texts})


def hidden(update: Update) -> str:
    """What is shown of an update whose value is a secret."""
    return f"{update.name}={MASK}"


def _is_declared_secret(update: Update, own: Mapping[str, Any], is_declared: Callable[[Path], bool]) -> bool:
    """Whether an update gives a value to what its type, or the value that it has by itself, says is a secret."""
    if not SETTINGS.SECRETS.MASK or update.remove:
        return False
    return type(own.get(update.name)) is Secret or is_declared(update.path)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, however deep; numbers count as they are written."""
    if is_a(value, (dict, list, tuple, set, frozenset)):
        for item in value.values() if is_a(value, dict) else value:
            yield from _texts(item)
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)


def is_typed_secret(update: Update, own: Mapping[str, Any]) -> bool:
    """Whether a number was typed for a secret: of digits only, say. It is none where the entry is a number by itself."""
    if not SETTINGS.SECRETS.MASK or not update.text or type(update.value) not in (int, float):
        return False
    if not all(isinstance(part, (str, int)) for part in update.path):
        return False
    is_named = any(isinstance(part, str) and is_secret_name(part) for part in update.path)
    return is_named and type(own.get(update.name)) not in (int, float)


def values_typed(words: Sequence[str]) -> list[str]:
    """What stands behind long options of secret names, whoever reads them: the ``X`` of ``--password X``."""
    return [value for option, value in pairwise(words) if takes_secret(option, value)]


def secrets_typed(words: Iterable[str]) -> Secrets:
    """The secrets on a command line, for what is said before a run is planned."""
    secrets = of_process()
    words = list(words)
    secrets.learn(values_typed(words))
    pairs = (word.partition("=") for word in words)
    secrets.learn(value.strip("'\"") for name, equals, value in pairs if equals and is_secret_name(name))
    return secrets


def said(updates: Iterable[Update], secrets: Secrets) -> dict[str, str]:
    """Texts of updates that hold secrets, and what to show instead; learns the secrets."""
    shown: dict[str, str] = {}
    for update in updates:
        paths: list[str] = []
        name = next((part for part in update.path if isinstance(part, str) and is_secret_name(part)), "")
        value = secrets.masked(plain(update.value, update.path), name, paths)
        if paths:
            shown[update.said] = f"{update.name}={value!r}"
    return shown
