"""Servers for tests: built once, and said plainly where they cannot be had."""

import subprocess
import sys
import time

import pytest

from . import keeper
from .building import Missing, Recipe
from .running import had


def test_built_once(tmp_path, monkeypatch):
    """A server is built once; when what it is built from changes, it is built anew."""
    monkeypatch.setenv("EXPKIT_TEST_SERVERS", str(tmp_path / "cache"))
    (tmp_path / "source").write_text("1")
    built = []
    recipe = Recipe("toy", {}, [tmp_path / "source"], lambda folder: built.append((folder / "done").touch()))
    first = recipe.built()
    assert recipe.built() == first and (first / "done").exists() and len(built) == 1
    (tmp_path / "source").write_text("2")
    assert recipe.built() != first and len(built) == 2


@pytest.mark.parametrize("ci", ["true", ""])
def test_what_cannot_be_had(tmp_path, monkeypatch, ci):
    """Without CI=true the tests that need a missing server are not run, by its name; with it they fail."""
    monkeypatch.setenv("EXPKIT_TEST_SERVERS", str(tmp_path / "cache"))
    monkeypatch.setenv("CI", ci)

    def fail(folder):
        subprocess.run([sys.executable, "-c", "import sys; print('no such jar'); sys.exit(3)"], check=True, stdout=-1)

    recipe = Recipe("toy", {}, [], fail)
    with pytest.raises(Missing, match="toy could not be built.*no such jar"):
        recipe.built()
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as caught:
        had(recipe.built)
    assert isinstance(caught.value, pytest.fail.Exception) == (ci == "true")
    assert "toy could not be built" in str(caught.value)
    assert not list((tmp_path / "cache").glob("toy-??????????"))


def test_servers_end_with_who_started_them(tmp_path):
    """A shared server ends when the process that started the tests is gone, however that ended."""
    starter = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    kept = subprocess.Popen([sys.executable, keeper.__file__, str(starter.pid), sys.executable, "-c", script])
    end = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    starter.kill()
    starter.communicate()
    assert kept.wait(60) == 0
    assert not keeper.lives(int((tmp_path / "pid").read_text()))
