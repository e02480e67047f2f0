"""Secrets leave this process as ``***`` only.

In the user's process every value stays what it is. What is recorded, told to observers or printed by expkit goes through
:class:`Secrets` (which knows the secrets of one run) or through one of the functions here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from expkit._support.odd import RAISED, tolerate
from expkit._support.secrets import MASK, Secret, names_secret, secret_values
from expkit.record.tagged import Masked, quoted
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from expkit.record.events import Event

_SHORTEST = 6  # a shorter text may stand anywhere by chance
_LONG = 12
_LOOKED_INTO = 10_000_000  # bytes
_NUMBERS = frozenset((int, float, bool, type(None)))

_USER_PART = r"(?i)\b(https?://)[^\s/?#]+@"
_LOGIN = r"(\b[a-zA-Z][\w+.-]*://[^\s/?#:@]*):(?:[^\s/?#]*|(?!\d+[/?#])[^\s@]*)@"
_PARAMETER = r"([?&;])([^\s=&;#]+)=([^\s&;#\"']+)"
_HOOK = (
    r"(?i)\b(hooks\.slack\.com/services/|api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks/)[^\s\"'/?][^\s\"'?]*"
)
_PARAMETERS = frozenset(("auth", "key", "sig", "signature"))  # secret in a URL, if nowhere else
_IN_TEXT = r"(?i)(^|[\s;\"'])(password|passwd|pwd|accountkey|sharedaccesskey)=([^\s;&\"']+)"
_ASSIGNED = r"""([A-Za-z_][\w.-]*)(["']?\]?\s*[=:]\s*[bru]?)(["'])((?:\\.|(?!\3).)+)\3"""


# -- by rule -------------------------------------------------------------------------------------------


def is_secret_name(name: str) -> bool:
    """Whether something of this name is a secret by our rule (whole words) and by ``SETTINGS.SECRETS``."""
    return names_secret(name, *_names())


def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(SETTINGS.SECRETS.NAMES), tuple(SETTINGS.SECRETS.HARMLESS)


def _is_masked(name: str) -> bool:
    return bool(SETTINGS.SECRETS.MASK) and is_secret_name(name)


def masked_url(url: str) -> str:
    """``url``, or a text with URLs in it, without what gives access.

    Passwords, the whole user part of http(s) URLs (it may be a token), secret query values and what follows the
    address of a chat's webhook become ``***``; so does ``password=...`` in the text that opens a database. The user
    of ``ssh://git@host/path`` stays.
    """
    return _masked_url(url) if SETTINGS.SECRETS.MASK else url


def _masked_url(url: str) -> str:
    if "://" in url:
        url = re.sub(_USER_PART, rf"\1{MASK}@", url)
        url = re.sub(_LOGIN, rf"\1:{MASK}@", url)
        url = re.sub(_PARAMETER, _masked_parameter, url)
        url = re.sub(_HOOK, rf"\1{MASK}", url)
    return re.sub(_IN_TEXT, rf"\1\2={MASK}", url) if "=" in url else url


def stripped_url(url: str) -> str:
    """``url`` with nothing left of what :func:`masked_url` masks in its user part, so that it can be cloned from."""
    return _masked_url(url).replace(f":{MASK}@", "@").replace(f"{MASK}@", "")


def masked_text(text: str) -> str:
    """A text of ours, or a ``repr``: access data in URLs, and what is quoted behind a secret name, is masked."""
    text = masked_url(text)
    if SETTINGS.SECRETS.MASK and ("'" in text or '"' in text):
        return re.sub(_ASSIGNED, _masked_assignment, text)
    return text


def masked(value: Any, name: str = "") -> Any:
    """A copy of a value in which secrets are ``***``, as far as names, URLs and this process's environment tell.

    Args:
        value: anything; containers, data classes and named tuples are looked into.
        name: of the entry that has the value.
    """
    return of_process().masked(value, name=name)


def masked_mapping(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which string values of secret names are ``***`` and URLs are masked; other values stay."""
    return Secrets().shown(mapping)


def _masked_parameter(match: Any) -> str:
    mark, name, value = match.groups()
    return f"{mark}{name}={MASK if name.lower() in _PARAMETERS or is_secret_name(name) else value}"


def _masked_assignment(match: Any) -> str:
    name, between, quote, _ = match.groups()
    return f"{name}{between}{quote}{MASK}{quote}" if is_secret_name(name) else match[0]


# -- by what is known ----------------------------------------------------------------------------------


class Secrets:
    """The secrets of one run, and how to hide them. It learns: what a name tells is hidden under other names, too.

    Args:
        environment: variables whose names may tell secrets.

    Attributes:
        known: secrets that are looked for, longest first.
    """

    def __init__(self, environment: Mapping[str, str] = {}) -> None:
        self.known: tuple[str, ...] = ()
        self.learn(secret_values(tuple(environment.items()), *_names()) if environment else ())

    def learn(self, texts: Iterable[str]) -> None:
        """Take in secrets; those that are too short to be told from other text are not looked for."""
        found = {form for text in texts for form in _forms(text) if len(form) >= _SHORTEST}
        if not found.issubset(self.known):
            self.known = tuple(sorted({*self.known, *found}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """A text of ours without secrets; see :func:`masked_text`."""
        for secret in self.known:
            if secret in text:
                text = _without(text, secret)
        return masked_text(text)

    def masked(self, value: Any, name: str = "", paths: list[str] | None = None) -> Any:
        """A copy of a value in which :class:`~expkit.record.tagged.Masked` stands for secrets.

        Strings of secret names, strings in what has a secret name, :class:`Secret` and access data in URLs are masked,
        as are known secrets wherever they stand. Numbers, bools and None stay.

        Args:
            value: anything; containers, data classes and named tuples are looked into.
            name: of the entry that has the value.
            paths: gets the dotted paths of what is masked.
        """
        known = None
        while known is not self.known:  # what is learnt on the way may stand before the place where it is learnt
            known = self.known
            walk = _Walk(self)
            result = walk(value, _is_masked(name))
            self.learn(walk.found)
        if paths is not None:
            paths += walk.paths
        return result

    def shown(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts in which plain ``***`` stands for secrets: nobody starts from them, and every tool can read them."""
        walk = _Walk(self, str)
        shown: dict[str, Any] = walk(self.masked(facts))
        return shown

    def event(self, event: Event) -> Event:
        """The event as it may be told."""
        fields = {name: value for name, value in vars(event).items() if name in _HIDERS and value is not None}
        return event.but(**{name: _HIDERS[name](self, value) for name, value in fields.items()}) if fields else event

    def are_in(self, source: Path | bytes) -> bool:
        """Whether a file, or its first 10 MB, has a secret in it that cannot stand there by chance."""
        known = [secret.encode("utf-8", "surrogatepass") for secret in self.known if _is_unmistakable(secret)]
        if not known:
            return False
        if not isinstance(source, bytes):
            with open(source, "rb") as file:
                source = file.read(_LOOKED_INTO)
        return any(secret in source for secret in known)

    def arguments(self, arguments: Sequence[str], said: Mapping[str, str] = {}) -> tuple[str, ...]:
        """A command line without secrets.

        Args:
            arguments: as typed; a known secret is masked wherever it stands, also in ``-zVALUE``.
            said: what to show for some of them.
        """
        return tuple(self._argument(said.get(argument, argument)) for argument in arguments)

    def _argument(self, argument: str) -> str:
        for secret in self.known:
            argument = argument.replace(secret, MASK)
        name, equals, value = argument.partition("=")
        is_secret = bool(equals and value) and _is_masked(name)
        return f"{name}={MASK}" if is_secret else masked_url(argument)

    def sure(self, text: str) -> str:
        """A user's value without secrets that cannot stand there by chance, as a password ``postgres`` could."""
        for secret in self.known:
            if secret in text and _is_unmistakable(secret):
                text = _without(text, secret)
        return masked_url(text)


def _hide_all(secrets: Secrets, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(secrets.hide, texts))


_HIDERS: dict[str, Callable[[Secrets, Any], Any]] = {
    "info": Secrets.masked,
    "result": Secrets.masked,
    "host": Secrets.shown,
    "experiment": Secrets.shown,
    "file": lambda secrets, file: file.but(metadata=secrets.shown(file.metadata)) if file.metadata else file,
    "gaps": _hide_all,
    "unseen": _hide_all,
    "fail_trace": _hide_all,
    "cause": Secrets.hide,
}
"""What events hold that may hold secrets."""


def _forms(text: str) -> Iterator[str]:
    """How a secret may be written: as it is, in a literal, in a URL; line by line."""
    yield text
    if not text.isalnum():
        yield repr(text)[1:-1]
        yield "".join(sign if sign.isalnum() or sign in "-._~" else _percent(sign) for sign in text)
        lines = text.splitlines()
        yield from (line for line in lines if len(lines) > 1 and len(line) > _LONG)


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def _without(text: str, secret: str) -> str:
    if len(secret) >= _LONG:
        return text.replace(secret, MASK)
    return re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", MASK, text)  # not within a longer word


def _is_unmistakable(secret: str) -> bool:
    return len(secret) >= _LONG or not (secret.isalpha() and secret.islower())


class _Walk:
    """One look at a value, all the way down.

    Attributes:
        paths: where something was masked.
        found: what was masked as a whole.
    """

    def __init__(self, secrets: Secrets, mark: type[str] = Masked) -> None:
        self.paths: list[str] = []
        self.found: list[str] = []
        self._secrets = secrets
        self._mark = mark
        self._above: list[tuple[Any] | int] = []
        self._on, (self._names, self._harmless) = SETTINGS.SECRETS.MASK, _names()
        self._done: dict[tuple[int, bool], tuple[Any, Any]] = {}  # with the value: while it lives, its id is its own

    def __call__(self, value: Any, secret: bool = False) -> Any:
        kind = type(value)
        if kind in _NUMBERS:
            return value
        if kind is str:
            return self._text(value, secret)
        write = _WRITERS.get(kind) or _writer_for(kind)
        if write is None:
            return value
        try:
            return write(self, value, secret)
        except RAISED as error:
            tolerate(error)
            return value

    def mask(self, shown: str = MASK) -> str:
        self.paths.append("".join(map(_step, self._above)).removeprefix("."))
        return self._mark(shown)

    def text(self, value: str, secret: bool) -> str:
        """A string of a subclass, such as a member of an enum; it stays what it is where there is nothing to mask."""
        plain = str.__str__(value)
        shown = self._text(plain, secret)
        return value if shown is plain else shown

    def _text(self, text: str, secret: bool) -> str:
        if secret and text and text != MASK:
            self.found.append(text)
            return self.mask()
        if not self._secrets.known and "=" not in text and "://" not in text:
            return text
        shown = self._secrets.sure(text)
        return text if shown == text else self.mask(shown)

    def at(self, place: tuple[Any] | int, value: Any, secret: bool) -> Any:
        self._above.append(place)
        try:
            return self(value, secret)
        finally:
            self._above.pop()

    def entries(self, value: Any, secret: bool) -> dict[Any, Any]:
        key = id(value), secret
        if key not in self._done:
            made: dict[Any, Any] = {}
            self._done[key] = value, made  # before it is filled: it may hold itself
            for name, item in dict.items(value):
                made[name] = item if type(item) in _NUMBERS else self.at((name,), item, secret or self._is_secret(name))
        return self._done[key][1]  # type: ignore[no-any-return]

    def items(self, value: Any, secret: bool) -> list[Any]:
        key = id(value), secret
        if key not in self._done:
            made: list[Any] = []
            self._done[key] = value, made
            made += self.each(list.__iter__(value), secret)
        return self._done[key][1]  # type: ignore[no-any-return]

    def each(self, items: Iterable[Any], secret: bool) -> Iterator[Any]:
        for index, item in enumerate(items):
            yield item if type(item) in _NUMBERS else self.at(index, item, secret)

    def _is_secret(self, name: Any) -> bool:
        return self._on and type(name) is str and names_secret(name, self._names, self._harmless)

    def tuple(self, value: Any, secret: bool) -> Any:
        names = getattr(type(value), "_fields", None)
        fields = None if names is None else self.entries(dict(zip(names, value, strict=True)), secret)
        return tuple(self.each(value, secret)) if fields is None else tuple.__new__(type(value), fields.values())

    def set(self, value: Any, secret: bool) -> Any:
        return type(value)([self(item, secret) for item in value])

    def dataclass(self, value: Any, secret: bool) -> Any:
        from dataclasses import fields as fields_of

        fields = {each.name: getattr(value, each.name) for each in fields_of(value) if hasattr(value, each.name)}
        shown = self.entries(fields, secret)
        if all(shown[name] is item for name, item in fields.items()):
            return value
        made = object.__new__(type(value))
        for name, item in shown.items():
            object.__setattr__(made, name, item)
        return made

    def secret(self, value: Secret, _: bool) -> str:
        self.found.append(value.reveal())
        return self.mask()

    def bytes(self, value: bytes, secret: bool) -> Any:
        return self._text(value.decode(errors="replace"), True) if secret and value else value

    def masked(self, value: Masked, _: bool) -> str:
        return self.mask(str(value))

    def keeper(self, value: Any, _: bool) -> str:
        text = value.get_secret_value()
        self.found.append(text if isinstance(text, str) else "")
        return self.mask()


def _step(place: tuple[Any] | int) -> str:
    key = place if isinstance(place, int) else place[0]
    return f".{quoted(key)}" if isinstance(key, str) else f"[{key!r}]"


_WRITERS: dict[type, Callable[[_Walk, Any, bool], Any]] = {
    dict: _Walk.entries,
    list: _Walk.items,
    tuple: _Walk.tuple,
    set: _Walk.set,
    frozenset: _Walk.set,
    bytes: _Walk.bytes,
    Secret: _Walk.secret,
    Masked: _Walk.masked,
}


def _writer_for(kind: type) -> Callable[[_Walk, Any, bool], Any] | None:
    """How to look into a value of a kind that is not plain; None where nothing is to be seen."""
    if hasattr(kind, "__dataclass_fields__"):
        return _Walk.dataclass
    if hasattr(kind, "get_secret_value"):  # pydantic's
        return _Walk.keeper
    if issubclass(kind, str):
        return _Walk.text
    return next((_WRITERS[base] for base in (dict, list, tuple) if issubclass(kind, base)), None)


def of_process() -> Secrets:
    """The secrets that this process's environment tells by name."""
    return Secrets(os.environ if SETTINGS.SECRETS.MASK else {})
