"""The options in argv, spelled out: short, abbreviated and underscored flags become ``--long`` or ``--long=VALUE``.

docopt then meets one spelling only, and what is wrong with an option is said in our words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.nearest import nearest
from expkit.cli.option import canonical
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.cli.option import CLIOption


def spell_out(argv: Sequence[str], table: Sequence[CLIOption]) -> tuple[list[str], list[str]]:
    """Split ``argv`` (without the program) into spelled-out options and the other tokens.

    Options may stand anywhere; after ``--`` there are none.

    Raises:
        UsageError: an option that does not exist, is ambiguous, lacks its value or has one too many.
    """
    reader = _Reader(list(argv), table)
    while reader.left:
        word = reader.left.pop(0)
        if word == "--":
            reader.others += reader.left
            break
        if word.startswith("--"):
            reader.long(word)
        elif word.startswith("-") and word != "-":
            reader.cluster(word)
        else:
            reader.others.append(word)
    return reader.options, reader.others


class _Reader:
    def __init__(self, left: list[str], table: Sequence[CLIOption]) -> None:
        self.left = left
        self.options: list[str] = []
        self.others: list[str] = []
        self.by_long = {option.long: option for option in table}
        self.by_short = {option.short: option for option in table if option.short}
        self.seen: set[str] = set()

    def long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self.find(name)
        self.add(option, name, value if equals else None)

    def find(self, name: str) -> CLIOption:
        wanted = canonical(name)
        if wanted in self.by_long:
            return self.by_long[wanted]
        fitting = [long for long in self.by_long if long.startswith(wanted)]
        if len(fitting) > 1:
            raise UsageError(f"the option {name} is ambiguous: it may mean {', '.join(fitting)}")
        if not fitting:
            raise UsageError(f"there is no option {name}{self.near(wanted)}")
        return self.by_long[fitting[0]]

    def cluster(self, word: str) -> None:
        rest = word[1:]
        while rest:
            flag, rest = f"-{rest[0]}", rest[1:]
            option = self.by_short.get(flag)
            if option is None:
                raise UsageError(self.unknown_short(flag, word))
            if option.is_flag:
                self.add(option, flag, None)
            else:
                self.add(option, flag, rest.removeprefix("=") if rest else None)
                return

    def unknown_short(self, flag: str, word: str) -> str:
        if flag == word:
            return f"there is no option {flag}"
        return f"there is no option {flag} (in {word}){self.near(word)}"

    def near(self, name: str) -> str:
        # Without the hyphens that all have in common, which would make everything look alike.
        plain = name.partition("=")[0].lstrip("-").replace("_", "-")
        hits = nearest(plain, [long.lstrip("-") for long in self.by_long])
        return f"; did you mean {' or '.join(f'--{hit}' for hit in hits)}?" if hits else ""

    def add(self, option: CLIOption, name: str, value: str | None) -> None:
        if option.long in self.seen and not (option.is_flag or option.repeatable):
            raise UsageError(f"the option {option.long} is given twice")
        if not option.is_flag:
            self.options.append(f"{option.long}={self.value(name) if value is None else value}")
        elif value is not None:
            raise UsageError(f"the option {option.long} takes no value, but is given {value!r}")
        elif option.long not in self.seen:
            self.options.append(option.long)
        self.seen.add(option.long)

    def value(self, name: str) -> str:
        if not self.left or self.left[0] == "--":
            raise UsageError(f"the option {name} needs a value")
        return self.left.pop(0)
