"""What is secret, told by its name, and :class:`Secret`, a value that says so itself."""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
"""What stands where a secret stood."""

_STEMS = (
    "pass", "pw", "pswd", "secret", "token", "key", "cred", "auth", "bearer", "cookie", "webhook", "jwt", "dsn",
    "b_pat", "b-pat", "bpat", "connection",
)  # fmt: skip
"""Every secret name holds one of these; looked for first, because most names hold none."""
_SIGHTS = (
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "hf_",
    "sk-",
    "xox",
    "eyJ",
    "earer ",
)
"""What access data of well-known services begins with."""

_SHORTEST_TOKEN = 16

_WORDS = frozenset((
    "apikeys", "auth", "authorization", "bearer", "cookie", "cookies", "credential", "credentials", "creds", "dsn",
    "jwt", "passphrase", "passw", "passwd", "password", "passwords", "pswd", "pwd", "secret", "secrets", "token",
    "userpass", "webhook", "webhooks",
))  # fmt: skip
_ENDINGS = (
    "password", "passwd", "passphrase", "apikey", "accesskey", "authkey", "privatekey", "secretkey", "accesstoken",
    "apitoken", "authtoken", "clientsecret",
)  # fmt: skip
_ALONE = frozenset(("pass", "pw", "tokens"))
"""Secret as the whole name; ``forward_pass``, ``pw_conv`` and ``input_tokens`` are something else."""
_SERVICES = (
    "anthropic aws azure cohere comet gcp gitlab github google hf huggingface mistral neptune openai replicate service "
    "slack stripe wandb"
)
_PAIRS = frozenset(
    f"{kind} {what}"
    for what, kinds in {
        "key": f"access account api auth encryption license master private shared signing ssh {_SERVICES}",
        "keys": f"access account api auth encryption license private signing ssh {_SERVICES}",
        "tokens": f"access api auth refresh session user {_SERVICES}",
        "pat": "github gitlab",
        "string": "connection",
        "pw": "admin my db email ftp http login mail mysql proxy redis root smtp ssh user",
        "pass": "admin db email ftp http login mail mysql proxy redis root smtp ssh user",
    }.items()
    for kind in kinds.split()
)

_ABOUT = frozenset((
    "age", "algorithm", "count", "counts", "dir", "directory", "enabled", "env", "expires", "expiry", "field", "file",
    "filename", "folder", "format", "kind", "len", "length", "lengths", "limit", "manager", "name", "names", "path",
    "policy", "provider", "required", "rotation", "scheme", "size", "sizes", "strength", "ttl", "type", "types", "var",
    "variable",
))  # fmt: skip
"""Behind a secret word these speak about the secret, and are none: ``token_count``, ``password_file``."""
_ABOUT_TOKENS = frozenset((
    "budget", "class", "classification", "dim", "dims", "drop", "dropout", "embedding", "embeddings", "endpoint",
    "header", "id", "ids", "index", "level", "masking", "merging", "mixer", "mixing", "pooling", "position", "pruning",
    "rate", "ratio", "uri", "url", "usage",
))  # fmt: skip
_ABOUT_AUTH = frozenset((
    "backend", "class", "domain", "endpoint", "flow", "host", "method", "mode", "port", "server", "timeout", "uri", "url",
    "user", "username",
))  # fmt: skip
_TEXT_TOKENS = frozenset((
    "additional", "audio", "begin", "beginning", "bos", "class", "cls", "end", "eos", "first", "image", "last", "mask",
    "new", "next", "pad", "padding", "per", "prompt", "sep", "separator", "sos", "special",
    "start", "stop", "unk", "unknown", "video",
))  # fmt: skip
"""Before ``token`` these make it a piece of text: ``eos_token``."""
_COUNTING = frozenset(("max", "min", "n", "num", "number"))
_PLACES = frozenset(("PWD", "OLDPWD"))
"""Variables of every shell: working directories."""


class Secret:
    """A text that is shown as ``***`` wherever it is printed or recorded; :meth:`reveal` gives it.

    Captured functions get the object. An update of an entry whose config gives a ``Secret`` is one as well.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str | Secret) -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else str(text)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    get_secret_value = reveal
    """The name that pydantic gives it."""

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._text,)


@lru_cache(maxsize=4096)
def names_secret(name: str, names: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> bool:
    """Whether something of this name is a secret, judged by whole words, however they are written.

    ``api_key``, ``--db-password`` and ``githubToken`` are; ``tokenizer``, ``max_tokens``, ``key_size``,
    ``token_count`` and ``eos_token`` are not.

    Args:
        name: of an entry, an option, a variable.
        names: further secret names, of one word or several.
        harmless: names that are no secrets; they win.
    """
    if not names and not any(stem in name.lower() for stem in _STEMS):
        return False
    words = list(words_of(name))
    if name in _PLACES or any(_holds(words, other) for other in harmless):
        return False
    if any(_holds(words, other) for other in names) or (len(words) == 1 and words[0] in _ALONE):
        return True
    return any(_is_secret(words, at) for at in range(len(words)))


def may_hold_access(text: str) -> bool:
    """Whether a text is worth a close look, see :mod:`expkit._support.secret_texts`: most are not, and this is quick."""
    if "//" in text:
        return True
    if len(text) >= _SHORTEST_TOKEN and any(sight in text for sight in _SIGHTS):
        return True
    if "=" not in text and ":" not in text and "--" not in text:
        return False
    folded = text.lower()
    return any(stem in folded for stem in _STEMS) or "curl" in folded or "PRIVATE KEY" in text


@lru_cache(maxsize=4)  # an environment seldom changes between two runs
def secret_ones(found: tuple[str, ...], names: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> list[str]:
    """The secret ones of many names; see :func:`names_secret`."""
    return [name for name in found if names_secret(name, names, harmless)]


def words_of(name: str) -> Iterator[str]:
    """The words of a name in lower case: ``api`` and ``key`` of ``APIKey``, ``api_key``, ``--api-key`` and ``api_key2``."""
    word = ""
    for at, sign in enumerate(name):
        after = name[at + 1 : at + 2]
        starts = sign.isupper() and word and (not word[-1].isupper() or after.islower())
        if starts or not sign.isalnum():
            if word:
                yield _bare(word)
            word = ""
        word += sign if sign.isalnum() else ""
    if word:
        yield _bare(word)


def _bare(word: str) -> str:
    return word.rstrip("0123456789").lower() or word


def _holds(words: list[str], other: str) -> bool:
    return f" {' '.join(words_of(other))} " in f" {' '.join(words)} "


def _is_secret(words: list[str], at: int) -> bool:
    """Whether the word at this place, with the one before it, names a secret, and the next does not speak about it."""
    word, before = words[at], words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if before in _COUNTING or (word == "token" and (before in _TEXT_TOKENS or after in _ABOUT_TOKENS)):
        return False
    if word == "auth" and after in _ABOUT_AUTH:
        return False
    named = word in _WORDS or f"{before} {word}" in _PAIRS or word.endswith(_ENDINGS)
    return named and after not in _ABOUT
