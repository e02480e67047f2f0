"""What the built-in commands do, given plain inputs. None but ``save_config`` writes a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit._support.nearest import did_you_mean
from expkit.cli.terminal import emit, wants_colour
from expkit.errors import UsageError
from expkit.record.masking import is_secret_name, masked, masked_mapping, of_process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from expkit.cli.grammar import CommandLine
    from expkit.config.layers import Layer
    from expkit.config.paths import Path
    from expkit.config.summary import ConfigSummary
    from expkit.config.typed.declared import Declared


def print_config(
    config: Mapping[str, Any],
    summary: ConfigSummary,
    ingredients: Sequence[str] = (),
    *,
    declared: Mapping[str, Declared] = {},
    missing: Sequence[Declared] = (),
) -> None:
    """Print the config without secrets, see :func:`expkit.cli.printing.format_config`."""
    from expkit.cli.printing import format_config

    colour = wants_colour(sys.stdout)
    text = format_config(masked(config), summary, ingredients, declared=declared, missing=missing, colour=colour)
    emit(text, sys.stdout)


def config_schema(schema: Mapping[str, Any]) -> None:
    """Print a config's JSON Schema; secrets were taken out before."""
    import json

    says_all = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    emit(json.dumps(schema, indent=2, ensure_ascii=not says_all) + "\n", sys.stdout)


def print_dependencies(info: Mapping[str, Any]) -> None:
    """Print packages, sources and repositories, see :func:`expkit.cli.printing.format_dependencies`."""
    from expkit.cli.printing import format_dependencies

    emit(format_dependencies(masked_mapping(info), colour=wants_colour(sys.stdout)), sys.stdout)


def print_named_configs(docs: Mapping[str, str | None]) -> None:
    """Print the named configs, see :func:`expkit.cli.printing.format_named_configs`."""
    from expkit.cli.printing import format_named_configs

    text = format_named_configs(docs, colour=wants_colour(sys.stdout))
    emit(of_process().hide(text), sys.stdout)


def explain(
    key: str,
    layers: Mapping[str, Sequence[Layer]],
    config: Mapping[str, Any],
    inside: Callable[[Path], Sequence[Layer]],
    declared: Mapping[str, Declared] = {},
) -> None:
    """Print which layers set an entry, or every entry below it.

    Args:
        key: path of the entry.
        layers: path to layers, for every entry that somebody set.
        config: the whole config.
        inside: gives the layers of what is in a list.
        declared: what is declared about entries, by path.

    Raises:
        UsageError: there is no such entry.
    """
    from expkit.cli.printing import format_explain
    from expkit.config.paths import flatten, has_path, is_prefix, join, parents, split

    path = split(key)
    leaves = {*declared} - {above for name in declared for above in parents(name)}
    known = list(dict.fromkeys([*layers, *(join(leaf) for leaf, _ in flatten(config)), *sorted(leaves)]))
    is_entry = join(path) in {*layers, *leaves} or (_is_in_list(path, config) and has_path(config, path))
    wanted = [join(path)] if is_entry else [entry for entry in known if is_prefix(join(path), entry)]
    if not wanted and not has_path(config, path):
        raise UsageError(f"there is no config entry {key}{did_you_mean(key, known)}")
    colour = wants_colour(sys.stdout)
    shown = masked(config)
    texts = []
    for entry in wanted or [join(path)]:
        found = inside(split(entry)) if _is_in_list(split(entry), config) else layers.get(entry, ())
        texts.append(
            format_explain(entry, _without_secrets(split(entry), found), shown, declared.get(entry), colour=colour)
        )
    emit("\n".join(texts), sys.stdout)


def _without_secrets(path: Path, layers: Sequence[Layer]) -> list[Layer]:
    from expkit.config.layers import Layer

    name = next((part for part in path if isinstance(part, str) and is_secret_name(part)), "")
    return [Layer(layer.origin, masked(layer.value, name), layer.kind) for layer in layers]


def _is_in_list(path: Path, config: Mapping[str, Any]) -> bool:
    from expkit.config.paths import get_in

    return any(isinstance(get_in(config, path[:end]), list | tuple) for end in range(1, len(path)))


def save_config(config: Mapping[str, Any], filename: str = "config.json") -> None:
    """Write the config, without secrets, to a file that can be used after ``with``; its extension says how.

    Raises:
        ConfigFileError: no format of that extension, or a value that it cannot hold.
    """
    from expkit.config.files import save_config_file

    hidden: list[str] = []
    save_config_file(of_process().masked(config, paths=hidden), filename)
    note = f"; masked, to be given again when it is used: {', '.join(sorted(hidden))}" if hidden else ""
    emit(f"config saved to {filename}{note}\n", sys.stdout)


def print_help(spec: CommandLine, command: str | None = None) -> None:
    """Print the help page of the program or of one command."""
    from expkit.cli.help import help_text

    emit(of_process().hide(help_text(spec, command)), sys.stdout)
