"""Names on disk: of runs, of artifacts, and of everything that a finished run leaves."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import RunExistsError, RunNotFoundError, StoreError, StoreNameError
from expkit.readers import Runs, open_run
from expkit.record.events import Beat, Completed, FileAdded
from expkit.record.model import FileRef
from expkit.stores.disk.layout import RunLayout, check_id
from expkit.stores.folder.store import FolderStore
from expkit.stores.urls import open_store


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/",
        "/a",
        "a//b",
        "../a",
        "a/../../b",
        "a/./b",
        "C:\\a",
        "C:a",
        "a\\b",
        "a\0b",
        "a\nb",
        "x" * 256,
        "\ud800",
    ]
    + [
        "run.json",
        "config.json",
        "info.json",
        "cout.txt",
        "metrics.json",
        "lease.json",
        "files",
        "RUN.JSON",
        "Info.json/x",
    ]
    + ["run.json.", "run.json ", "Run.Json. .", "files.", "FILES/x", "cout.txt/x", "metrics-0-0.points/x"]
    + ["\uff52un.json", "run\u200c.json", "R\u200bUN.json", "\ufb01les", "in\ufb00o.json".replace("\ufb00", "\uff46")]
    + ["cout-1-0.txt", "cout.raw", "events.jsonl", "events-1-2.jsonl", "metrics-0-0.points", "status-1.json"],
)
def test_bad_artifact_names(store, log, name):
    """An artifact's name can neither leave the run's folder nor hide a file of the record."""
    before = sorted(store.root.rglob("*"))
    with pytest.raises(StoreNameError, match="artifact"):
        log.keep(b"x", FileRef(path=name, role="artifact", root="run"))
    assert sorted(store.root.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["CON", "nul.txt", "a/aux.png", "com1", "a?", 'say "hi"', "a.", "plots /a", "plot a:b"]
)
def test_names_that_windows_keeps(store, log, monkeypatch, name):
    """Names of devices, and such as Windows changes, are refused there; elsewhere they are names like others."""
    log.keep(b"x", FileRef(path=name, role="artifact", root="run"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("expkit.stores.disk.layout.os.name", "nt")
        with pytest.raises(StoreNameError, match="Windows"):
            RunLayout("/nowhere/runs", "1").artifact(name)


@pytest.mark.parametrize(
    "name", ["größe.png", "файл", "a b.txt", "...x", "run.json.bak", "files/a.txt", ".hidden", "日本/語"]
)
def test_good_artifact_names(store, log, name):
    """Other names, in any script, are fine."""
    log.keep(b"x", FileRef(path=name, role="artifact", root="run"))
    assert (log.folder / name).read_bytes() == b"x"


def test_a_link_is_replaced_and_never_followed(log, tmp_path):
    """A link under an artifact's own name gives way; what it leads to keeps its bytes."""
    (tmp_path / "precious").write_bytes(b"mine")
    (log.folder / "a.txt").symlink_to(tmp_path / "precious")
    log.keep(b"x", FileRef(path="a.txt", role="artifact", root="run"))
    assert (log.folder / "a.txt").read_bytes() == b"x"
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_an_artifact_is_replaced_by_name(store, log):
    """A second artifact of one name takes the place of the first; the bytes of both are kept."""
    for data in (b"one", b"two"):
        log.write(FileAdded(time=datetime.now(timezone.utc), file=log.keep(data, FileRef(path="a", role="artifact"))))
    log.close()
    (ref,) = [ref for ref in store.load("1").files if ref.role == "artifact"]
    with store.open_blob(ref.sha256) as file:
        assert file.read() == b"two" == (log.folder / "a").read_bytes()


def test_links_out_of_the_folder(log, tmp_path):
    """A link in the run's folder is no way out of it."""
    (tmp_path / "elsewhere").mkdir()
    (log.folder / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreNameError, match="leads out"):
        log.keep(b"x", FileRef(path="sub/x", role="artifact", root="run"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@given(st.text(alphabet="ab./\\: \0\n\u00e9", max_size=12))
def test_accepted_names_stay_inside(name):
    """Whatever name is accepted, its place is below the run's folder."""
    run = RunLayout("/nowhere/runs", "1")
    try:
        place = run.artifact(name)
    except StoreNameError:
        return
    assert place.startswith("/nowhere/runs/1/")
    assert not {"..", ".", ""} & set(place.split("/")[4:])


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "_sources", "a/b", "a\\b", "what?", "a\n", "a.", "a ", "x" * 256]
)
def test_bad_ids(store, new_record, name):
    """An id that cannot be the name of a visible folder everywhere is refused, and nothing is made."""
    with pytest.raises(StoreNameError, match="id"):
        store.create(new_record(), id=name)
    assert store.ids() == []


def test_ids_that_windows_refuses():
    """A time of day is the id of a run as scripts make it, where folders can have such names."""
    assert check_id("2026-03-01 10:20:30") == "2026-03-01 10:20:30"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("expkit.stores.disk.layout.os.name", "nt")
        with pytest.raises(StoreNameError, match="id"):
            check_id("2026-03-01 10:20:30")


@pytest.mark.parametrize("name", ["7", "baseline", "lr=0.1", "2026-03-01 best", "größe", "007"])
def test_good_ids(store, new_record, name):
    """Other texts are fine."""
    assert check_id(name) == store.create(new_record(), id=name, bind=True)
    with pytest.raises(RunExistsError, match=name):
        store.create(new_record(), id=name, bind=True)


def test_the_tree_of_a_finished_run(store, log, tmp_path):
    """A finished run has these files and no others; the store's own things lie in one hidden folder."""
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    for data, ref in (
        (source, FileRef(path="a.py", role="source")),
        (b"1,2\n", FileRef(path="data.csv", role="resource", root="elsewhere")),
        (b"png", FileRef(path="plots/a.png", role="artifact", root="run")),
        (b"seen", FileRef(path="in.csv", role="input")),
    ):
        log.write(FileAdded(time=datetime.now(timezone.utc), file=log.keep(data, ref)))
    log.output.write_bytes(b"hello\n")
    log.points.add("loss", 1.0)
    (log.files / "notes.txt").write_text("mine")
    log.write(Beat(time=datetime.now(timezone.utc), info={"a": 1}))
    log.write(Completed(time=datetime.now(timezone.utc)))
    log.close()
    names = {re.sub("_[0-9a-f]{32}", "_MD5", str(path.relative_to(store.root))) for path in files_below(store.root)}
    hidden = {name for name in names if name.startswith(".expkit/")}
    assert names - hidden == {
        "1/config.json",
        "1/cout.txt",
        "1/files/notes.txt",
        "1/info.json",
        "1/metrics-0-0.points",
        "1/metrics.json",
        "1/plots/a.png",
        "1/run.json",
        "_resources/data_MD5.csv",
        "_sources/a_MD5.py",
    }
    places = {name.split("/")[1] for name in hidden}
    assert places == {"blobs", "changes", "format.json", "last-id", "reserve", "reserve-points", "uids"}


def test_a_moved_store_is_the_same(store, log, root):
    """Nothing in a store depends on where it lies."""
    ref = log.keep(b"x = 1\n", FileRef(path="a.py", role="source"))
    log.write(FileAdded(time=datetime.now(timezone.utc), file=ref))
    log.close()
    expected = store.load("1")
    moved = root.rename(root.with_name("moved"))
    other = FolderStore(moved)
    assert other.load(expected.uid) == expected
    assert other.blob_path(ref.sha256).read_bytes() == b"x = 1\n"
    assert not any(str(root).encode() in path.read_bytes() for path in files_below(moved))


def test_relative_roots_are_those_of_the_beginning(tmp_path, monkeypatch, new_record):
    """A store whose folder was given relative to the current one stays there when the program moves on."""
    monkeypatch.chdir(tmp_path)
    store = FolderStore("runs")
    assert (store.url, store.root) == ("folder:runs", tmp_path / "runs")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    store.create(new_record())
    assert (tmp_path / "runs" / "1" / "run.json").is_file()


def test_runs_that_are_gone():
    """A run whose folder is not there has no streams."""
    assert list(RunLayout("/nowhere/runs", "1").streams()) == []


@pytest.mark.parametrize("scheme", ["", "folder:", "tinydb:", "sqlite:///", "tensorboard:", "mlflow:", "wandb:"])
@pytest.mark.parametrize(
    ("path", "why"),
    [("a\0b", "takes such characters"), ("a\ud800", "takes such characters"), ("x" * 5000, "is too long")],
)
def test_places_that_no_disk_has(scheme, path, why):
    """What cannot be the path of a store is refused in a sentence, whichever kind of store it is to be."""
    with pytest.raises(StoreError, match=rf"'.*'.* cannot be the path of a store: .*{why}") as refused:
        open_store(f"{scheme}{path}")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\ud800", 10**30])
def test_names_that_nothing_has(store, new_record, name):
    """Whoever asks for what cannot be there learns that it is not, as for any other name."""
    store.create(new_record())
    run = Runs(store)["1"]
    for ask in (lambda: Runs(store)[name], lambda: run.artifacts[name], lambda: run.metrics[name]):
        with pytest.raises((RunNotFoundError, LookupError)):
            ask()
    with pytest.raises(RunNotFoundError):
        open_run(name, store)
