"""One option of the command line: :class:`CLIOption`, and how a function becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.errors import NoObserverError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.run.inputs import RunInputs


class CLIOption:
    """One option of the command line.

    Attributes:
        short: ``-x``, or ``""`` for an option without short form.
        long: canonical spelling with hyphens, ``--my-option``; underscores are accepted everywhere.
        name: the long flag as it was declared; records and option hooks show it.
        is_flag: whether it takes no value.
        repeatable: whether it may stand several times.
        doc: help text.
    """

    def __init__(
        self,
        function: Callable[[Any, RunInputs], object],
        short: str,
        long: str,
        is_flag: bool = False,
        repeatable: bool = False,
    ) -> None:
        if short and not _is_short(short):
            raise ValueError(f"a short option is '-' and one letter or digit, not {short!r}")
        if not _is_long(long):
            raise ValueError(f"a long option is '--' and at least two letters, digits or hyphens, not {long!r}")
        self.function = function
        self.short = short
        self.long = canonical(long)
        self.name = long
        self.is_flag = is_flag
        self.repeatable = repeatable
        self.doc = " ".join((function.__doc__ or "").split())

    def __repr__(self) -> str:
        return f"<option {self.long}>"

    @property
    def default(self) -> Any:
        """The value of an option that is not given: False for flags, None or ``[]`` for others."""
        if self.is_flag:
            return False
        return [] if self.repeatable else None

    def apply(self, value: Any, run: RunInputs) -> None:
        """Let the option change the unstarted ``run``; nothing happens where it was not given.

        Raises:
            UsageError: the value does not fit.
        """
        if value is None or value is False:
            return
        for single in value if self.repeatable and isinstance(value, (list, tuple)) else (value,):
            self._apply_one(single, run)

    def _apply_one(self, value: Any, run: RunInputs) -> None:
        try:
            self.function(value, run)
        except (ValueError, NoObserverError, StoreError) as error:
            from expkit.record.masking import masked_url

            shown = masked_url(value) if isinstance(value, str) else value
            raise UsageError(f"{self.long}={shown}: {error}") from error


def _is_short(flag: str) -> bool:
    return len(flag) == len("-x") and flag[0] == "-" and _is_word(flag[1])


def _is_long(flag: str) -> bool:
    name = flag.removeprefix("--")
    inside = len(name) >= len("xx") and "-" not in (name[0], name[-1])
    return flag != name and inside and _is_word(name.replace("-", "_"))


def _is_word(text: str) -> bool:
    return f"_{text}".isidentifier()


def canonical(name: str) -> str:
    """The spelling of a long option that counts: hyphens."""
    return name.replace("_", "-") if name.startswith("--") else name


def cli_option(
    short_flag: str,
    long_flag: str,
    is_flag: bool = False,
    *,
    repeatable: bool = False,
) -> Callable[[Callable[[Any, RunInputs], object]], CLIOption]:
    """Make a command line option of a function ``f(args, run)``; its docstring is the help text.

    The function is called before the run starts, with the value (True for flags) and the unstarted run, whose
    attributes it may set. A ``ValueError`` from it is shown as a mistake in the command line.

    Args:
        short_flag: ``-`` and one letter, or ``""``.
        long_flag: ``--`` and a name; hyphens and underscores mean the same.
        is_flag: the option takes no value.
        repeatable: the option may stand several times; the function is called once for each value.

    Raises:
        ValueError: flags that cannot be flags.
    """

    def decorate(function: Callable[[Any, RunInputs], object]) -> CLIOption:
        return CLIOption(function, short_flag, long_flag, is_flag, repeatable)

    return decorate
