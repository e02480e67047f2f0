from __future__ import annotations

import logging
import os
import random

import pytest

from expkit._support.terminal import apply_backspaces_and_linefeeds
from expkit.run import filtering
from expkit.run.filtering import LineFilter
from expkit.run.output import capture

MODES = pytest.mark.parametrize("mode", ["sys", "fd"])


@MODES
def test_lines_go_through_the_filter(run, path, mode):
    """The file has what the filter makes of each line; nothing is left beside it; the terminal has everything."""
    shown = run(
        """
def loud(line):
    return "" if line.startswith("secret") else line.upper()
with capture(mode, path, loud) as output:
    print("one")
    print("secret")
    output.pump()
    print("two", end="")
    output.pump()
    assert mode == "fd" or path.read_text() == "ONE\\n"
    print(" and a half")
    print("three", end="")
""",
        mode,
    )
    assert path.read_text() == "ONE\nTWO AND A HALF\nTHREE"
    assert shown == "one\nsecret\ntwo and a half\nthree"
    assert sorted(file.name for file in path.parent.iterdir()) == ["cout.txt", "program0.py"]


def test_a_filter_that_fails_is_reported_once(path, caplog):
    """The run goes on, text is kept as it is from there on, and the log says so once."""

    def fragile(line):
        if "bad" in line:
            raise ZeroDivisionError("of mine")
        return line.upper()

    with caplog.at_level(logging.WARNING, "expkit"), capture("sys", path, fragile) as output:
        for line in ("good", "bad", "good", "bad"):
            print(line)
            output.pump()
    assert path.read_text() == "GOOD\nbad\ngood\nbad\n"
    assert len(caplog.records) == 1
    assert "captured_out_filter failed" in caplog.text
    assert "of mine" in caplog.text


def test_a_filter_in_a_forked_child_is_left_to_the_parent(run, path):
    """A child that stops the capture it inherited does not filter or remove what its parent still writes."""
    run(
        """
output = capture(mode, path, str.upper)
print("one")
if not (pid := os.fork()):
    output.stop()
    os._exit(0)
os.waitpid(pid, 0)
print("two")
output.stop()
""",
        "sys",
    )
    assert path.read_text() == "ONE\nTWO\n"


def test_the_result_does_not_depend_on_when_it_is_pumped(tmp_path, monkeypatch):
    """Text that arrives in any pieces, split in the middle of characters and lines, gives the same."""
    monkeypatch.setattr(filtering, "_CHUNK", 64)
    monkeypatch.setattr(filtering, "LONGEST_LINE", 64)
    rng = random.Random(3)
    text = "".join(rng.choice(["ä", "b", "\r", "\n", "progress 1\rprogress 2\n"]) for _ in range(2000)).encode()
    results = set()
    for round in range(20):
        raw, path = tmp_path / f"{round}.raw", tmp_path / f"{round}"
        lines = LineFilter(raw, path, apply_backspaces_and_linefeeds)
        with open(raw, "wb", buffering=0) as file:
            rest = text
            while rest:
                length = rng.randrange(1, 300)
                file.write(rest[:length])
                rest = rest[length:]
                lines.pump()
        lines.finish()
        results.add(path.read_text())
        assert not raw.exists()
    assert results == {apply_backspaces_and_linefeeds(text.decode())}


def test_a_line_without_end_is_cut(tmp_path):
    """A line of megabytes, like a progress bar's, does not wait for its end."""
    raw, path = tmp_path / "raw", tmp_path / "kept"
    raw.write_bytes(b"x" * (filtering.LONGEST_LINE + 5))
    lines = LineFilter(raw, path, str.upper)
    lines.pump()
    assert path.read_text() == "X" * (filtering.LONGEST_LINE + 5)
    raw.write_bytes(raw.read_bytes() + b"yy")
    lines.pump()
    assert path.stat().st_size == filtering.LONGEST_LINE + 5
    lines.finish()
    assert path.read_text().endswith("XYY")


def test_a_disk_that_fails_at_the_end_is_a_gap(path):
    """Output that could not be filtered at the end is said to be missing; the run ends well."""
    output = capture("sys", path, str.upper)
    os.unlink(path.with_name("cout.txt.raw"))
    output.stop()
    assert "not complete" in output.gap
