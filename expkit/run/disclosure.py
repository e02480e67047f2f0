"""What record and observers are shown of a config and a command line: everything but secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit.config.values import plain
from expkit.record.masking import Secrets, is_secret_name, of_process, remember
from expkit.run.logging import DISCREET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def disclose(config: Mapping[str, Any], inputs: RunInputs) -> Disclosure:
    """Find the secrets of a run, and what is to be seen without them."""
    secrets = of_process()
    DISCREET.keep(secrets)
    remember(secrets)
    secrets.masked(inputs.options)
    paths: list[str] = []
    shown = secrets.masked(config, paths=paths)
    return Disclosure(secrets, shown, tuple(sorted(set(paths))), said(inputs.updates, secrets))


def secrets_typed(words: Iterable[str]) -> Secrets:
    """The secrets on a command line, for what is said before a run is planned."""
    secrets = of_process()
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
