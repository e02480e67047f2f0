"""Sweeping stores on a disk while others use them."""

import os

import pytest

from expkit.record.model import OUTPUT, FileRef, StreamKey
from expkit.stores import open_store
from expkit.stores.disk import files
from expkit.testing.samples import sample_record


@pytest.fixture(params=["folder", "tinydb"])
def url(request, tmp_path):
    """The URL of a store of each kind that lies on a disk."""
    return f"{request.param}:{tmp_path / 'runs'}"


def age(folder):
    """Make everything below a folder as old as can be."""
    for place, _, names in os.walk(folder, topdown=False):
        for path in (*(os.path.join(place, name) for name in names), place):
            os.utime(path, (1, 1))


def during_the_first_removal(monkeypatch, work):
    """Do something right behind the first removal of a file."""
    remove = files.remove

    def first(path):
        monkeypatch.setattr(files, "remove", remove)
        remove(path)
        work()

    monkeypatch.setattr(files, "remove", first)


def test_bytes_that_are_promised_during_a_sweep(url, tmp_path, monkeypatch):
    """Bytes for which somebody else looks while a sweep removes others stay: a run may name them at once."""
    store, other = open_store(url), open_store(url)
    blobs = [store.put_blob(bytes([number])).sha256 for number in range(5)]
    age(tmp_path)
    named = []

    def name():
        named.extend(FileRef(path=blob, role="artifact", sha256=blob, size=1) for blob in blobs if other.has_blob(blob))
        other.create(sample_record(files=tuple(named)))

    during_the_first_removal(monkeypatch, name)
    assert (store.sweep(grace=3600), len(named)) == (1, 4)
    assert all(store.has_blob(file.sha256) for file in named)


def test_two_sweeps_of_one_trash(url, tmp_path, monkeypatch):
    """A folder that another sweep removes meanwhile is no error, and each file counts once."""
    store, other = open_store(url), open_store(url)
    for _ in range(2):
        run = store.create(sample_record(files=()))
        store.append(run, StreamKey(OUTPUT), 0, b"hello")
        store.delete(run)
    age(tmp_path)
    there = store.sweep(grace=3600, dry_run=True)
    others = []
    during_the_first_removal(monkeypatch, lambda: others.append(other.sweep(grace=3600)))
    assert store.sweep(grace=3600) + others[0] == there >= 2
    assert store.sweep(grace=3600) == 0
