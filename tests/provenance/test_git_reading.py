"""What git prints is read whole, whatever else it says."""

from __future__ import annotations

import os
import sys
import threading

from expkit._support.threads import OwnThread
from expkit.provenance.git.patch import started

GIT = """#!{python}
import os, time
os.write(2, b"warning: of all kinds\\n" * 20_000)
os.write(1, b"the patch")
time.sleep({after})
"""


def _git(tmp_path, monkeypatch, after=0):
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(GIT.format(python=sys.executable, after=after))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return started(os.fspath(tmp_path), "diff", paths=["a.py"])


def test_a_git_that_complains_a_great_deal_is_read(tmp_path, monkeypatch):
    """More warnings than a pipe holds do not keep git from answering."""
    assert _git(tmp_path, monkeypatch).read(1000, 30) == b"the patch"


def test_who_watches_over_git_is_one_of_ours(tmp_path, monkeypatch):
    """The thread that would end a git that hangs is known as expkit's own."""
    before, seen = set(threading.enumerate()), []
    git = _git(tmp_path, monkeypatch, after=0.3)
    kill = threading.Event.wait

    def wait(event, timeout=None):
        seen.extend(set(threading.enumerate()) - before)
        return kill(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", wait)
    assert git.read(1000, 30) == b"the patch"
    assert seen
    assert all(isinstance(thread, OwnThread) for thread in seen)
