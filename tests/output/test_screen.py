"""What is kept of text that moves the cursor."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit._support.screen import HEIGHT, WIDEST, Screen, settled

PIECES = [
    "a",
    "bc",
    " ",
    "ä",
    "日本",
    "\r",
    "\n",
    "\b",
    "\r\n",
    "\x1b[A",
    "\x1b[B",
    "\x1b[2C",
    "\x1b[D",
    "\x1b[K",
    "\x1b[1K",
]
PIECES += [
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b[J",
    "\x1b[1J",
    "\x1b[H",
    "\x1b[2J",
    "\x1b7",
    "\x1b8",
    "\x1b[F",
    "\x1b[9G",
]
PIECES += ["\x1b[?25l", "\x1b[?1049h", "\x1b[?1049l", "\x1b[2P", "\x1b[2@", "\x1b(B", "\x00", "\x07", "\n" * HEIGHT]
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain\ntext", "plain\ntext"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("longer\rno", "nonger"),
        ("abc\b\bX", "aXc"),
        ("bar\r\nnext\r", "bar\nnext"),
        ("\x1b[1;31mred\x1b[0m alert\x07", "red alert"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("one\ntwo\x1b[A\r\x1b[2KONE\x1b[B\rTWO\n", "ONE\nTWO\n"),
        ("abcdef\x1b[3D\x1b[K", "abc"),
        ("abcdef\x1b[3D\x1b[1K", "   def"),
        ("abcdef\r\x1b[2P", "cdef"),
        ("abc\r\x1b[2@", "  abc"),
        ("abc\r\x1b[2X", "  c"),
        ("a\nb\nc\x1b[2A\x1b[J", "a"),
        ("a\nbb\x1b[1Jc", "\n  c"),
        ("kept\n\x1b[2J\x1b[Hone\x1b[2J\x1b[Htwo", "kept\ntwo"),
        ("before\n\x1b[?1049hin an editor\n\x1b[?1049lafter", "before\nafter"),
        ("a\x1b7bc\x1b8X", "aXc"),
        ("x\x1b[5Gy", "x   y"),
        ("a\nb\x1b[Fc\x1b[Ed", "c\nd"),
        ("padding\x00\x00", "padding"),
        ("\x1b[unfinished", "nfinished"),
        ("end\x1b[3", "end"),
        ("one\x1b[2;3ftwo", "one\n\n  two"),
        ("bar: 100%\r         \r", ""),
        ("\rbar\r   \r", ""),
        ("bar: 100%\r         \rdone\nnext", "done\nnext"),
        ("kept  \nbar \r    ", "kept  \n"),
        ("gone\b\b  \b\b!", "go!"),
    ],
)
def test_text_is_kept_as_a_terminal_shows_it(text, shown):
    """Cursor movements are applied; colours, titles and bells are left out."""
    assert settled(text.encode()).decode() == shown


@given(texts, st.lists(st.integers(1, 7), min_size=1))
def test_pieces_make_no_difference(text, sizes):
    """In whatever pieces bytes come, and wherever the state is written down and taken up again, the result is one."""
    data = text.encode()
    screen, out, done, turn = Screen(), b"", 0, 0
    while done < len(data):
        size = sizes[turn % len(sizes)]
        out += screen.feed(data[done : done + size])
        done = min(done + size, len(data))
        turn += 1
        if turn % 3 == 0:
            unfinished = screen.unfinished
            screen = Screen(json.loads(json.dumps(screen.state)))
            assert screen.feed(data[done - unfinished : done]) == b""
    assert out + screen.rest() == settled(data)


@pytest.mark.parametrize("count", [1, 2 * HEIGHT])
def test_blanks_that_wiped_a_row_are_none_of_it(count):
    """However much comes after it; blanks that were only printed stay."""
    screen = Screen()
    after = b"plain  \n" * count
    out = screen.feed(b"bar: 100%\r         ") + screen.feed(b"  \n" + after)
    assert out + screen.rest() == b"\n" + after


@given(st.binary(max_size=300))
def test_any_bytes_will_do(data):
    """Nothing that is printed is fatal, and bytes that are no UTF-8 stay as they are."""
    settled(data)
    plain = bytes(byte for byte in data if byte >= 0x20 and byte != 0x7F)
    assert settled(plain) == plain


@given(texts)
def test_what_is_settled_stays_settled(text):
    """The result has no cursor movements left."""
    once = settled(text.encode())
    assert not set(once.decode()) & set("\r\b\x1b\x00\x07")
    assert settled(once) == once


def test_lines_out_of_reach_are_settled_at_once():
    """The screen holds so many rows, whatever is printed."""
    screen = Screen()
    lines = [f"line {number}\n".encode() for number in range(10 * HEIGHT)]
    out = b"".join(map(screen.feed, lines))
    assert out == b"".join(lines[: -HEIGHT + 1])
    assert out + screen.rest() == b"".join(lines)


def test_rows_where_the_cursor_has_not_been_are_settled():
    """Asked twice in quiet times, a screen gives away what is above the cursor, and keeps what bars still use."""
    screen = Screen()
    assert screen.feed(b"plain\nbar 1\nbar 2\x1b[A\r") == b""
    assert screen.quiet() == b""
    assert screen.quiet() == b"plain\n"
    for _ in range(3):
        screen.feed(b"BAR 1\n\rBAR 2\x1b[A\r")
        assert screen.quiet() == b""
    assert screen.rest() == b"BAR 1\nBAR 2"


def test_a_line_without_end_needs_no_memory():
    """What is wider than a screen could hold is settled piece by piece."""
    screen = Screen()
    out = b"".join(screen.feed(b"x" * 10_000) for _ in range(100))
    assert len(screen.state["rows"][0]) <= WIDEST
    assert out + screen.rest() == b"x" * 1_000_000


def test_absurd_movements_are_bounded():
    """Numbers of any size in control sequences cost neither memory nor time."""
    screen = Screen()
    screen.feed(b"a\x1b[99999999999B\x1b[99999999999Cb\x1b[99999999999@\x1b[99999999999A")
    assert len(screen.rest()) < 4 * WIDEST
