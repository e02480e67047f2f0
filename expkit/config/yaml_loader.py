"""How YAML is read: plain values only, and no more of them than a config can be meant to have.

PyYAML takes its time to import; this module is imported where a YAML file is read or written.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

# YAML 1.2: 1e-3 and 1.5e3 are numbers; PyYAML knows numbers with a dot and a signed exponent only.
EXPONENT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$")
LARGEST = 100_000
"""Values that a file may have if it says them by aliases: a few lines of nested ones mean billions."""


class Loader(yaml.SafeLoader):  # the one in C crashes on deep nesting
    """PyYAML's safe loader, which looks at what aliases add up to."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._count = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node, with aliases counted as what they stand for.

        Raises:
            ComposerError: an alias inside of what it stands for, or too many values.
        """
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        before = self._count
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            self._add_alias(event, self._sizes.get(id(node)))
        else:
            self._count += 1
            self._sizes[id(node)] = self._count - before
        return node

    def _add_alias(self, event: Any, size: int | None) -> None:
        if size is None:  # its node is not complete yet
            self._refuse(f"*{event.anchor} is inside of what it stands for; a config entry must end somewhere", event)
        else:
            self._count += size
        if self._count > LARGEST:
            self._refuse(f"with *{event.anchor}, the aliases stand for more than {LARGEST:,} values", event)

    @staticmethod
    def _refuse(problem: str, event: Any) -> None:
        raise yaml.composer.ComposerError(None, None, problem, event.start_mark)


Loader.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+.0123456789"))
