"""What was typed behind ``with``, on its way through ``ex.run()`` and ``ex._create_run()``, which subclasses override.

They are given what a dict of updates can say. Where something was typed, removals and edits of lists go beside it.
"""

from __future__ import annotations

from contextlib import suppress

from expkit.config.merging import nested, overlay
from expkit.config.origin import Origin
from expkit.config.paths import delete_in, get_in, leaves
from expkit.config.updates import NamedConfigToken, Update, check_conflicts, parse_update, updates_from_mapping
from expkit.config.values import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from expkit.run.handle import Run


class Tokens(list[str]):
    """The tokens behind ``with``, as the option ``UPDATE`` that ``ex.run()`` is given.

    Args:
        tokens: as typed.
        noticed: told of each run that is made with this option.

    Attributes:
        noticed: see above.
        updates: what the tokens set, remove and append.
        named_configs: what else they name.

    Raises:
        ConfigUpdateError: a token that cannot be read, or two that contradict each other.
    """

    def __init__(self, tokens: Sequence[str] = (), noticed: Callable[[Run], object] = id) -> None:
        super().__init__(tokens)
        self.noticed = noticed
        origin = Origin("command line")
        parsed = [parse_update(token, origin) for token in tokens]
        self.updates = [one for one in parsed if isinstance(one, Update)]
        self.named_configs = [one for one in parsed if isinstance(one, NamedConfigToken)]
        check_conflicts(self.updates)

    def __deepcopy__(self, memo: object) -> Tokens:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def as_mapping(self) -> dict[str, Any]:
        """The updates of entries, nested; without removals and edits of lists."""
        mapping: dict[str, Any] = {}
        for update in filter(_is_plain, self.updates):
            overlay(mapping, nested(update.path, plain(update.value, update.path)))
        return mapping

    def names(self) -> list[str]:
        """The named configs as text."""
        return [str(token) for token in self.named_configs]

    def updates_for(self, mapping: Mapping[str, Any]) -> list[Update]:
        """What ``mapping`` says, with origin and text where it was typed, and what was typed beside it."""
        if not hasattr(mapping, "items"):
            return updates_from_mapping(mapping, Origin("config_updates"))  # which says what is wrong with it
        if _same(dict(mapping), self.as_mapping()):
            return list(self.updates)
        rest: dict[str, Any] = plain(dict(mapping))
        kept = [update for update in self.updates if not _is_plain(update) or _is_said(update, mapping)]
        for update in filter(_is_plain, kept):
            _remove(rest, update)
        return [*kept, *updates_from_mapping(rest, Origin("config_updates"))]

    def named_in(self, names: Sequence[str]) -> list[str | NamedConfigToken]:
        """The named configs, with origin where they were typed."""
        typed = {token.text: token for token in self.named_configs}
        return [typed.get(name, name) for name in names]


def _is_plain(update: Update) -> bool:
    return not update.remove and all(isinstance(part, str) for part in update.path)


def _is_said(update: Update, mapping: Mapping[str, Any]) -> bool:
    return all(_same(value, get_in(mapping, path, update)) for path, value in leaves(update.path, plain(update.value)))


def _same(one: Any, other: Any) -> bool:
    with suppress(ValueError):  # of an array, which is neither equal nor not
        return type(one) is type(other) and bool(one == other or one is other)
    return False


def _remove(rest: dict[str, Any], update: Update) -> None:
    """Take an update out, and the dicts that are empty without it."""
    for path, _ in leaves(update.path, update.value):
        delete_in(rest, path)
        for end in range(len(path) - 1, 0, -1):
            if get_in(rest, path[:end]) == {}:
                delete_in(rest, path[:end])
