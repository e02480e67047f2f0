"""Command line options the old way: classes below :class:`CommandLineOption`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit.cli.option import CLIOption
from expkit.cli.options import OPTIONS_OF_ALL, option_table
from expkit.compat.sacred.helpers import convert_camel_case_to_snake_case

if TYPE_CHECKING:
    from expkit.run.inputs import RunInputs


class CommandLineOption:
    """Base of options that all experiments of the program have; ``@cli_option`` is the better way.

    Attributes:
        short_flag: one letter; None: the first one of the long flag.
        arg: what the value is called; None for an option without value.
        arg_description: says what the value is.
    """

    short_flag: str | None = None
    arg: str | None = None
    arg_description: str | None = None
    _enabled = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        from warnings import warn

        option = _option(cls)
        flag = "" if cls.arg is None else ", is_flag=False"
        warn(
            f"the command line option {cls.__name__} is a subclass of CommandLineOption, which is deprecated; write "
            f'@cli_option("{option.short}", "{option.long}"{flag or ", is_flag=True"}) above a function of (args, run), '
            "and Experiment(..., additional_cli_options=[...])",
            DeprecationWarning,
            stacklevel=2,
        )
        OPTIONS_OF_ALL[:] = [other for other in OPTIONS_OF_ALL if other.long != option.long]
        if cls._enabled:
            OPTIONS_OF_ALL.append(option)

    @classmethod
    def get_flag(cls) -> str:
        """The long flag: the class's name in snake case, without ``Option``."""
        return f"--{convert_camel_case_to_snake_case(cls.__name__.removesuffix('Option'))}"

    @classmethod
    def get_flags(cls) -> tuple[str, str]:
        """Short and long flag."""
        long = cls.get_flag()
        return f"-{cls.short_flag or long[2]}", long

    @classmethod
    def apply(cls, args: Any, run: RunInputs) -> None:
        """Change the unstarted run; each option has its own."""


def _option(cls: type[CommandLineOption]) -> CLIOption:
    def apply(args: Any, run: RunInputs) -> None:
        if args:
            cls.apply(args, run)

    value = f"({cls.arg}: {cls.arg_description})" if cls.arg and cls.arg_description else ""
    apply.__doc__ = f"{cls.__doc__ or ''} {value}"
    short, long = cls.get_flags()
    return CLIOption(apply, short, long, is_flag=cls.arg is None)


def gather_command_line_options(filter_disabled: bool | None = None) -> list[CLIOption]:  # noqa: ARG001
    """The options of all experiments; disabled ones are never among them."""
    return option_table()


def get_name(option: CLIOption) -> str:
    """The name of the function that an option calls."""
    return option.function.__name__
