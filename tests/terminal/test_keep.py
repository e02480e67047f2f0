"""``expkit gc``, ``du`` and ``verify``: what there is, what of it can go, and whether all of it is whole."""

import json
import os
import re
import shutil
import stat

import jsonschema
import pytest

from expkit.console.main import COMMANDS
from expkit.readers import open_run, runs
from expkit.readers.sizes import POINT_BYTES, size_of
from expkit.record.model import Annotation
from expkit.stores import open_store
from expkit.testing.samples import NOON, sample_annotation

from .. import console, kept
from ..importing.conftest import sample
from ..readers.conftest import PLACES
from .test_program import WITHOUT_STORE


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


def blob(tmp_path, sha256):
    """The file of kept bytes in a folder, made writable."""
    path = tmp_path / "runs" / ".expkit" / "blobs" / sha256[:2] / sha256[2:]
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return path


# -- du ------------------------------------------------------------------------------------------------


def test_du_counts_shared_bytes_once(capsys, url):
    """On every store, runs are listed with their bytes, the biggest first; the total has what they share once."""
    found = json.loads(kept.say(capsys, "du", "--json", f"--store={url}").out)
    sizes = [run["total"] for run in found["runs"]]
    assert (len(sizes), sizes) == (4, sorted(sizes, reverse=True))
    files = len(kept.SOURCE.encode()) + 5000 + 100
    first = next(run for run in found["runs"] if str(run["id"]) == "1")
    assert (first["files"], first["points"], first["output"]) == (files, 10 * POINT_BYTES, 9)
    assert found["unshared"] == sum(sizes)
    assert found["unshared"] - found["total"] == 2 * files + 5100


def test_du_of_some(capsys, place):
    """A WHERE or ids choose runs, ``--limit`` shows the first ones and leaves the total; the trash is counted."""
    store = f"--store={place}"
    open_run("1", place).trash()
    some = json.loads(kept.say(capsys, "du", "config.lr<0.2", "--json", store).out)
    assert sorted((run["id"], run["trash"]) for run in some["runs"]) == [("1", True), ("3", False)]
    lines = kept.say(capsys, "du", "--limit=1", store).lines
    assert [line.split()[0] for line in lines] == ["id", "1", "total"]
    assert "4 runs" in lines[-1]
    assert kept.say(capsys, "du", "99", store).code == 1
    assert kept.say(capsys, "du", "config.lr>7", store).out == ""


def test_du_counts_late_files_and_gone_arrays(place, tmp_path):
    """Artifacts that were added later count; an array whose bytes are gone counts nothing."""
    run = open_run("1", place)
    before = size_of(run).total
    (tmp_path / "late.bin").write_bytes(b"x" * 777)
    run.add_artifact(tmp_path / "late.bin")
    assert size_of(run.refresh()).total - before > 777
    array = run.record.info["curve"]["blob"]
    assert size_of(run).files[array] == 100
    blob(tmp_path, array).unlink()
    assert size_of(run.refresh()).files[array] == 0


def test_du_of_sacreds_runs(capsys, tmp_path):
    """Sources that Sacred kept once for several runs count once."""
    shutil.copytree(console.ROOT / "tests" / "folder" / "sacred", tmp_path / "sacred")
    found = json.loads(kept.say(capsys, "du", "--json", f"--store={tmp_path / 'sacred'}").out)
    sources = sum(path.stat().st_size for path in (tmp_path / "sacred" / "_sources").iterdir())
    assert found["unshared"] - found["total"] == sources * (len(found["runs"]) - 1) > 0


def test_du_names_what_cannot_be_read(capsys, place, tmp_path):
    """A run that cannot be read is named, the others are counted, and the exit code is 1."""
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    said = kept.say(capsys, "du", f"--store={place}")
    assert (said.code, "3 runs" in said.out, "cannot be read" in said.err) == (1, True, True)


# -- gc ------------------------------------------------------------------------------------------------


def test_gc_empties_the_trash(capsys, url):
    """On every store, what lies in the trash for long enough goes, with the files that no other run names."""
    store = f"--store={url}"
    kept.say(capsys, "rm", "1", "3", store)
    open_store(url).annotate("3", Annotation(action="trash", value=None, author="x", time=NOON))
    only_third = open_run("3", url).record.files_of("source")[0].sha256
    shared = open_run("1", url).record.files_of("artifact")[0].sha256
    dry = json.loads(kept.say(capsys, "gc", "--older=0", "--grace=0", "--dry-run", "--json", store).out)
    assert (sorted(str(run["id"]) for run in dry["runs"]), dry["dry_run"]) == (["1", "3"], True)
    assert len(runs(store=url, trash=True)) == 4
    assert kept.say(capsys, "gc", store).code == 0
    assert [str(run.id) for run in runs(store=url, trash=True)] == ["1", "2", "3", "4"]
    assert kept.say(capsys, "gc", "--older=0", "--grace=0", store).code == 0
    opened = open_store(url)
    assert [str(run.id) for run in runs(store=opened, trash=True)] == ["2", "4"]
    kept.say(capsys, "gc", "--grace=0", store)
    assert (opened.has_blob(only_third), opened.has_blob(shared)) == (False, True)


def test_gc_goes_by_age(capsys, place):
    """Only runs go that were put into the trash before the time that --older names; who was brought back is out of it."""
    store = f"--store={place}"
    opened = open_store(place)
    for run, action, minutes in ((1, "trash", 0), (2, "trash", 0), (2, "restore", 5)):
        opened.annotate(str(run), sample_annotation(None, action, minutes=minutes))
    open_run("3", place).trash()
    rows = json.loads(kept.say(capsys, "gc", "--older=1h", "--json", store).out)["runs"]
    assert [(row["id"], row["trashed"]) for row in rows] == [("1", NOON.isoformat())]
    assert kept.say(capsys, "gc", "--older=soon", store).code == 2


def test_gc_leaves_what_goes_on(capsys, url):
    """On every store, a run that goes on stays, although somebody has put it into the trash."""
    store = f"--store={url}"
    assert kept.say(capsys, "rm", "4", "--force", store).code == 0
    assert json.loads(kept.say(capsys, "gc", "--older=0", "--dry-run", "--json", store).out)["runs"] == []
    assert kept.say(capsys, "gc", "--older=0", "--grace=0", store).code == 0
    assert open_run("4", url).state == "RUNNING"


def test_gc_removes_unnamed_files(capsys, url):
    """Bytes that no run names go once they are old enough, on every store; a dry run only counts them."""
    store = f"--store={url}"
    opened = open_store(url)
    orphan = opened.put_blob(b"orphan").sha256
    opened.close()
    assert json.loads(kept.say(capsys, "gc", "--json", store).out)["files"] == 0
    dry = json.loads(kept.say(capsys, "gc", "--grace=0", "--dry-run", "--json", store).out)["files"]
    assert open_store(url).has_blob(orphan)
    assert json.loads(kept.say(capsys, "gc", "--grace=0", "--json", store).out)["files"] == dry >= 1
    assert not open_store(url).has_blob(orphan)
    assert kept.say(capsys, "verify", "1", "2", "3", store).code == 0


def test_gc_refuses_to_guess(capsys, place, tmp_path):
    """While a run cannot be read, nobody knows which files it names: they stay, and the exit code is 1."""
    opened = open_store(place)
    orphan = opened.put_blob(b"orphan").sha256
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    assert kept.say(capsys, "gc", "--grace=0", f"--store={place}").code == 1
    assert opened.has_blob(orphan)


# -- verify --------------------------------------------------------------------------------------------


def test_verify_whole_stores(capsys, url):
    """Runs that are whole on any store have no faults; bytes that several name are read once."""
    said = kept.say(capsys, "verify", "--json", f"--store={url}")
    found = json.loads(said.out)
    assert (said.code, found["runs"], found["files"], found["faults"]) == (0, 4, 4, [])


def test_verify_finds_every_fault(capsys, place, tmp_path):
    """Missing and changed bytes, a changed config, cut streams and unreadable records are named, run by run."""
    folder = tmp_path / "runs"
    files = {ref.path: ref.sha256 for ref in open_run("1", place).record.files}
    blob(tmp_path, files["model.bin"]).write_bytes(b"other" * 1000)
    blob(tmp_path, files["train.py"]).unlink()
    config = next(name for name in ("run.json", "config.json") if '"lr"' in (folder / "3" / name).read_text())
    text = (folder / "3" / config).read_text()
    (folder / "3" / config).write_text(re.sub(r'"lr": ?0\.1', '"lr": 0.2', text))
    (folder / "2" / "run.json").write_text("{")
    said = kept.say(capsys, "verify", "--json", f"--store={place}")
    faults = {(fault["id"], fault["what"], fault["part"]) for fault in json.loads(said.out)["faults"]}
    uid = next(key.uid for key in open_store(place).ids() if key.id == "2")
    assert said.code == 1
    assert faults == {
        ("1", "changed", "artifact model.bin"),
        ("1", "missing", "source train.py"),
        (f"~{uid}", "unreadable", "record"),
        ("3", "changed", "config"),
        ("3", "changed", "artifact model.bin"),
        ("4", "changed", "artifact model.bin"),
        ("4", "missing", "source train.py"),
    }


def test_verify_one_run(capsys, place, tmp_path):
    """A run that is named is looked at alone, be it damaged or in the trash."""
    (tmp_path / "runs" / "2" / "run.json").write_text("{")
    open_run("1", place).trash()
    store = f"--store={place}"
    assert kept.say(capsys, "verify", "1", "3", store).code == 0
    said = kept.say(capsys, "verify", "2", store)
    assert (said.code, len(said.lines), "record is unreadable" in said.out) == (1, 1, True)
    assert kept.say(capsys, "verify", "99", store).code == 1


def test_verify_streams_and_later_facts(capsys, place, tmp_path):
    """Metrics that cannot be read any more, and later facts, are named as well."""
    run = open_run("1", place)
    run.tag("x")
    run.store.close()
    uid = run.uid
    for folder, _, names in os.walk(tmp_path / "runs" / ".expkit" / "annotations" / uid):
        for name in names:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"\x00 no json\n{}\n")
    points = next((tmp_path / "runs" / "1").glob("*.points"))
    points.chmod(stat.S_IRUSR | stat.S_IWUSR)
    points.write_bytes(b"not points at all, and long enough to be a slot" * 3)
    found = json.loads(kept.say(capsys, "verify", "1", "--json", f"--store={place}").out)["faults"]
    assert [(fault["what"], fault["part"]) for fault in found] == [
        ("unreadable", "streams"),
        ("unreadable", "later facts"),
    ]


def test_verify_runs_by_experiments(capsys, tmp_path):
    """What an experiment records is whole, also with secrets, awkward values and arrays in its config."""
    numpy = pytest.importorskip("numpy")
    from expkit import Experiment

    experiment = Experiment("real", interactive=True, observers=[f"folder:{tmp_path / 'real'}"])

    @experiment.config
    def config():
        api_key = "s3cret"
        weights = numpy.arange(5000.0)
        pair = (1, 2.0, -0.0)
        nested = {"a.b": {1: None}, "nan": float("nan")}

    @experiment.main
    def main(_run, weights):
        _run.log_scalar("sum", weights.sum())
        return weights

    experiment.run(config_updates={"pair": (3, 4)})
    said = kept.say(capsys, "verify", f"--store={tmp_path / 'real'}")
    assert (said.code, said.out) == (0, "")


# -- what they print -----------------------------------------------------------------------------------


def test_golden(capsys, place, tmp_path):
    """What these commands print."""
    store = f"--store={place}"
    files = {ref.path: ref.sha256 for ref in open_run("3", place).record.files}
    commands = [("du", store), ("du", "--limit=1", "state=COMPLETED", store), ("verify", store), ("gc", store)]
    commands += [("rm", "3", store), ("gc", "--older=0", "--dry-run", store), ("gc", "--older=0", store)]
    first = kept.transcript(capsys, commands, str)
    kept.say(capsys, "gc", "--grace=0", store)
    assert not open_store(place).has_blob(files["train.py"])
    blob(tmp_path, files["model.bin"]).unlink()
    text = first + kept.transcript(capsys, [("verify", store)], str)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    kept.is_golden("keep", text.replace(place, "runs").replace(place.removeprefix("folder:"), "runs"))


JSON = """
diff 1 3
compare 1 2 3
tag 1 x
note 1 x
rename 1 x
rm 1 2
gc --dry-run
du
verify
doctor
ls
ls --trash
show 1
metrics 1
output 1
files 1
cat 1 train.py
open 1 --print
export 1
export 1 --points
completion bash
sync
schema --list
"""
"""Commands that print JSON, but for those that need another place."""


@pytest.mark.parametrize("command", JSON.strip().splitlines())
def test_json_fits_its_schema(capsys, place, command):
    """What a command prints with --json, as a document or line by line, is as its schema says, and has no other keys."""
    words = command.split()
    if "--trash" in words:
        open_run("1", place).trash()
    schema = json.loads(kept.say(capsys, "schema", words[0]).out)
    known = schema if words[0] == "show" else {**schema, "additionalProperties": False}
    where = [] if words[0] in WITHOUT_STORE else [f"--store={place}"]
    said = kept.say(capsys, *words, "--json", *where)
    is_document = said.out[1] == "\n"
    for text in [said.out] if is_document else said.lines:
        jsonschema.validate(json.loads(text), known)
    assert said.out


def test_every_command_is_asked_for_json():
    """No command is missing among those whose JSON is compared with its schema."""
    assert {line.split()[0] for line in JSON.strip().splitlines()} | {"copy", "import"} == set(COMMANDS)


def test_json_of_copies(capsys, place, sample, tmp_path):
    """What is copied, or imported, is told as the schema says."""
    for command, source in (("copy", place), ("import", sample("tensorboard"))):
        schema = json.loads(kept.say(capsys, "schema", command).out)
        said = kept.say(capsys, command, str(source), f"tinydb:{tmp_path / command}", "--json")
        assert json.loads(said.out)
        jsonschema.validate(json.loads(said.out), {**schema, "additionalProperties": False})
