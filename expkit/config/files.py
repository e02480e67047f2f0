"""Config files: JSON, YAML and TOML. What is saved comes back as the same config."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from expkit.config.dicts import ConfigDict
from expkit.config.file_places import file_places
from expkit.config.origin import Origin
from expkit.errors import ConfigFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def is_config_file(name: str) -> bool:
    """Whether a name has the extension of a config file."""
    return _extension(name) in _FORMATS


def load_config_file(path: str | os.PathLike[str]) -> dict[Any, Any]:
    """The entries in a file. What cannot be restored comes as :class:`~expkit.record.codec.Opaque`.

    Args:
        path: a ``.json``, ``.yaml``, ``.yml`` or ``.toml`` file.

    Raises:
        ConfigFileError: the file cannot be read; the message starts with ``file:line:column``.
    """
    name = os.fspath(path)
    return _entries(name, _text(name))


def read_config_file(path: str | os.PathLike[str], extra: Literal["forbid", "allow"] = "forbid") -> ConfigDict:
    """The config in a file; its entries know their lines.

    Args:
        path: a ``.json``, ``.yaml``, ``.yml`` or ``.toml`` file.
        extra: whether updates may add entries that are not in the file.

    Raises:
        ConfigFileError: the file cannot be read; the message starts with ``file:line:column``.
    """
    name = os.fspath(path)
    text = _text(name)
    entries = _entries(name, text)
    origin = Origin(f"config file {name}", name)
    return ConfigDict(entries, origin, extra, file_places(origin, text, entries))


def save_config_file(config: Mapping[Any, Any], path: str | os.PathLike[str]) -> None:
    """Write a config so that :func:`load_config_file` gives it back.

    Values outside the closed set of values are written readably, but cannot be restored.

    Args:
        config: the entries.
        path: a ``.json``, ``.yaml``, ``.yml`` or ``.toml`` file.

    Raises:
        ConfigFileError: no such format, or one that cannot say a value.
    """
    from expkit.record.codec import encode

    name = os.fspath(path)
    _, write = _format_of(name)
    data = write(encode(dict(config)), name)
    with open(name, "w", encoding="utf-8", newline="\n") as file:
        file.write(data)


def _entries(name: str, text: str) -> dict[Any, Any]:
    from expkit.record.codec import decode

    parse, _ = _format_of(name)
    tree = parse(text, name)
    entries = decode(tree if tree is not None else {})
    if not isinstance(entries, dict):
        raise ConfigFileError(f"{name}:1:1: a config file holds entries with names, not {_kind(tree)}")
    return entries


def _text(name: str) -> str:
    _format_of(name)
    try:
        with open(name, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ConfigFileError(f"{name}:1:1: not UTF-8 text ({error.reason} at byte {error.start})") from None


def _extension(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _format_of(name: str) -> tuple[Callable[[str, str], Any], Callable[[Any, str], str]]:
    extension = _extension(name)
    if extension in (".pickle", ".pkl"):
        raise ConfigFileError(
            f"{name}: config is not read from pickles, because loading a pickle runs whatever code its author put "
            "into it; save the config as .json, .yaml or .toml"
        )
    if extension not in _FORMATS:
        raise ConfigFileError(f"{name}: config files end in {', '.join(_FORMATS)}, not in {extension or 'nothing'}")
    return _FORMATS[extension]


def _kind(tree: Any) -> str:
    return "a list" if isinstance(tree, list) else repr(tree)


def _read_json(text: str, name: str) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigFileError(f"{name}:{error.lineno}:{error.colno}: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigFileError(f"{name}:1:1: {error}") from None


def _write_json(tree: Any, _name: str) -> str:
    import json

    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _read_yaml(text: str, name: str) -> Any:
    import yaml

    from expkit.config.yaml_loader import Loader

    try:
        return yaml.load(text, Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        problem = str(error.problem or error.context)
        if isinstance(error, yaml.constructor.ConstructorError):
            problem += "; only plain YAML is read"
        raise ConfigFileError(f"{name}:{place}: {problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise ConfigFileError(f"{name}:1:1: {error}") from None


def _write_yaml(tree: Any, _name: str) -> str:
    import yaml

    from expkit.config.yaml_loader import EXPONENT

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: object) -> bool:
            return True

    def represent_text(dumper: Dumper, text: str) -> yaml.ScalarNode:
        # PyYAML writes some line breaks of Unicode as they are, and then reads them as breaks
        style = None if text.isprintable() else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent_text)
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+.0123456789"))
    return str(yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True))


def _read_toml(text: str, name: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        match = _TOML_PLACE.search(str(error))
        line, column = (match[1], match[2]) if match and match[1] else (len(text.splitlines()) or 1, 1)
        message = _TOML_PLACE.sub("", str(error))
        raise ConfigFileError(f"{name}:{line}:{column}: {message}") from None


def _write_toml(tree: Any, name: str) -> str:
    from expkit.config.toml_text import to_toml

    return to_toml(tree, name)


_FORMATS = {
    ".json": (_read_json, _write_json),
    ".yaml": (_read_yaml, _write_yaml),
    ".yml": (_read_yaml, _write_yaml),
    ".toml": (_read_toml, _write_toml),
}
