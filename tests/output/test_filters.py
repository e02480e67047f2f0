from __future__ import annotations

import logging
import threading
import time

import pytest

from expkit.run.output import filtering
from expkit.run.output.capture import capture

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


def test_a_filter_that_never_comes_back_holds_up_nothing(path, monkeypatch, caplog):
    """The end is written, with the output unfiltered from there on, and says so."""
    monkeypatch.setattr(filtering, "PATIENCE", 0.2)
    held = threading.Event()

    def hanging(line):
        if "bad" in line:
            held.wait(60)
        return line.upper()

    before = time.monotonic()
    with capture("sys", path, hanging) as output:
        for line in ("good", "bad", "good"):
            print(line)
        output.pump()
    held.set()
    assert time.monotonic() - before < 20
    assert path.read_text() == "GOOD\nbad\ngood\n"
    assert output.gap == "captured_out_filter did not come back for 0.2 s: output is kept unfiltered from here on"
    assert "did not come back" in caplog.text


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_filter_that_wants_to_end_the_program_has_failed(path, error):
    """Whatever a filter raises, the program goes on."""

    def leaving(line):
        raise error

    with capture("sys", path, leaving):
        print("line")
    assert path.read_text() == "line\n"


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


def test_a_filter_sees_lines_as_a_terminal_shows_them(path):
    """Cursor movements are applied before, also where a line separator that is none to a terminal stands in a line."""
    seen = []
    with capture("sys", path, lambda line: seen.append(line) or line):
        print("1%\r50%\r100%")
        print("a\x0cb\u2028c")
    assert seen == ["100%\n", "a\x0cb\u2028c\n"]
