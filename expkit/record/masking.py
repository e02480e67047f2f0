"""Secrets leave this process as ``***`` only.

In the user's process every value stays what it is. What is recorded, told to observers or printed by expkit goes through
:class:`Secrets` (which knows the secrets of one run) or through one of the functions here.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from expkit._support.secrets import MASK, may_hold_access, names_secret, secret_ones
from expkit.record.masking_walk import Walk, secret_names
from expkit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from expkit.record.events import Event
    from expkit.record.model import FileRef

_SHORTEST = 6  # a shorter text may stand anywhere by chance
_LONG = 12
_SMALL = 100_000  # bytes
_KEY = b"PRIVATE KEY-----"
_LOOKED_INTO = 10_000_000  # bytes


# -- by rule -------------------------------------------------------------------------------------------


def is_secret_name(name: str) -> bool:
    """Whether something of this name is a secret by our rule (whole words) and by ``SETTINGS.SECRETS``."""
    return names_secret(name, *secret_names())


def _is_masked(name: str) -> bool:
    return bool(SETTINGS.SECRETS.MASK) and is_secret_name(name)


def masked_url(url: str) -> str:
    """``url``, or a text with URLs in it, without what gives access.

    Passwords, the whole user part of http(s) URLs (it may be a token), secret query values and what follows the
    address of a chat's webhook become ``***``; so do ``password=...`` in the text that opens a database, what stands
    behind secret names, and tokens of well-known looks (:mod:`expkit._support.secret_texts`). The user of
    ``ssh://git@host/path`` stays.
    """
    return _masked_url(url) if may_hold_access(url) and SETTINGS.SECRETS.MASK else url


def _masked_url(url: str) -> str:
    if not may_hold_access(url):
        return url
    from expkit._support.secret_texts import without_access

    return without_access(url, is_secret_name)


def stripped_url(url: str) -> str:
    """``url`` with nothing left of what :func:`masked_url` masks in its user part, so that it can be cloned from."""
    return _masked_url(url).replace(f":{MASK}@", "@").replace(f"{MASK}@", "")


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
        if environment:
            names = secret_ones(tuple(environment), *secret_names())
            self.learn(environment.get(name, "") for name in names)

    def learn(self, texts: Iterable[str]) -> None:
        """Take in secrets; those that are too short to be told from other text are not looked for."""
        found = {form for text in texts for form in _forms(text) if len(form) >= _SHORTEST}
        if not found.issubset(self.known):
            self.known = tuple(sorted({*self.known, *found}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """A text of ours without secrets; see :func:`masked_url`."""
        for secret in self.known:
            if secret in text:
                text = _without(text, secret)
        return masked_url(text)

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
            walk = Walk(self)
            result = walk(value, _is_masked(name))
            self.learn(walk.found)
        if paths is not None:
            paths += walk.paths
        return result

    def shown(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts in which plain ``***`` stands for secrets: nobody starts from them, and every tool can read them."""
        paths: list[str] = []
        shown: dict[str, Any] = self.masked(facts, paths=paths)
        return Walk(self, str)(shown) if paths else shown

    def event(self, event: Event) -> Event:
        """The event as it may be told."""
        fields = {name: value for name, value in vars(event).items() if name in _HIDERS and value is not None}
        return event.but(**{name: _HIDERS[name](self, value) for name, value in fields.items()}) if fields else event

    def are_in(self, source: Path | bytes) -> bool:
        """Whether a file, or its first 10 MB, has a secret in it that cannot stand there by chance, or a private key.

        Where no secret is known, only small files are looked into.
        """
        known = [secret.encode("utf-8", "surrogatepass") for secret in self.known if _is_unmistakable(secret)]
        if not known and (isinstance(source, bytes) or not SETTINGS.SECRETS.MASK or source.stat().st_size > _SMALL):
            return False
        if not isinstance(source, bytes):
            with open(source, "rb") as file:
                source = file.read(_LOOKED_INTO)
        return any(secret in source for secret in known) or _KEY in source[:_SMALL]

    def arguments(self, arguments: Sequence[str], said: Mapping[str, str] = {}) -> tuple[str, ...]:
        """A command line without secrets.

        Args:
            arguments: as typed. What stands behind a secret name is masked: ``--password X``, ``password=X``; so is a
                known secret, also in ``-zVALUE``; by chance, one like ``postgres`` may stand anywhere but behind an
                option.
            said: what to show for some of them.
        """
        before = ("", *arguments)
        return tuple(self._argument(said.get(one, one), option) for option, one in zip(before, arguments, strict=False))

    def _argument(self, argument: str, option: str) -> str:
        if option.startswith("-") and (argument in self.known or takes_secret(option, argument)):
            return MASK
        if argument[:1] == "-" and argument[1:2].isalpha() and argument[2:] in self.known:
            return argument[:2] + MASK
        name, equals, value = argument.partition("=")
        if equals and value and (_is_masked(name) or (name.startswith("-") and value in self.known)):
            return f"{name}={MASK}"
        return self.sure(argument)

    def sure(self, text: str) -> str:
        """A user's value without secrets that cannot stand there by chance, as a password ``postgres`` could."""
        for secret in self.known:
            if secret in text and _is_unmistakable(secret):
                text = _without(text, secret)
        return masked_url(text)

    def naming(self, log_point: Callable[..., None]) -> Callable[..., None]:
        """What adds points to metrics, whose names are hidden; the same, where there is nothing to hide."""
        if not self.known:
            return log_point
        names: dict[Any, Any] = {}

        def log_hidden(name: Any, value: Any, step: Any = None) -> None:
            if name not in names:
                names[name] = self.sure(name) if type(name) is str else name
            log_point(names[name], value, step)

        return log_hidden

    def file(self, ref: FileRef) -> FileRef:
        """What may be told of a file."""
        path = self.sure(ref.path)
        if path == ref.path and not ref.metadata:
            return ref
        return ref.but(path=path, metadata=self.shown(ref.metadata))


def takes_secret(option: str, argument: str) -> bool:
    """Whether an argument is what a long option of a secret name asks for: the ``X`` of ``--password X``."""
    is_value = not argument.startswith("-") and argument != "with"
    return is_value and option.startswith("--") and "=" not in option and _is_masked(option)


def _hide_all(secrets: Secrets, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(secrets.hide, texts))


_HIDERS: dict[str, Callable[[Secrets, Any], Any]] = {
    "info": Secrets.masked,
    "result": Secrets.masked,
    "host": Secrets.shown,
    "experiment": Secrets.shown,
    "file": Secrets.file,
    "files": lambda secrets, files: tuple(map(secrets.file, files)),
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
    """The text without a secret; short ones, words and numbers are not looked for within longer words."""
    if len(secret) >= _LONG and not secret.isalpha() and not secret.isdigit():
        return text.replace(secret, MASK)
    return re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", MASK, text)


def _is_unmistakable(secret: str) -> bool:
    """Whether it is no plain word, number or date."""
    if len(secret) >= _LONG:
        return True
    is_word = secret.isalpha() and (secret.islower() or secret.isupper() or secret.istitle())
    return not is_word and any(map(str.isalpha, secret))


def of_process() -> Secrets:
    """The secrets that this process's environment tells by name."""
    return Secrets(os.environ if SETTINGS.SECRETS.MASK else {})


_OF_RUNS: WeakSet[Secrets] = WeakSet()


def remember(secrets: Secrets) -> None:
    """Hide these in what is written of objects, as long as somebody has them."""
    _OF_RUNS.add(secrets)


def of_runs() -> Secrets:
    """What the runs of this process know together."""
    known = Secrets()
    known.learn(secret for secrets in list(_OF_RUNS) for secret in secrets.known)
    return known
