"""The docs name everything that a user can meet."""

import importlib.util
import inspect
import os
import re

import pytest

import expkit
from expkit import SETTINGS, Experiment, errors
from expkit.cli.options import BUILT_IN
from expkit.observers import __all__ as observers
from expkit.observers.base import EVENT_METHODS
from expkit.record.events import Event
from expkit.settings import Settings

from .. import console

DOCS = console.ROOT / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def docs():
    """All pages, with the generated ones in place of their includes."""
    pages = generator().PAGES
    text = "\n".join(path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md")))
    included = re.findall(r"\{include\} (?:\.\./reference/)?generated/(\w+)\.txt", text)
    assert set(included) == set(pages)
    return text + "\n".join(pages[name]() for name in included)


def settings_of(group, prefix="SETTINGS"):
    for key in group:
        name = f"{prefix}.{key}"
        yield from settings_of(group[key], name) if isinstance(group[key], Settings) else [name]


def missing(names, docs):
    return [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", docs)]


def test_options(docs):
    """Every option, short and long."""
    assert missing([flag for option in BUILT_IN for flag in (option.long, option.short) if flag], docs) == []


def test_settings(docs):
    """Every setting with its full name."""
    assert missing(settings_of(SETTINGS), docs) == []


def test_built_in_commands(docs):
    """Every command that each experiment has."""
    commands = [name for name, _ in Experiment("bare", interactive=True).gather_commands()]
    assert len(commands) >= 5
    assert missing([*commands, "help"], docs) == []


def test_errors(docs):
    """Every class of errors."""
    classes = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert len(classes) > 20
    assert missing(classes, docs) == []


def test_observers_and_their_methods(docs):
    """Every observer, event method and event."""
    events = [kind.__name__ for kind in Event.__args__]
    assert missing([*observers, *EVENT_METHODS, "notify"], docs) == []
    assert "expkit.record.events" in docs
    assert all(getattr(importlib.import_module("expkit.record.events"), name).__doc__ for name in events)


def test_event_arguments(docs):
    """Every argument of every event method, in the row of its method."""
    for name in EVENT_METHODS:
        row = next(line for line in docs.splitlines() if line.startswith(f"| `{name}` |"))
        arguments = list(inspect.signature(getattr(expkit.RunObserver, name)).parameters)[1:]
        assert re.findall(r"`(\w+)`", row)[1:] == arguments


def test_public_names(docs):
    """Every public name is on a page of the reference."""
    reference = "\n".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md")) + docs
    assert missing(expkit.__all__, reference) == []


def test_record_keys():
    """Every key of a record, and every file of a run's folder, is explained."""
    from expkit.record.wire import record_to_json
    from expkit.testing.samples import sample_record

    page = (DOCS / "explanation" / "format-on-disk.md").read_text("utf-8")
    assert missing([f"`{key}`" for key in record_to_json(sample_record())], page) == []


def test_files_of_a_run(tmp_path):
    """Every file of a run's folder, and of the store's own folder, is explained."""
    experiment = Experiment("files", interactive=True, observers=[f"folder:{tmp_path / 'runs'}"])

    @experiment.main
    def main(_run):
        _run.info["a"] = 1
        _run.log_scalar("a", 1)
        (_run.dir / "a").touch()

    experiment.run()
    page = (DOCS / "explanation" / "format-on-disk.md").read_text("utf-8")
    working = {"aside", "last-id", "trash"}
    names = {*os.listdir(tmp_path / "runs" / "1"), *os.listdir(tmp_path / "runs" / ".expkit")} - working
    assert [name for name in sorted(names) if f"{name}/" not in page and name not in page] == []
