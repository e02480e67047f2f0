"""Access data that is recognised by its looks, inside of any text: in URLs, behind names, tokens of well-known services.

Loaded only for texts that :func:`may_hold_access` in :mod:`expkit._support.secrets` points at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit._support.nearest import nearest
from expkit._support.secrets import MASK, may_hold_access

if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match

_USER_PART = r"(?i)\b(?<!webdav\+)(https?://)[^\s/?#]+@"
_LOGIN = r"(\b[a-zA-Z][\w+.-]*://[^\s/?#:]*):(?:[^\s/?#]*|(?!\d+[/?#])[^\s@]*)@"
_ONLY_URL = r"(?:-{1,2}[\w-]+=)?[a-zA-Z][\w+.-]*://[^\n]*"
_ITS_LOGIN = r"(://[^/?#:]*):(?!\d+(?:[/?#]|$))[^\n]*@"
_ITS_PARAMETER = r"([?&;#])([^\s=&;#?]+)=([^&;#\"']+)"
_BARE_LOGIN = r"((?:^|(?<=[\s\"'=]))//[^\s/?#:@]*):[^\s/?#@]+@"
_PARAMETER = r"([?&;#])([^\s=&;#?]+)=([^\s&;#\"']+)"
_HOOK = (
    r"(?i)\b(hooks\.slack\.com/services/|api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks/)[^\s\"'/?][^\s\"'?]*"
)
_NOTIFY = r"(?i)\b(notify:[a-z][\w+.-]*://)[^\s\"']+"
_PARAMETERS = frozenset(("auth", "authmechanismproperties", "key", "pass", "pw", "sig", "signature"))
"""Secret in a URL, if nowhere else."""
_OPEN_PARAMETERS = frozenset(("authmechanism", "authsource"))
"""Of MongoDB: how users show who they are, and which database knows them."""

_SPELT = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "access_key",
    "secret_key",
    "account_key",
)
_NEAR = 0.82
"""So much alike is a name to one of these that is misspelt: what somebody typed there is secret all the same."""

_IN_TEXT = (
    r"(?i)(^|[\s;\"'])(password|passwd|pwd|accountkey|sharedaccesskey)(\s*=\s*)"
    r"(?!\.\.\.)('[^']*'|(?!['\"])[^\s;&\"']+)"
)
_ASSIGNED = r"""([A-Za-z_][\w.-]*)(["']?\]?\s*[=:]\s*[bru]?)(["'])((?:\\.|(?!\3).)+)\3"""
_LINE = r"(?m)^(\s*(?:export\s+)?)([A-Za-z_][\w.-]*)(\s*:\s+|=)(?!\.\.\.$)(?!\d+\s*$)([^\s\"'{\[]\S*)[ \t]*$"
_OPTION = r"(?:^|(?<=[\s\"']))(--[A-Za-z][\w-]*)(=| )(?![A-Z_]+(?:[^\w]|$)|[<.])(\"[^\"]*\"|'[^']*'|[^\s\"'-][^\s\"']*)"
_CURL = r"(\bcurl\b.*?\s(?:-u|--user)\s*[^\s:]+:)[^\s\"']+"
_HEADER = r"(?i)(\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?:(bearer|basic|token|digest)\s+)?[^\s\"',;]+"
_BEARER = r"\b([Bb]earer\s+)(?=\S*\d)[\w.~+/=-]{8,}"
_TOKENS = (
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9_]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}"
    r"|sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|xox[abeoprs]-[\w-]{10,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,})"
)
_GIVEN_LOGIN = r"\b[a-zA-Z][\w+.-]*://[^\s/?#:@]*:([^\s/?#@]+)@"
_SHORTEST = 6
_PEM = r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z ]*-----|$)"


def without_access(text: str, is_secret: Callable[[str], bool]) -> str:
    """The text with ``***`` for what gives access.

    Args:
        text: any.
        is_secret: whether a name is that of a secret.
    """
    if "//" in text:
        text = _without_urls(text, is_secret)
    text = re.sub(_PEM, MASK, text)
    text = re.sub(_TOKENS, MASK, text)
    if "=" in text or ":" in text:
        text = re.sub(_IN_TEXT, rf"\1\2\3{MASK}", text)
        text = re.sub(_LINE, lambda match: _named(match, 2, is_secret), text)
        text = re.sub(_HEADER, lambda match: f"{match[1]}{match[2] + ' ' if match[2] else ''}{MASK}", text)
    if "'" in text or '"' in text:
        text = re.sub(_ASSIGNED, lambda match: _assigned(match, is_secret), text)
    if "--" in text:
        text = re.sub(_OPTION, lambda match: _option(match, is_secret), text)
    if "curl" in text:
        text = re.sub(_CURL, rf"\1{MASK}", text)
    return re.sub(_BEARER, rf"\1{MASK}", text)


def is_secret_option(name: str, is_secret: Callable[[str], bool]) -> bool:
    """Whether what an option of a URL says gives access.

    Args:
        name: of the option.
        is_secret: whether a name is that of a secret.
    """
    folded = name.lower()
    if folded in _OPEN_PARAMETERS:
        return False
    return (
        folded in _PARAMETERS or folded.startswith("x-amz-") or is_secret(name) or bool(nearest(name, _SPELT, 1, _NEAR))
    )


def shows_access(text: str, is_secret: Callable[[str], bool], *, is_code: bool) -> bool:
    """Whether a file's text has access data written out: private keys, tokens, literals of secret names.

    Args:
        text: of the file.
        is_secret: whether a name is that of a secret.
        is_code: of a program, in which ``token = text`` without quotes names a variable.
    """
    if re.search(_PEM, text) or re.search(_TOKENS, text):
        return True
    lines = [line for line in text.splitlines() if may_hold_access(line)]
    return any(_line_shows_access(line.lstrip("+- "), is_secret, is_code) for line in lines)


def _line_shows_access(line: str, is_secret: Callable[[str], bool], is_code: bool) -> bool:
    named = [(match[1], match[4]) for match in re.finditer(_ASSIGNED, line)]
    if not is_code:
        named += [(match[2], match[4]) for match in re.finditer(_LINE, line)]
    logins = [match[1] for match in re.finditer(_GIVEN_LOGIN, line)]
    return any(is_secret(name) and _is_given(value) for name, value in named) or any(map(_is_given, logins))


def _is_given(value: str) -> bool:
    """Whether it may be a password, not a stand-in such as ``${TOKEN}``, ``<token>``, ``***`` or a sentence."""
    return len(value) >= _SHORTEST and not re.search(r"[<{$%(\[]|\*\*|\.\.\.|xxx|\s\S+\s", value)


def _without_urls(text: str, is_secret: Callable[[str], bool]) -> str:
    parameter = _PARAMETER
    if re.fullmatch(_ONLY_URL, text):  # there is nothing else in it, so that a space ends nothing
        text, parameter = re.sub(_ITS_LOGIN, rf"\1:{MASK}@", text, count=1), _ITS_PARAMETER
    text = re.sub(_USER_PART, rf"\1{MASK}@", text)
    text = re.sub(_LOGIN, rf"\1:{MASK}@", text)
    text = re.sub(_BARE_LOGIN, rf"\1:{MASK}@", text)
    text = re.sub(parameter, lambda match: _parameter(match, is_secret), text)
    text = re.sub(_NOTIFY, rf"\1{MASK}", text)
    return re.sub(_HOOK, rf"\1{MASK}", text)


def _parameter(match: Match[str], is_secret: Callable[[str], bool]) -> str:
    mark, written, value = match.groups()
    name = re.sub("%([0-9a-fA-F]{2})", lambda sign: chr(int(sign[1], 16)), written)
    return f"{mark}{written}={MASK if is_secret_option(name, is_secret) else value}"


def _named(match: Match[str], name: int, is_secret: Callable[[str], bool]) -> str:
    if not is_secret(match[name]):
        return match[0]
    return "".join(match.groups()[:-1]) + MASK


def _assigned(match: Match[str], is_secret: Callable[[str], bool]) -> str:
    name, between, quote, _ = match.groups()
    return f"{name}{between}{quote}{MASK}{quote}" if is_secret(name) else match[0]


def _option(match: Match[str], is_secret: Callable[[str], bool]) -> str:
    return match[0] if match[3] == "with" else _named(match, 1, is_secret)
