"""Scripts written for Sacred do the same here, unchanged, except for what is decided otherwise."""

import pytest

from . import sides
from .comparison import differences, on_ours, on_sacred, scripts
from .decisions import DECISIONS, left_over


@pytest.fixture(scope="session")
def sacred():
    """Gives Sacred's side, made when it is first needed."""
    made = []
    yield lambda: made[0] if made else made.append(sides.Sacred()) or made[0]
    for side in made:
        side.close()


@pytest.fixture
def folders(tmp_path):
    """A folder for each side."""
    for name in ("sacred", "ours"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize("script", scripts(), ids=str)
def test_script(script, sacred, folders):
    """Exit codes, printed lines, and all that is recorded are Sacred's, or differ as decided; no decision is idle."""
    theirs = on_sacred(sacred, script, folders / "sacred")
    unexplained, unmet = left_over(script, differences(theirs, on_ours(script, folders / "ours")))
    assert unexplained == []
    assert unmet == []


NEVER_SUCCEED = {"documentation/interrupts.py", "reinforcement/seed_in_config.py"}
"""Scripts that are about failing, and one that Sacred cannot run."""


def test_runs_are_compared(sacred, folders):
    """What is compared is worth it: under Sacred scripts succeed, but for those about failing, and most record runs."""
    recorded, failing = 0, set()
    for script in scripts():
        told = on_sacred(sacred, script, folders / "sacred" / script.name.replace("/", "-"))
        recorded += any(key.endswith("| runs") and value for key, value in told.items())
        if 0 not in [value for key, value in told.items() if key.endswith("| exit")]:
            failing.add(str(script))
    assert failing == NEVER_SUCCEED
    assert recorded >= 50


def test_every_script_is_tried():
    """There are at least sixty scripts, and every decision is about one of them."""
    names = {str(script) for script in scripts()}
    assert len(names) >= 60
    assert {row.script for row in DECISIONS} <= names


def test_every_file_belongs_to_a_tried_script():
    """Every script that makes an experiment of its own is tried, or imported by one that is."""
    sources = {path: path.read_text("utf-8") for path in sides.HERE.glob("scripts/*/**/*.py")}
    tried = {script.name.replace(".py", "").split("/")[-1].split(".")[-1] for script in scripts()}
    imported = "\n".join(sources.values())
    left = [
        str(path)
        for path, source in sources.items()
        if "run_commandline" in source or "automain" in source
        if path.stem not in tried and f"import {path.stem}" not in imported
    ]
    assert left == []
