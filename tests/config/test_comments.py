"""What comments say about entries."""

from __future__ import annotations

import pytest

from expkit.config.scope import ConfigScope
from expkit.config.summary import SEED_DOC
from expkit.settings import SETTINGS


# fmt: off
@ConfigScope
def documented():
    """Docstring."""  # not a doc of anything
    # above a
    a = 1
    b = 2  # behind b

    # above c, with an empty line between

    c = 3

    # not the doc of d
    e = 4
    d = 5
    f = 6  # noqa: E501
    # above g
    g = 7  # type: ignore
    # pylint: disable=all
    h = 8
    # far away from i
    # pylint: disable=all
    i = 9
    x, (y, *z) = 1, (2, 3)  # three at once
    k = l = 10  # two in a chain
    m = 11; n = 12  # two in a line
    o: int = 13  # annotated
    p: int  # without a value
    if a:
        # inside a block
        q = 14
        for r in range(2):  # not the doc of r
            s = r  # deeper
    elif b:
        q = 15  # second assignment
    t = "# no comment"
    u = "x"  # behind "u"  # with a second sign
    aa = [  # behind the opening bracket
        1,  # of an element
        2,
    ]
    bb = [
        1,  # of an element
    ]  # behind the closing bracket
    # above cc
    cc = [1,  # of an element
          2]
    # above dd
    dd = {
        "x": 1,  # behind x
        # above y
        "y": {
            "deep": 2,  # behind deep
        },
        "z": "# no comment",
        "w": 3,  # noqa
        f"not {a}": 4,  # of a computed key
        "a.b": 5,  # of an awkward key
    }
    ee = dict(
        lr=0.1,  # behind lr
        steps=3,
    )
    ff = """
    # not a comment"""
    gg = 1
    a = 16  # second doc of a
    _private = 17  # of a private name
    import math  # of an import
    größe = "straße"; hh = 1  # after two bytes per letter
    #
    ii = 1
    #: in Sphinx's manner
    jj = 1
    e += 1  # augmented
    with open(__file__) as handle: ll = 1  # in the line of a block
    if a: mm = {  # behind a bracket in such a line
        "x": 1,  # behind x there
    }
    nn = {
        "x": 1,  # behind nn.x
    }; oo = [
        2]
    return
# fmt: on


def test_docs_of_entries():
    """Each entry has the comment that a reader would take for its own, and no other."""
    assert documented().docs == {
        "seed": SEED_DOC,
        "a": "above a",
        "b": "behind b",
        "c": "above c, with an empty line between",
        "e": "not the doc of d",
        "g": "above g",
        "x": "three at once",
        "y": "three at once",
        "z": "three at once",
        "k": "two in a chain",
        "l": "two in a chain",
        "m": "two in a line",
        "n": "two in a line",
        "o": "annotated",
        "p": "without a value",
        "q": "inside a block",
        "s": "deeper",
        "u": 'behind "u"  # with a second sign',
        "aa": "behind the opening bracket",
        "bb": "behind the closing bracket",
        "cc": "above cc",
        "dd": "above dd",
        "dd.x": "behind x",
        "dd.y": "above y",
        "dd.y.deep": "behind deep",
        'dd."a.b"': "of an awkward key",
        "ee.lr": "behind lr",
        "größe": "after two bytes per letter",
        "hh": "after two bytes per letter",
        "jj": "in Sphinx's manner",
        "ll": "in the line of a block",
        "mm": "behind a bracket in such a line",
        "mm.x": "behind x there",
        "nn.x": "behind nn.x",
    }


def test_ignored_comments_are_a_setting():
    """A change of ``IGNORED_COMMENTS`` counts from then on."""

    @ConfigScope
    def cfg():
        a = 1  # TODO: more

    assert cfg().docs == {"a": "TODO: more", "seed": SEED_DOC}
    before = SETTINGS.CONFIG.IGNORED_COMMENTS
    try:
        SETTINGS.CONFIG.IGNORED_COMMENTS = ["^TODO"]
        assert cfg().docs == {"seed": SEED_DOC}
        SETTINGS.CONFIG.IGNORED_COMMENTS = []
        assert cfg().docs == {"a": "TODO: more", "seed": SEED_DOC}
    finally:
        SETTINGS.CONFIG.IGNORED_COMMENTS = before


@pytest.mark.parametrize("name", ["model.C", "model.inner.x", "kw.lr", "a"])
def test_places_of_nested_entries(name):
    """Keys of dict displays have their own lines."""

    @ConfigScope
    def cfg():
        a = 1
        model = {
            "C": 1,
            "inner": {
                "x": 1,
            },
        }
        kw = dict(
            lr=1,
        )
        a = 2

    lines = {"a": 2, "model.C": 4, "model.inner.x": 6, "kw.lr": 10}
    assert cfg.places[name].line == cfg.func.__code__.co_firstlineno + lines[name]
