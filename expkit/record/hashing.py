"""What makes two configs the same config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from expkit._support.digests import sha256_of
from expkit.record.tagged import TAG, kind_of

if TYPE_CHECKING:
    from expkit.types import Json

_UNHASHED = {
    "ref": {"place"},  # a lambda that moved is the same lambda
    "array": {"value", "npy", "sha256"},
    "frame": {"csv", "sha256"},
}


def config_hashes(tree: Json) -> tuple[str, str]:
    """The sha256 hex digests of a config: as it is, and without its top-level entry ``seed``.

    The canonical form that is hashed is the encoded tree (:func:`expkit.record.codec.encode`) as UTF-8 text of strict
    JSON: dict keys in order of their code points, separators ``,`` and ``:`` without blanks, everything beyond ASCII
    escaped, floats as Python's shortest ``repr``, ints in decimal (so ``1`` and ``1.0`` differ). In
    tagged values, besides:

    * the pairs of a ``dict`` are sorted by the canonical text of their keys (sets are sorted already);
    * an ``array`` or ``frame`` with more than 1,000 elements is represented by type, shape and the
      sha256 of its bytes as ``blob``, whether these lie beside the tree or in it;
    * the ``place`` of a ``ref`` is left out.
    """
    if not isinstance(tree, dict) or TAG in tree:
        return _digest(canonical(tree)), _digest(canonical(tree))
    parts = {key: f"{_dumps(key)}:{canonical(tree[key])}" for key in sorted(tree)}
    whole = ",".join(parts.values())
    parts.pop("seed", None)
    return _digest(f"{{{whole}}}"), _digest(f"{{{','.join(parts.values())}}}")


def canonical(tree: Json) -> str:
    """The canonical text of a tree; see :func:`config_hashes`."""
    text = _dumps(tree)
    return _dumps(_canonical(tree)) if TAG in text else text


def _dumps(tree: Json) -> str:
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(text: str) -> str:
    return sha256_of(text.encode())


def _canonical(tree: Json) -> Json:
    if isinstance(tree, list):
        return [_canonical(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tree = _stripped(tree)
    clean = {key: _canonical(item) for key, item in tree.items()}
    if kind_of(clean) == "dict" and isinstance(clean["value"], list):
        clean["value"].sort(key=lambda pair: canonical(pair[:1]))
    return clean


def _stripped(tree: dict[str, Json]) -> dict[str, Json]:
    """The tree without what does not count."""
    kind = kind_of(tree)
    blob = tree.get("blob", tree.get("sha256"))
    if kind not in _UNHASHED or (kind != "ref" and blob is None):
        return tree
    left = {key: item for key, item in tree.items() if key not in _UNHASHED[kind]}
    return left if kind == "ref" else {**left, "blob": blob}
