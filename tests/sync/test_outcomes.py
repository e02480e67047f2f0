"""What becomes of what is owed, as a document, too; what a store does after it was given up on is nobody's business."""

import json
import shutil
import threading

import jsonschema
import pytest

from expkit import SETTINGS
from expkit.console.main import main
from expkit.run.recording.owed import Note, owed_notes, target_of
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_record

from .. import kept


class Hanging(FolderStore):
    """Takes in no run before it is told to go on; as soon as one is brought, nobody has any patience left."""

    def __init__(self, path):
        super().__init__(path)
        self.go_on = threading.Event()

    def create(self, *arguments, **named):
        SETTINGS.LANES.END_LIMIT = 0
        assert self.go_on.wait(30)
        return super().create(*arguments, **named)


@pytest.fixture
def late(tmp_path, monkeypatch):
    """A function that gives the answer of a store to which two runs are owed, which sync did not wait for."""
    source, store = FolderStore(tmp_path / "source"), Hanging(tmp_path / "far")
    for _ in range(2):
        record = sample_record(files=())
        source.create(record)
        Note(uid=record.uid, name="x", log=str(source.root), target=target_of(store)).write().release()
    monkeypatch.setattr("expkit.console.sync.open_store", lambda _: store)
    monkeypatch.setattr(SETTINGS.LANES, "END_LIMIT", 30)

    before = threading.enumerate()

    def answer():
        couriers = [thread for thread in threading.enumerate() if thread not in before]
        store.go_on.set()
        for courier in couriers:
            threading.Thread.join(courier, 30)
        return store.ids()

    yield answer
    store.go_on.set()


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["sentences", "document"])
def test_nothing_is_said_afterwards(late, capsys, words):
    """What a store takes after it was given up on is not printed behind what was said; the next run is not begun."""
    assert main(["sync", *words]) == 1
    said = capsys.readouterr().out
    assert len(late()) == 1
    assert tuple(capsys.readouterr()) == ("", "")
    if words:
        found = json.loads(said)
        assert (found["owed"], [run["what"] for run in found["runs"]]) == (2, ["owed", "owed"])
    else:
        assert said.endswith("2 still owed\n")
    assert len(list(owed_notes())) == 1


@pytest.fixture
def owe(tmp_path):
    """A function that makes a run of which a store is owed everything; its uid and the note, not free yet."""
    source = FolderStore(tmp_path / "source")

    def make(target, **fields):
        record = sample_record(files=(), **fields)
        source.create(record)
        return source, Note(uid=record.uid, name="x", log=str(source.root), target=target).write()

    return make


def test_document(owe, tmp_path, capsys):
    """With --json it is told of each run what became of it, in the form of the schema; owed are as many as it says."""
    far, away = f"folder:{tmp_path / 'far'}", f"folder:{tmp_path / 'away'}"
    (tmp_path / "away").touch()
    made = {what: owe(far) for what in ("delivered", "deleted", "forgotten", "running")}
    made |= {"owed": owe(away), "busy": owe(far, status="COMPLETED")}
    for what in ("delivered", "deleted", "forgotten", "owed"):
        made[what][1].release()
    source = made["deleted"][0]
    source.delete(made["deleted"][1].uid)
    shutil.rmtree(source.root / str(source.load(made["forgotten"][1].uid).id))
    said = kept.say(capsys, "sync", "--forget", "--json")
    found = json.loads(said.out)
    assert {run["uid"]: run["what"] for run in found["runs"]} == {note.uid: what for what, (_, note) in made.items()}
    assert (said.code, found["owed"], len(found["said"])) == (1, 2, len(made) + 1)
    by_what = {run["what"]: run for run in found["runs"]}
    assert (by_what["delivered"]["id"], by_what["delivered"]["problems"], by_what["busy"]["id"]) == ("1", [], None)
    assert "NotADirectoryError" in by_what["owed"]["problems"][0]
    jsonschema.validate(found, json.loads(kept.say(capsys, "schema", "sync").out))
