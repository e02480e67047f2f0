"""The built-in commands as functions that scripts call themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from expkit.config.summary import ConfigSummary
    from expkit.run.definitions import Definitions


def save_config(
    _config: Mapping[str, Any], _log: logging.Logger | None = None, config_filename: str = "config.json"
) -> None:
    """Write a config, without secrets, to a file that can be used after ``with``.

    Raises:
        ConfigFileError: no format of that extension, or a value that it cannot hold.
    """
    from expkit.cli.commands import save_config as save

    save({key: value for key, value in _config.items() if key != "config_filename"}, config_filename)


def print_named_configs(ingredient: Definitions) -> Callable[[], None]:
    """A function that prints the named configs of an experiment and its ingredients."""

    def show() -> None:
        from expkit.cli.commands import print_named_configs as printed

        configs = (
            (ingredient.name_of(node, name), found)
            for node, _ in ingredient.walk()
            for name, found in node.named_configs.items()
        )
        printed({name: found.doc for name, found in configs})

    return show


def help_for_command(command: Callable[..., object]) -> str:
    """The signature of a command, and below it its docstring."""
    import inspect

    doc = inspect.getdoc(command) or ""
    lines = [f"{command.__name__}{inspect.signature(command)}", *(f"    {line}".rstrip() for line in doc.splitlines())]
    return "\n".join(lines) + "\n"


def _format_config(cfg: Mapping[str, Any], config_mods: ConfigSummary) -> str:
    from expkit.cli.printing import format_config

    return format_config(cfg, config_mods)
