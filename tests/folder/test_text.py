"""JSON on disk: strict, readable, exact."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.stores.disk import files, text

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(TREES)
def test_round_trip(tree):
    """What is written is read back exactly, by the standard library too, in either form."""
    assert json.loads(text.pretty(tree)) == tree
    assert text.lines(text.line(tree) + b'{"torn') == ([] if tree is None else [tree])
    assert b"\n" not in text.line(tree)[:-1]


def test_it_is_made_to_be_read():
    """Entries stand on lines of their own, indented; short lists of plain values stay on one line."""
    tree = {"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": [], "f": [{"g": None}], "h": "ü", "i": ["x" * 50] * 2}
    assert text.pretty(tree).decode() == (
        '{\n  "a": {\n    "b": 1,\n    "c": [1, 2]\n  },\n  "d": {},\n  "e": [],\n'
        '  "f": [\n    {\n      "g": null\n    }\n  ],\n  "h": "ü",\n'
        '  "i": [\n    "' + "x" * 50 + '",\n    "' + "x" * 50 + '"\n  ]\n}\n'
    )


def test_undecodable_names_survive():
    """Text with lone surrogates, as file names may have it, is written as valid UTF-8 and read back exactly."""
    tree = {"path": "caf\udce9", "\ud800": 1}
    for data in (text.pretty(tree), text.line(tree)):
        data.decode("utf-8", "strict")
        assert json.loads(data) == tree


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_never_nan(value):
    """NaN and infinities are refused: whoever writes them has to spell them first."""
    for tree in (value, [value], {"a": {"b": value}}):
        with pytest.raises(ValueError, match="JSON"):
            text.pretty(tree)
        with pytest.raises(ValueError, match="JSON"):
            text.line(tree)


def test_lines_that_are_none():
    """Lines that are no JSON are left out, and so is a last one without its end."""
    assert text.lines(b"[1]\nnot json\n\n[2,\n\xff\n[3]\n[4]") == [[1], [3]]


def test_texts_are_remembered():
    """A tree that is written again costs no second encoding, and memory stays bounded."""
    memory = text.Memory()
    trees = [{"number": number} for number in range(100)]
    texts = [memory.text(tree, "\n") for tree in trees]
    assert texts == [text.indented(tree, "\n") for tree in trees]
    assert memory.text(trees[-1], "\n") is texts[-1]
    assert len(memory._texts) < 50


def test_parts_of_files(tmp_path):
    """Any part of a file can be read; what is not there is empty."""
    path = str(tmp_path / "x")
    files.write_at(path, 0, b"hello")
    files.write_at(path, 3, b"p!!")
    assert files.read(path) == b"help!!"
    assert files.read(path, 4) == b"!!"
    assert files.read(path, 1, 3) == b"elp"
    assert files.read(path, 99) == files.read(path, 99, 5) == b""
    assert files.read(path + "/below") == files.read(str(tmp_path / "none")) == b""
    assert files.size_of(path) == 6
    assert files.size_of(str(tmp_path / "none")) == 0
    assert files.entries(str(tmp_path / "none")) == []


def test_reads_that_come_in_pieces(tmp_path, monkeypatch):
    """A system that hands out a big file in pieces gives all of it."""
    path = tmp_path / "x"
    path.write_bytes(bytes(range(100)))
    real = files.os.read
    monkeypatch.setattr(files.os, "read", lambda fd, size: real(fd, min(size, 7)))
    assert files.read(str(path)) == bytes(range(100))
    assert files.read(str(path), 90, 50) == bytes(range(90, 100))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    """If writing fails, the old content stays and nothing is left behind."""
    path, aside = tmp_path / "x", tmp_path / "aside"
    files.replace(str(path), b"old", str(aside))

    def full(*_):
        raise OSError(28, "full")

    for name in ("write", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(files.os, name, full)
            with pytest.raises(OSError, match="full"):
                files.replace(str(path), b"new", str(aside))
        assert path.read_bytes() == b"old"
        assert list(aside.iterdir()) == []


def test_busy_files_are_tried_again(tmp_path, monkeypatch):
    """Where a file that somebody reads cannot be replaced at once (Windows), it is tried again for a moment."""
    path, real, busy = tmp_path / "x", files.os.replace, [1, 1]

    def replace(source, target):
        if busy and busy.pop():
            raise PermissionError(target)
        real(source, target)

    monkeypatch.setattr(files.os, "replace", replace)
    monkeypatch.setattr(files.os, "name", "nt")
    files.replace(str(path), b"new", str(tmp_path))
    assert path.read_bytes() == b"new"
    busy[:] = [1] * 1000
    with pytest.raises(PermissionError):
        files.replace(str(path), b"newer", str(tmp_path))
    monkeypatch.setattr(files.os, "name", "posix")
    busy[:] = [1] * 1
    with pytest.raises(PermissionError):
        files.replace(str(path), b"newer", str(tmp_path))
    assert path.read_bytes() == b"new"
