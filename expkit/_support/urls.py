"""Where runs are kept, as a user names it: a path or a URL, and who knows the URL's scheme."""

from __future__ import annotations

import os
import re
from pathlib import Path

from expkit._support.nearest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_ON_DISK = {"tinydb": "", "mlflow": "", "tensorboard": "", "wandb": "", "sqlite": "///", "file": "//", "local": "//"}
"""What stands before the path, by scheme; behind slashes signs with a meaning of their own are percent-encoded."""


SCHEMES = (
    "abfs", "abfss", "az", "file", "folder", "ftp", "ftps", "gcs", "gs", "local", "mariadb", "memory", "mlflow", "mongodb",
    "mongodb+srv", "mysql", "notify", "postgres", "postgresql", "s3", "s3a", "sftp", "sqlite", "ssh", "tensorboard", "tinydb",
    "wandb", "webdav+http", "webdav+https",
)  # fmt: skip
"""What a URL may begin with that we can open."""

_LOGIN = re.compile(r"(?:\w[\w+.-]*/+|/+)?[^/:\\@]+:[^/\\@]+@[^/\\@]")


def split_url(place: str | os.PathLike[str]) -> tuple[str, str]:
    """The scheme in lower case and what follows its colon; a path is what follows ``folder:``.

    A text is a URL if it begins with a scheme: a letter, then letters, digits, ``+``, ``.`` or ``-``. One letter alone
    is a Windows drive, and a path object is never a URL.
    """
    text = os.fspath(place)
    scheme, colon, rest = text.partition(":")
    if not isinstance(place, str) or not colon or not _is_scheme(scheme):
        return "folder", text
    return scheme.lower(), rest


def folder_of(rest: str, base: str = "") -> Path:
    """The path behind ``folder:``; ``~`` is the home folder, and relative paths start at ``base``.

    Raises:
        ValueError: there is none, or it looks like a URL; the message is for the user.
    """
    if not rest:
        raise ValueError("the URL of a folder needs a path: folder:runs")
    if problem := mistyped(rest):
        raise ValueError(problem)
    return Path(base, os.path.expanduser(rest))


def mistyped(path: str) -> str:
    """What is wrong with a path that somebody meant as a URL; empty for other paths.

    A folder of such a name would show a password to everybody. So the sentence leaves out most of it.
    """
    first, slashes, _ = path.partition("//")
    if slashes and first.lower() in SCHEMES:
        return f"'{first}//...' has no colon; did you mean {first}://...? A folder of that name is './{first}//...'"
    if _LOGIN.match(path):
        return (
            "this looks like an address with a user and a password, and no scheme such as postgresql:// stands before"
            " it; the name of a folder that looks like this begins with ./"
        )
    return ""


def placed(place: str | os.PathLike[str], base: str) -> Path | str:
    """A place as it means the same in every working folder: relative paths on this machine's disk start at ``base``.

    Places elsewhere, those below ``~``, and URLs of schemes that packages add stay as they are.
    """
    scheme, rest = split_url(place)
    if scheme == "folder" and rest and not mistyped(rest):  # whoever opens it says what is wrong
        return folder_of(rest, base)
    before = _ON_DISK.get(scheme.partition("+")[0])
    if before is None or not rest.startswith(before):
        return os.fspath(place)
    path = rest[len(before) :].removeprefix("sqlite:///" if scheme == "mlflow" else "")
    if path[:1] in ("", "?", "~", ":") or os.path.isabs(path):
        return os.fspath(place)
    from urllib.parse import quote

    return f"{scheme}:{before}{os.path.join(quote(base) if before else base, path)}"


def plugins(group: str) -> dict[str, Callable[[], Any]]:
    """What installed packages add to a group of entry points: a loader for each scheme."""
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in entry_points(group=group)}


def unknown_scheme(scheme: str, known: Iterable[str], *groups: str) -> str:
    """The sentence about a URL that nobody can open. It leaves out the rest of the URL, which may hold a password."""
    names = sorted(known)
    return (
        f"nothing is known by {scheme + ':'!r}{did_you_mean(scheme, names)}"
        f" (known: {', '.join(f'{name}:' for name in names)} and plain paths; 'folder:{scheme}:...' is a path)."
        f" Packages add schemes by entry points of the group {' or '.join(map(repr, groups))}"
    )


def _is_scheme(text: str) -> bool:
    inner = text.replace("+", "").replace(".", "").replace("-", "")
    return len(text) > 1 and text[0].isalpha() and text.isascii() and inner.isalnum()


_PORTS = 1 << 16


def login_problem(rest: str) -> str:
    """What is wrong with ``[USER[:PASSWORD]@]HOST[:PORT][,...][/PATH][?OPTIONS]``; empty where all is well.

    Signs with a meaning of their own must be percent-encoded in names and passwords: drivers disagree about them, and
    nobody could tell for certain what must not be shown. The sentence shows nothing of what might be a password.
    """
    address, path = (rest[: (end := _end_of_address(rest))], rest[end:])
    login, _, hosts = address.rpartition("@")
    ports = [port for host in hosts.split(",") if (port := _port_of(host))]
    bad = [port for port in ports if not (port.isdecimal() and 0 < int(port) < _PORTS)]
    if any(sign in login for sign in "@#") or any(map(str.isspace, login)) or ((bad or ports) and "@" in path):
        return (
            "the URL cannot be read for certain; in its user name, password and path write signs with a meaning of"
            " their own as %40 for @, %2F for /, %3F for ?, %23 for #, %20 for a space"
        )
    if not bad:
        return ""
    port = repr(bad[0]) if bad[0].isdecimal() else "what follows the last colon"
    return f"{port} is no port, which is a number from 1 to {_PORTS - 1}"


def _end_of_address(rest: str) -> int:
    return min((place for sign in "/?" if (place := rest.find(sign)) >= 0), default=len(rest))


def _port_of(host: str) -> str:
    """What follows the last colon; the colons of an address like ``[::1]`` are its own."""
    port = host.rpartition(":")[2] if ":" in host else ""
    return "" if "]" in port else port
