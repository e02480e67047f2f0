"""What the built-in commands do, given plain inputs. None but ``save_config`` writes a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.cli.terminal import emit, wants_colour
from expkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.cli.grammar import CommandLine
    from expkit.config.layers import Layer
    from expkit.config.summary import ConfigSummary


def print_config(config: Mapping[str, Any], summary: ConfigSummary, ingredients: Sequence[str] = ()) -> None:
    """Print the config, see :func:`expkit.cli.printing.format_config`."""
    from expkit.cli.printing import format_config

    emit(format_config(config, summary, ingredients, colour=wants_colour(sys.stdout)), sys.stdout)


def print_dependencies(info: Mapping[str, Any]) -> None:
    """Print packages, sources and repositories, see :func:`expkit.cli.printing.format_dependencies`."""
    from expkit.cli.printing import format_dependencies

    emit(format_dependencies(info, colour=wants_colour(sys.stdout)), sys.stdout)


def print_named_configs(docs: Mapping[str, str | None]) -> None:
    """Print the named configs, see :func:`expkit.cli.printing.format_named_configs`."""
    from expkit.cli.printing import format_named_configs

    emit(format_named_configs(docs, colour=wants_colour(sys.stdout)), sys.stdout)


def explain(key: str, layers: Mapping[str, Sequence[Layer]]) -> None:
    """Print which layers set an entry, or every entry below it.

    Raises:
        UsageError: there is no such entry.
    """
    from expkit.cli.printing import format_explain
    from expkit.config.paths import is_prefix, join, split

    key = join(split(key))
    wanted = [key] if key in layers else [path for path in layers if is_prefix(key, path)]
    if not wanted:
        raise UsageError(f"there is no config entry {key}{did_you_mean(key, layers)}")
    colour = wants_colour(sys.stdout)
    emit("\n".join(format_explain(path, layers[path], colour=colour) for path in wanted), sys.stdout)


def save_config(config: Mapping[str, Any], filename: str = "config.json") -> None:
    """Write the config to a file that can be used after ``with``; its extension says how.

    Raises:
        ConfigFileError: no format of that extension, or a value that it cannot hold.
    """
    from expkit.config.files import save_config_file

    save_config_file(dict(config), filename)
    emit(f"config saved to {filename}\n", sys.stdout)


def print_help(spec: CommandLine, command: str | None = None) -> None:
    """Print the help page of the program or of one command."""
    from expkit.cli.help import help_text

    emit(help_text(spec, command), sys.stdout)
