"""Programs on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit._support.terminal import apply_backspaces_and_linefeeds

MODES = pytest.mark.parametrize("mode", ["auto", "sys", "fd"])


class Terminal:
    """A program on a terminal, and a hand on its keyboard."""

    def __init__(self, script, text, mode):
        self.screen, inside = pty.openpty()
        self.shown = ""
        self.process = script(text, mode, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)

    def expect(self, text, patience=10.0):
        """Wait until ``text`` is on the screen."""
        end = time.monotonic() + patience
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            self._look(0.1)

    def type(self, text):
        os.write(self.screen, text.encode())

    def end(self):
        """Wait for the end of the program; return all that was shown."""
        while self._look(10):
            pass
        os.close(self.screen)
        assert self.process.wait(10) == 0, self.shown
        return self.shown.replace("\r\n", "\n")

    def _look(self, patience):
        if not select.select([self.screen], [], [], patience)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self.screen, 65536)
        except OSError:  # the last one has left the terminal
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminal(script):
    return lambda text, mode: Terminal(script, text, mode)


@MODES
def test_a_terminal_stays_a_terminal(terminal, path, mode):
    """isatty, line buffering and encoding are as without capture, and again afterwards; auto chooses ``sys``."""
    shown = terminal(
        """
def manners():
    return [(s.isatty(), s.line_buffering, s.encoding, s.fileno(), "isatty" in getattr(s, "__dict__", {})) for s in (sys.stdout, sys.stderr)]
before = manners()
with capture(mode, path) as output:
    print("mode", output.mode, [m[:-1] for m in manners()] == [m[:-1] for m in before])
    if output.mode == "sys":
        assert os.get_terminal_size(sys.stdout.fileno())
print("after", manners() == before)
""",
        mode,
    ).end()
    wanted = f"mode {'fd' if mode == 'fd' else 'sys'} True\n"
    assert shown == wanted + "after True\n"
    assert path.read_text() == wanted


@MODES
def test_input_asks_and_gets_its_answer(terminal, path, mode):
    """input() shows its prompt and reads a line."""
    screen = terminal(
        """
with capture(mode, path):
    print("hello", input("your name? "))
""",
        mode,
    )
    screen.expect("your name? ")
    screen.type("Ada\n")
    screen.expect("hello Ada")
    screen.end()
    assert "hello Ada\n" in path.read_text()


@MODES
@pytest.mark.parametrize("call", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_the_debugger_works(terminal, path, mode, call):
    """breakpoint() and pdb stop, evaluate and go on."""
    screen = terminal(
        f"""
with capture(mode, path):
    secret = 6 * 7
    {call}
    print("went on")
""",
        mode,
    )
    screen.expect("(Pdb) ")
    screen.type("p secret + 1000\n")
    screen.expect("1042")
    screen.type("c\n")
    screen.expect("went on")
    screen.end()
    assert "went on\n" in path.read_text()


@MODES
def test_python_m_pdb_works(tmp_path, path, script, mode):
    """A program under ``python -m pdb`` is stepped through with capture on."""
    screen = Terminal(
        script,
        """
import runpy
program = path.with_suffix(".py")
program.write_text(
    "from pathlib import Path\\n"
    "from expkit.run.output.capture import capture\\n"
    f"with capture({mode!r}, Path({str(path)!r})):\\n"
    "    value = 41\\n"
    "    print('value', value)\\n"
)
sys.argv = ["pdb", str(program)]
runpy.run_module("pdb", run_name="__main__")
""",
        mode,
    )
    screen.expect("(Pdb) ")
    screen.type("b 5\nc\n")
    screen.expect("print('value', value)")
    screen.type("value = 42\nc\n")
    screen.expect("value 42")
    screen.type("q\n")
    screen.end()
    assert "value 42\n" in path.read_text()


def test_ctrl_c_reaches_the_program_only(script, path):
    """Ctrl-C on a terminal interrupts the program; what it then prints is recorded in fd mode."""
    screen = Terminal(
        script,
        """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
with capture(mode, path):
    try:
        print("waiting")
        time.sleep(30)
    except KeyboardInterrupt:
        os.system("echo interrupted")
""",
        "fd",
    )
    screen.expect("waiting")
    screen.type("\x03")
    screen.expect("interrupted")
    screen.end()
    assert path.read_text() == "waiting\ninterrupted\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain\ntext", "plain\ntext"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("longer\rno", "nonger"),
        ("abc\b\bX", "aXc"),
        ("\b\bab", "ab"),
        ("bar\r\nnext\r", "bar\nnext"),
        ("one\rtwo\n\rthree", "two\nthree"),
        ("a\n\n\rb\n", "a\n\nb\n"),
    ],
)
def test_cursor_movements_are_applied(text, shown):
    """Backspace and carriage return do what they do on a terminal."""
    assert apply_backspaces_and_linefeeds(text) == shown


@given(st.text(alphabet="ab\n\r\b"))
def test_applied_once_is_applied_for_good(text):
    """The result has no cursor movements left and as many lines as the text."""
    shown = apply_backspaces_and_linefeeds(text)
    assert not set(shown) & {"\r", "\b"}
    assert shown.count("\n") == text.count("\n")
    assert apply_backspaces_and_linefeeds(shown) == shown
