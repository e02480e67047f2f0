"""Help pages: of the program, and of one command. Loaded when somebody asks."""

from __future__ import annotations

import inspect
import os
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expkit.cli.grammar import CommandInfo, CommandLine
    from expkit.cli.option import CLIOption

_WIDTH = 79
_WIDEST_TERM = 30

_ARGUMENTS = (
    ("COMMAND", "The name of a command, see below; default: {default}."),
    (
        "UPDATE",
        "An update of the config, like lr=0.1, layers[0]=64 or ~dropout; a named config; or a config file.",
    ),
)
_OTHERS = ("...", "Entries without a type: print_config shows them, too.")


def usage(spec: CommandLine) -> str:
    """The forms that a command line can have."""
    forms = ["[with UPDATE...] [options]", "COMMAND [with UPDATE...] [options]"]
    forms += [
        f"{info.name} {' '.join(info.arguments)} [with UPDATE...] [options]"
        for info in spec.commands.values()
        if info.arguments
    ]
    forms += ["help [COMMAND]", "(-h | --help)"]
    return "\n".join(["Usage:", *(f"  {spec.program} {form}" for form in forms)])


def help_text(spec: CommandLine, command: str | None = None) -> str:
    """The help page of the program, or of one command."""
    return _command_page(spec.commands[command]) if command else _program_page(spec)


def _program_page(spec: CommandLine) -> str:
    arguments = [(name, text.format(default=spec.default_command or "none")) for name, text in _ARGUMENTS]
    parts = [
        usage(spec),
        inspect.cleandoc(spec.doc),
        _section("Options", [(_flags(option), option.doc) for option in spec.options]),
        _section("Arguments", arguments),
        _section("Config", [*spec.entries, _OTHERS] if spec.entries else ()),
        _section("Commands", [(info.name, _first_line(info.doc)) for info in spec.commands.values()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _command_page(info: CommandInfo) -> str:
    head = f"{info.name}{_signature(info)}{_place(info)}"
    doc = textwrap.indent(inspect.cleandoc(info.doc), "    ")
    return f"{head}\n\n{doc}\n" if doc else f"{head}\n"


def _flags(option: CLIOption) -> str:
    short = f"{option.short}, " if option.short else "    "
    return f"{short}{option.long}{'' if option.is_flag else '=VALUE'}"


def _section(title: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    width = max((len(term) for term, _ in rows if len(term) <= _WIDEST_TERM), default=0)
    return "\n".join([f"{title}:", *(_row(term, text, width) for term, text in rows)])


def _row(term: str, text: str, width: int) -> str:
    indent = " " * (width + 4)
    lines = textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
    if len(term) <= width and lines:
        return "\n".join([f"  {term:<{width}}  {lines[0].lstrip()}", *lines[1:]])
    return "\n".join([f"  {term}", *lines])


def _first_line(doc: str) -> str:
    return inspect.cleandoc(doc).partition("\n")[0]


def _signature(info: CommandInfo) -> str:
    try:
        signature = inspect.signature(info.function) if info.function else None
    except (TypeError, ValueError):
        return ""
    if signature is None:
        return ""
    # What begins with an underscore (`_run`, `_log`) is not for people to give.
    shown = [_plainly(p) for p in signature.parameters.values() if p.name[0] != "_"]
    return str(signature.replace(parameters=shown, return_annotation=signature.empty))


class _Written(str):
    """An annotation as it was written, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _plainly(parameter: inspect.Parameter) -> inspect.Parameter:
    annotation = parameter.annotation
    return parameter.replace(annotation=_Written(annotation)) if isinstance(annotation, str) else parameter


def _place(info: CommandInfo) -> str:
    code = getattr(inspect.unwrap(info.function), "__code__", None) if info.function else None
    return f"  ({os.path.basename(code.co_filename)}:{code.co_firstlineno})" if code else ""
