"""The scripts with their commands, and what differs between the two sides."""

import difflib
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

from . import account, sacred_home, sides

SCRIPTS = Path(__file__).parent / "scripts"
HARNESS = ("account.py", "sacred_side.py", "comparison.py")


class Script(NamedTuple):
    """A script with the command lines it is tried with, one after another in one folder."""

    style: str
    name: str
    commands: tuple

    def __str__(self):
        return f"{self.style}/{self.name}"


class Difference(NamedTuple):
    """What is told differently, and how."""

    what: str
    sacred: object
    ours: object


def scripts():
    """All scripts, in the order of their ``commands.txt``."""
    found = {}
    for path in sorted(SCRIPTS.glob("*/commands.txt")):
        for command in path.read_text("utf-8").splitlines():
            words = shlex.split(command)
            name = words[1] if words[0] == "-m" else words[0]
            found.setdefault((path.parent.name, name), []).append(command)
    return [Script(*key, tuple(commands)) for key, commands in found.items()]


def on_ours(script, work):
    """What the script did under ours, by key."""
    return _account(sides.ours, script, work)


def on_sacred(sacred, script, work):
    """What the script did under Sacred, by key; kept for as long as scripts and commands stay the same."""
    kept = sacred_home.cache() / f"said-{_digest(script)}.json"
    if not kept.exists():
        found = _account(sacred().run, script, work)
        aside = kept.with_name(f"{kept.name}.{work.name}")
        aside.write_text(json.dumps(found), "utf-8")
        aside.replace(kept)
    return json.loads(kept.read_text("utf-8"))


def differences(sacred, ours):
    """Whatever one side says otherwise than the other; a run that only one side has counts once."""
    keys = [*sacred, *(key for key in ours if key not in sacred)]
    unlike = [key for key in keys if sacred.get(key) != ours.get(key) and not _of_one_side(key, sacred, ours)]
    return [Difference(key, *_unlike(sacred.get(key), ours.get(key))) for key in unlike]


def _unlike(sacred, ours):
    """Two values, without the lines that both have in the same place."""
    if not (isinstance(sacred, list) and isinstance(ours, list)):
        return sacred, ours
    texts = [[json.dumps(line) for line in lines] for lines in (sacred, ours)]
    steps = [step for step in difflib.SequenceMatcher(None, *texts, autojunk=False).get_opcodes() if step[0] != "equal"]
    return [line for step in steps for line in sacred[step[1] : step[2]]], [
        line for step in steps for line in ours[step[3] : step[4]]
    ]


def _of_one_side(what, sacred, ours):
    """Whether this is a fact about a run that the other side lacks, or one that only ours records."""
    command, _, fact = what.partition(" | ")
    run = re.match(r"run (\d+): (.*)", fact)
    counts = [len(side.get(f"{command} | runs") or ()) for side in (sacred, ours)]
    return bool(run) and (
        int(run[1]) > min(counts) or run[2].startswith(("options.", "sources.")) and what not in sacred
    )


def _account(run, script, work):
    folder = work / "work"
    shutil.copytree(SCRIPTS / script.style, folder, ignore=shutil.ignore_patterns("__pycache__", "commands.txt"))
    first = set(folder.rglob("*"))
    found = {}
    for command in script.commands:
        before = set(folder.rglob("*"))
        told = run(command, folder)
        found.update((f"{command} | {key}", value) for key, value in account.of_command(told, folder, before))
    found.update((f"file | {key}", value) for key, value in account.of_files(folder, first))
    return json.loads(re.sub(r"/tmp/tmp\w+", "/TMP", json.dumps(found).replace(str(folder), "/WORK")))


def _digest(script):
    files = [path for path in sorted((SCRIPTS / script.style).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    harness = [Path(__file__).parent / name for name in HARNESS]
    contents = [content for path in (*files, *harness) for content in (path.name, path.read_bytes())]
    return sacred_home.digest(str(sacred_home.python()), *script.commands, *contents)
