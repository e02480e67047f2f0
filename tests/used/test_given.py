"""Inputs that a program names itself, and how runs are found by the files they used."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pandas as pd
import pytest

from expkit import Experiment
from expkit.errors import NoActiveRunError
from expkit.observers.store import StoreObserver
from expkit.record.query import And, Compare
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore


def given(tmp_path, things, **names):
    """The inputs of a run that is handed things."""
    ex = Experiment(
        "given",
        interactive=True,
        base_dir=tmp_path,
        save_git_info=False,
        observers=[StoreObserver(FolderStore(tmp_path / "runs"))],
    )

    @ex.main
    def main(_run):
        for thing in things:
            assert _run.input(thing, **names) is thing

    return ex.run().record


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_arrays_frames_bytes_and_text_count_by_content(tmp_path):
    """Their hash is that of the file that numpy.save or to_csv would write; small ones are kept."""
    array, frame = np.arange(6.0).reshape(2, 3), pd.DataFrame({"a": [1, 2]})
    file = io.BytesIO()
    np.save(file, array)
    record = given(tmp_path, [array, frame, b"abc"])
    refs = record.files_of("input")
    assert [ref.sha256 for ref in refs] == [
        sha(file.getvalue()), sha(frame.to_csv().encode()), sha(b"abc")
    ]  # fmt: skip
    assert all(ref.kept for ref in refs) and record.gaps == ()
    assert refs[0].metadata == {"type": "numpy.ndarray", "shape": [2, 3], "dtype": "float64"}
    with FolderStore(tmp_path / "runs").open_blob(refs[2].sha256) as kept:
        assert kept.read() == b"abc"


def test_large_things_are_hashed_only(tmp_path):
    """More than MAX_KEPT_SIZE is not kept."""
    (ref,) = given(tmp_path, [bytes(2_000_000)]).files_of("input")
    assert (ref.kept, ref.size, ref.sha256) == (False, 2_000_000, sha(bytes(2_000_000)))


def test_urls_are_masked_and_paths_are_files(tmp_path):
    """Of a URL the address without its secrets; of a path the bytes of the file."""
    (tmp_path / "data.bin").write_bytes(b"x")
    url, file = given(tmp_path, ["https://me:canary@host/data?token=canary&n=1", tmp_path / "data.bin"]).files_of(
        "input"
    )
    assert "canary" not in repr(url) and "host/data" in url.path and url.sha256 == ""
    assert (file.path, file.sha256) == ("data.bin", sha(b"x"))


@pytest.mark.parametrize("text", ["dta.csv", "see https://host/data", "https://host/my data", "://x", "x\n" * 1000, ""])
def test_a_text_that_is_neither_url_nor_file_needs_a_name(tmp_path, text):
    """It may be a misspelt path: without a name it is an error that says so, and nothing is recorded."""
    with pytest.raises(ValueError, match="there is no such file, and it is no URL.*name=") as caught:
        given(tmp_path, [text])
    assert len(str(caught.value)) < 300
    store = FolderStore(tmp_path / "runs")
    (row,) = store.find(Compare("name", "==", "given"))
    assert store.load(row["uid"]).files_of("input") == ()
    (ref,) = given(tmp_path, [text], name="prompt").files_of("input")
    assert (ref.path, ref.sha256) == ("prompt", sha(text.encode()))


def test_a_string_with_the_name_of_a_file_is_the_file(tmp_path, monkeypatch):
    """Its bytes count, not the string's; a path object is always a path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.bin").write_bytes(b"x")
    assert given(tmp_path, ["data.bin"]).files_of("input")[0].sha256 == sha(b"x")
    record = given(tmp_path, [tmp_path / "nowhere"])
    assert record.files_of("input") == () and "nowhere" in record.gaps[0]


def test_a_name_of_the_users(tmp_path):
    """The name is under which it is recorded."""
    assert given(tmp_path, [b"x"], name="weights").files_of("input")[0].path == "weights"


def test_what_cannot_be_recorded_is_a_gap_and_no_error(tmp_path):
    """A thing that raises when it is looked at does not stop the program."""

    class Odd:
        @property
        def shape(self):
            raise RuntimeError("no")

    record = given(tmp_path, [Odd()])
    assert record.files_of("input") == () and len(record.gaps) == 1
    assert record.status == "COMPLETED"


def test_input_needs_a_run():
    """Before the start there is nothing to record into."""
    ex = Experiment("given", interactive=True, observers=[])
    ex.main(lambda: None)
    with pytest.raises(NoActiveRunError):
        ex._create_run().input(b"x")


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_runs_are_found_by_the_hash_of_a_file(tmp_path, kind):
    """Whichever store, and whoever made the file: a name behind a list is looked up in each element."""
    store = FolderStore(tmp_path / "runs") if kind == "folder" else MemoryStore()
    ex = Experiment("found", interactive=True, base_dir=tmp_path, save_git_info=False, observers=[StoreObserver(store)])
    ex.add_config(data="one", seed=1)

    @ex.main
    def main(_run, data):
        _run.input(data.encode(), name=data)

    one, two = ex.run(), ex.run(config_updates={"data": "two"})
    by_hash = Compare("files.sha256", "contains", sha(b"two"))
    assert [row["uid"] for row in store.find(by_hash)] == [two.uid]
    assert [row["uid"] for row in store.find(And(by_hash, Compare("files.path", "contains", "one")))] == []
    assert [row["uid"] for row in store.find(Compare("files.path", "contains", "one"))] == [one.uid]
    assert not list(store.find(Compare("files.sha256", "contains", sha(b"none"))))
