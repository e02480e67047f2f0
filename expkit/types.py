"""Names for types that several rooms share."""

from __future__ import annotations

from typing import Any, Union

RunId = Union[int, str]
"""The short id of a run in one store: text in folders, a number in databases."""

Json = Any
"""A JSON tree: None, bool, int, finite float, str, lists and dicts with string keys of these."""
