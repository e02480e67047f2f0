"""Annotations in modules that evaluate them at once."""

from typing import Literal


def test_annotations_use_the_closure(given, refused):
    """Names of the surrounding function can be used."""
    Local = Literal["x", "y"]

    def config():
        kind: Local = "x"

    assert given(config, words=["kind=y"]) == {"kind": "y"}
    assert "kind=z (command line) does not fit kind: Local" in refused(config, words=["kind=z"])
