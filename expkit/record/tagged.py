"""The tag form of values that plain JSON cannot say, and what can be told from a tree without decoding it.

A tagged value is a dict ``{"!expkit": kind, ...}``. A user's dict that has such a key itself is written as pairs, so a
tag is never the user's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expkit._support.odd import is_a
from expkit._support.secrets import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from expkit.record.model import Annotation, RunRecord
    from expkit.types import Json

    PutBytes: TypeAlias = Callable[[bytes, str], str]
    """Keeps bytes (and is told the suffix of their kind of file); returns their sha256."""
    GetBytes: TypeAlias = Callable[[str], bytes]
    """The bytes of a sha256."""

TAG = "!expkit"


def tagged(kind: str, **fields: Json) -> dict[str, Json]:
    """A tagged value of this kind."""
    return {TAG: kind, **fields}


def kind_of(tree: Json) -> str | None:
    """The kind of a tagged value; None for plain JSON."""
    return tree.get(TAG) if type(tree) is dict else None


class Opaque:
    """Stands for a value that cannot be restored: readable, and writable again without loss.

    Attributes:
        tree: the value as it was recorded.
    """

    __slots__ = ("tree",)

    def __init__(self, tree: dict[str, Json]) -> None:
        self.tree = tree

    @property
    def type_name(self) -> str:
        """``module:qualname`` of what the value was, as far as it is known."""
        return str(self.tree.get("type") or self.tree.get("name") or self.tree.get(TAG))

    @property
    def repr(self) -> str:
        """What the value looked like."""
        if "repr" in self.tree:
            return str(self.tree["repr"])
        fields = {key: field for key, field in self.tree.items() if key not in {TAG, "type"}}
        return " ".join([str(self.tree[key]) for key in (TAG, "type") if key in self.tree] + [str(fields)])

    def __repr__(self) -> str:
        return f"<not restorable: {self.repr}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and other.tree == self.tree

    def __hash__(self) -> int:
        return hash(self.type_name)


class Masked(str):
    """The text that stands where a secret stood: ``***``, or a URL without what gives access.

    Nobody can tell what it was, and starting a run from it is refused until it is given again.
    """

    __slots__ = ()

    @property
    def tree(self) -> dict[str, Json]:
        """The tag form: told apart from a text that happens to be ``***``."""
        return tagged("masked") if self == MASK else tagged("masked", value=str.__str__(self))

    def __repr__(self) -> str:
        return str.__str__(self)


class Encoded:
    """A value that is encoded already, on its way through something that encodes values."""

    __slots__ = ("tree",)

    def __init__(self, tree: Json) -> None:
        self.tree = tree

    def __repr__(self) -> str:
        return f"Encoded({self.tree!r})"

    def __bool__(self) -> bool:
        return bool(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Encoded) and other.tree == self.tree

    __hash__ = None  # type: ignore[assignment]


def opaque_paths(value: Any, path: str = "", kinds: tuple[type, ...] = (Opaque, Masked)) -> list[str]:
    """Dotted paths of what cannot be restored in a decoded value; keys that need it are quoted.

    Args:
        value: what :func:`~expkit.record.codec.decode` gave.
        path: of the value.
        kinds: what is looked for: values of no known kind, and masked ones.
    """
    tails = _opaque_tails(value, kinds)
    return [path + tail if path else tail.removeprefix(".") for tail in tails]


def _opaque_tails(value: Any, kinds: tuple[type, ...]) -> list[str]:
    if is_a(value, kinds):
        return [""]
    nested = (dict, list, tuple, *kinds)
    if is_a(value, dict):
        items = ((key, item) for key, item in value.items() if is_a(item, nested))
        return [f".{quoted(key)}{tail}" for key, item in items for tail in _opaque_tails(item, kinds)]
    if is_a(value, (list, tuple)):
        inner = ((number, item) for number, item in enumerate(value) if is_a(item, nested))
        return [f"[{number}]{tail}" for number, item in inner for tail in _opaque_tails(item, kinds)]
    return []


def quoted(key: Any) -> str:
    """A key as it stands in a path."""
    text = str(key)
    return text if text and not set(text) & set(".[]\"'= ") else f'"{text}"'


def blobs_of(tree: Json) -> set[str]:
    """The sha256 of all bytes that the tree keeps beside it: large arrays and frames, files that were added later."""
    found: set[str] = set()
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if kind_of(node) in {"array", "frame", "file"} and isinstance(node.get("blob"), str):
                found.add(node["blob"])
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return found


def record_blobs(record: RunRecord) -> set[str]:
    """The sha256 of all bytes that a record names: kept files, arrays and frames."""
    kept = {ref.sha256 for ref in record.files if ref.kept and ref.sha256}
    trees = (record.config, record.info, record.result, record.host, record.experiment, record.meta)
    return kept.union(*map(blobs_of, trees), *(blobs_of(ref.metadata) for ref in record.files if ref.metadata))


def run_blobs(record: RunRecord, annotations: Iterable[Annotation]) -> set[str]:
    """The sha256 of all bytes that a run names, in its record or in what was said later."""
    return record_blobs(record).union(*(blobs_of(annotation.value) for annotation in annotations))


def is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: it has no lone surrogates."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def name_of(thing: Any) -> str:
    """``module:qualname`` of a class, function or module; never raises."""
    module = getattr(thing, "__module__", None) or ""
    qualname = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__qualname__
    return f"{module}:{qualname}" if module else str(qualname)


def find_loaded(name: Json) -> object:
    """What ``module:qualname`` names, if that module is loaded; else None.

    Nothing is imported and no user code runs: only namespaces are looked up.
    """
    module, _, qualname = name.partition(":") if isinstance(name, str) else ("", "", "")
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found
