"""``expkit tag``, ``note``, ``rename`` and ``rm``: what people add, and what they throw away."""

import io
import json
import os
import pty
import select
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from expkit.readers import open_run, runs
from expkit.record.model import QUEUED, RUNNING
from expkit.stores import open_store
from expkit.testing.samples import sample_lease, sample_record

from .. import kept
from ..readers.conftest import PLACES


@pytest.fixture(autouse=True)
def _plain(monkeypatch, tmp_path):
    """The same author and width everywhere."""
    monkeypatch.setenv("EXPKIT_AUTHOR", "ann")
    monkeypatch.setenv("EXPKIT_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(params=kept.KINDS)
def url(request, tmp_path, tmp_path_factory):
    """Each kind of store, filled; its URL."""
    place = PLACES[request.param](tmp_path, tmp_path_factory)
    store = kept.fill(open_store(place))
    store.close()
    return place


@pytest.fixture
def place(tmp_path):
    """A filled folder; its URL."""
    url = f"folder:{tmp_path / 'runs'}"
    kept.fill(open_store(url))
    return url


def test_annotations_on_every_store(capsys, url):
    """Tags, notes and names are added on every store with author and time, and the record stays as it was."""
    before = open_store(url).load("1")
    assert kept.say(capsys, "tag", "1", "good", "-first", f"--store={url}").out == "run 1: good\n"
    assert kept.say(capsys, "note", "1", "look", "here", f"--store={url}", "--author=bob").code == 0
    assert kept.say(capsys, "rename", "1", "best one", f"--store={url}").code == 0
    run = open_run("best one", url)
    assert (run.id, run.tags) in (("1", ["good"]), (1, ["good"]))
    assert [(note.value, note.author) for note in run.notes] == [("look here", "bob")]
    assert {note.author for note in run.annotations} == {"ann", "bob"}
    assert open_store(url).load("1") == before


def test_two_people_tag_at_once(place, capsys):
    """Two who annotate one run at the same time lose nothing."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: open_run("1", place).tag(f"t{number}"), range(40)))
    assert set(open_run("1", place).tags) == {"first", *(f"t{number}" for number in range(40))}


def test_tags_are_shown_and_removed(capsys, place):
    """Without a TAG they are shown; ``--remove`` and ``-TAG`` take away, what is not there is no error."""
    store = f"--store={place}"
    assert kept.say(capsys, "tag", "1", store).out == "run 1: first\n"
    assert kept.say(capsys, "tag", "1", store, "--remove", "first", "none").out == "run 1: no tags\n"
    assert [note.action for note in open_run("1", place).annotations] == ["untag"]
    assert json.loads(kept.say(capsys, "tag", "1", "-x", "b", "c", store, "--json").out)["tags"] == ["b", "c"]
    assert kept.say(capsys, "tag", "1", "", store).code == 2
    assert "Examples:" in kept.say(capsys, "tag", "-h").out


def test_words_behind_two_dashes(capsys, place):
    """Behind -- no word is an option: tags may begin with a dash, come and go, and notes too."""
    store = f"--store={place}"
    assert kept.say(capsys, "tag", "1", store, "--", "-draft", "--json").lines == ["run 1: first, -draft, --json"]
    assert kept.say(capsys, "tag", "1", store, "--remove", "--", "-draft", "--json").lines == ["run 1: first"]
    assert kept.say(capsys, "tag", "1", store, "-first", "--", "-first").lines == ["run 1: -first"]
    assert kept.say(capsys, "note", "1", store, "--", "-5 degrees").code == 0
    assert open_run("1", str(place)).notes[-1].value == "-5 degrees"


def test_note_through_a_pipe(capsys, place, monkeypatch):
    """A note without TEXT is what comes through a pipe; nothing is no note."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo\n"))
    assert kept.say(capsys, "note", "1", f"--store={place}").out == "run 1 has 1 note; expkit show 1 shows it\n"
    assert [note.value for note in open_run("1", place).notes] == ["one\ntwo"]
    assert kept.say(capsys, "note", "1", f"--store={place}").code == 2


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_note_from_an_editor(capsys, place, monkeypatch, tmp_path):
    """In a terminal the editor opens; what it leaves is the note, and if it fails there is none."""
    _, end = pty.openpty()
    monkeypatch.delenv("VISUAL", raising=False)
    (tmp_path / "edit.py").write_text("import sys\nopen(sys.argv[-1], 'a').write('typed')\nsys.exit(len(sys.argv) - 2)")
    with os.fdopen(end) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{tmp_path / 'edit.py'}'")
        assert kept.say(capsys, "note", "1", f"--store={place}").code == 0
        monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{tmp_path / 'edit.py'}' --fail")
        failed = kept.say(capsys, "note", "1", f"--store={place}")
        monkeypatch.setenv("EDITOR", str(tmp_path / "nobody"))
        absent = kept.say(capsys, "note", "1", f"--store={place}")
    assert [note.value for note in open_run("1", place).notes] == ["typed"]
    assert (failed.code, absent.code) == (2, 2)
    assert "exit code 1" in failed.err
    assert "cannot be started" in absent.err


def test_trash_on_every_store(capsys, url):
    """``rm`` hides a run from lists and keeps all of it; ``--restore`` brings it back; ``--purge`` deletes it."""
    store = f"--store={url}"
    assert kept.say(capsys, "rm", "1", "2", store).lines == [
        f"run {number} is in the trash; expkit rm --restore {number} brings it back" for number in (1, 2)
    ]
    assert [str(run.id) for run in runs(store=url)] == ["3", "4"]
    assert open_run("1", url).trashed.author == "ann"
    assert kept.say(capsys, "rm", "--restore", "1", "3", store).lines == ["run 1 is back", "run 3 is not in the trash"]
    assert [str(run.id) for run in runs(store=url)] == ["1", "3", "4"]
    assert kept.say(capsys, "rm", "--purge", "--yes", "1", "2", store).code == 0
    assert [str(run.id) for run in runs(store=url, trash=True)] == ["3", "4"]


def test_rm_takes_questions(capsys, place):
    """Questions name runs, too, and all of them must hold; those in the trash are found to be restored."""
    store = f"--store={place}"
    rows = kept.say(capsys, "rm", "config.lr<0.2", "state=COMPLETED", store, "--json").lines
    assert [(json.loads(row)["id"], json.loads(row)["what"]) for row in rows] == [("1", "trashed"), ("3", "trashed")]
    again = kept.say(capsys, "rm", "config.lr<0.2", store)
    assert (again.code, again.out) == (0, "")
    assert kept.say(capsys, "rm", "1", store).out == "run 1 is in the trash already\n"
    assert kept.say(capsys, "rm", "--restore", "exists(trash)", store).lines == ["run 1 is back", "run 3 is back"]


@pytest.mark.parametrize("url", ["sqlite:///{}.db", "tinydb:{}", "folder:{}"])
def test_the_id_that_rm_prints(capsys, tmp_path, url):
    """``rm --json`` has the id as the store has it and as all other commands print it: a number, where ids are numbers."""
    url = url.format(tmp_path / "other")
    store = open_store(url)
    id = store.create(sample_record(status="COMPLETED"))
    store.close()
    (row,) = kept.say(capsys, "rm", "1", f"--store={url}", "--json").lines
    (there,) = kept.say(capsys, "ls", "--trash", f"--store={url}", "--json").lines
    assert json.loads(row)["id"] == json.loads(there)["id"] == id


def test_rm_is_all_or_nothing(capsys, place):
    """Where one of several runs cannot be found, or goes on, nothing happens to any of them."""
    store = f"--store={place}"
    absent = kept.say(capsys, "rm", "1", "77", store)
    live = kept.say(capsys, "rm", "1", "4", store)
    assert (absent.code, live.code) == (1, 2)
    assert "run 4 goes on; stop it first, or add --force" in live.err
    assert len(runs(store=place)) == 4
    assert kept.say(capsys, "rm", "1", "4", store, "--force").code == 0
    assert len(runs(store=place)) == 2


def test_purge_asks(capsys, place, monkeypatch):
    """Deleting for good asks at a terminal, takes anything but yes for no, and is refused where nobody can be asked."""
    store = f"--store={place}"
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    refused = kept.say(capsys, "rm", "--purge", "1", store)
    assert (refused.code, "add --yes" in refused.err) == (2, True)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("\nyes\n"))
    assert kept.say(capsys, "rm", "--purge", "1", store).code == 1
    assert len(runs(store=place)) == 4
    asked = kept.say(capsys, "rm", "--purge", "1", store)
    assert (asked.code, asked.err) == (0, "delete for good: 1 (digits)? [y/N] ")
    assert len(runs(store=place)) == 3
    assert kept.say(capsys, "rm", "--purge", "--restore", "1", store).code == 2


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_purge_looks_again(place):
    """A queued run that begins while somebody is asked stays, the others go, and the exit code is 1."""
    store = open_store(place)
    waiting = sample_record(name="waiting", status=QUEUED, start_time=None, files=())
    store.create(waiting)
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "expkit", "rm", "--purge", "1", "5", f"--store={place}"]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        assert "1 (digits), 5 (waiting)?" in until(ours, "[y/N] ")
        assert store.set_status(waiting.uid, QUEUED, RUNNING)
        store.renew(waiting.uid, sample_lease(1e6))
        os.write(ours, b"y\n")
        said = until(ours, "--force")
        assert process.wait(60) == 1
    os.close(ours)
    assert "run 1 is deleted" in said
    assert "run 5: it goes on by now; stop it first, or add --force" in said
    assert [str(run.id) for run in runs(store=place)] == ["2", "3", "4", "5"]


def until(terminal, end):
    """What a program writes to a terminal up to some words."""
    said = ""
    with suppress(OSError):  # it has ended
        while end not in said and select.select([terminal], [], [], 60)[0]:
            said += os.read(terminal, 65536).decode()
    return said


def test_a_damaged_run_can_be_deleted(capsys, place, tmp_path):
    """A run whose record nobody can read goes into the trash and for good, like others."""
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    store = f"--store={place}"
    assert kept.say(capsys, "rm", "2", store).code == 0
    assert kept.say(capsys, "rm", "--purge", "--yes", "2", store).code == 0
    assert [str(key.id) for key in open_store(place).ids()] == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("2", "2 means run 2"),
        ("last", "last means run 4"),
        ("last~3", "last~3 has a meaning of its own"),
        ("77", "77 has a meaning of its own"),
        ("~xyz", "~xyz is not the beginning of a uid: these are of the digits 0-9 and a-f"),
        ("best:", "best: does not say what is best; write best:max:metrics.acc.max or best:min:metrics.loss.last"),
    ],
)
def test_names_that_mean_something_else(capsys, place, name, why):
    """A name by which the run cannot be called is given all the same, and said to be none to call it by."""
    said = kept.say(capsys, "rename", "1", name, f"--store={place}")
    assert (said.code, said.err) == (0, f"{why}; run 1 is called by its id, not by this name\n")
    assert open_run("1", place).name == name
    assert kept.say(capsys, "rename", "1", "plain", f"--store={place}").err == ""


def test_golden(capsys, place):
    """What these commands print."""
    store = f"--store={place}"
    commands = [
        ("tag", "1", "good", "-first"),
        ("tag", "2"),
        ("note", "1", "it works"),
        ("rename", "1", "baseline"),
        ("rm", "2", "3"),
        ("rm", "2"),
        ("rm", "--restore", "2"),
        ("rm", "4"),
        ("rm", "99"),
        ("rm", "--purge", "--yes", "baseline"),
    ]
    text = kept.transcript(capsys, [(*words, store) for words in commands], lambda text: text.replace(place, "runs"))
    kept.is_golden("change", text.replace(place.removeprefix("folder:"), "runs"))
