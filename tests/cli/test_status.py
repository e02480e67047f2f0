import io

import pytest

from expkit.cli.status import begin_line, captured_line, duration, end_line, size, tell
from expkit.record.model import FileRef
from expkit.testing.samples import sample_record


class Stream(io.StringIO):
    def __init__(self, encoding):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (("7", "runs/7", ["memory:", "Chat"], 123), "run 7 → runs/7 · observers memory:, Chat · seed 123"),
        (("7", "runs/7", [], 123), "run 7 → runs/7 · seed 123"),
        ((7, None, ["Chat"], None), "run 7 · observers Chat"),
        ((None, "spool/ab", [], 1), "run → spool/ab · seed 1"),
        ((None, None, [], 1), "run not recorded · seed 1"),
    ],
)
def test_the_line_before_main(facts, line):
    """Id, place, observers and seed, as far as there are any."""
    assert begin_line(*facts) == line


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (("7", "runs/7", "COMPLETED", 0.31, 0.97), "completed in 0.31 s · result 0.97 · record in runs/7"),
        (("7", "runs/7", "FAILED", 3725), "failed after 1 h 2 min · record in runs/7"),
        ((7, None, "TIMEOUT", 12), "timeout after 12.0 s · run 7"),
        ((None, None, "COMPLETED", 1.5, False), "completed in 1.50 s · result False"),
    ],
)
def test_the_line_after_the_end(facts, line):
    """Status, time, result and where the record is."""
    assert end_line(*facts) == line


def files(role, *sizes):
    return tuple(FileRef(path=f"{role}{size}", role=role, size=size) for size in sizes)


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "captured: 0 sources, 0 packages"),
        (
            {
                "files": (*files("source", 1, 2), *files("input", 10**9, 2 * 10**8), *files("output", 7)),
                "experiment": {"dependencies": ["numpy==2.0"]},
            },
            "captured: 2 sources, 1 package, 2 inputs (1.2 GB), 1 output (7 B)",
        ),
        (
            {"unseen": ("subprocess a", "subprocess b", "subprocess c", "subprocess d"), "gaps": ("x is gone", "y")},
            "captured: 0 sources, 0 packages; could not see: subprocess a, subprocess b, subprocess c and 1 more"
            "; missing: x is gone and 1 more",
        ),
    ],
)
def test_the_line_on_what_was_captured(facts, line):
    """What the record holds is counted, what it lacks is named."""
    nothing = {"files": (), "experiment": {}, "unseen": (), "gaps": ()}
    assert captured_line(sample_record().but(**{**nothing, **facts})) == line


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (25_500, "26 kB"), (10**13, "10.0 TB")]
)
def test_sizes(count, text):
    """As exact as people want it."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (9.876, "9.88 s"),
        (42, "42.0 s"),
        (60, "1 min 0 s"),
        (187, "3 min 7 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (100_000, "1 d 3 h"),
    ],
)
def test_durations(seconds, text):
    """As exact as people want it."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "a → b · ü\n"), ("ascii", "a -> b | \\xfc\n"), ("latin-1", "a -> b | ü\n"), (None, "a -> b | ü\n")],
)
def test_streams_that_know_few_characters(encoding, text):
    """A status line never fails for want of an arrow."""

    class Narrow(Stream):
        def write(self, chunk):
            if encoding:
                chunk.encode(encoding)
            return super().write(chunk)

    stream = Narrow(encoding)
    tell("a → b · ü", stream)
    assert stream.getvalue() == text


def test_status_lines_go_to_stderr(capsys):
    """Standard output belongs to the experiment."""
    tell("line")
    assert capsys.readouterr() == ("", "line\n")
