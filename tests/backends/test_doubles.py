"""The tests of faults see what a backend keeps twice: without that, "nothing is there twice" says nothing."""

import pytest

from expkit import open_store
from expkit.record.model import OUTPUT, Point, StreamKey
from expkit.stores.remote import layout
from expkit.stores.sql import tables
from expkit.testing.samples import sample_record

from .kinds import BACKENDS

UID = "5" * 32


def filled(url, status="COMPLETED"):
    store = open_store(url)
    store.create(sample_record(uid=UID, status=status))
    store.append(UID, StreamKey(), 0, [Point("loss", step, 1.0 / step, 1.0) for step in (1, 2, 3)])
    store.append(UID, StreamKey(OUTPUT), 0, b"abc")
    store.put_blob(b"x")
    return store


def a_point(connection):
    (metric,) = connection.execute(tables.metrics.select().where(tables.metrics.c.name == "loss"))
    connection.execute(tables.points.insert().values(metric=metric.number, position=3, step=3, value=0.3, time=1.0))


def a_chunk(connection):
    (chunk,) = connection.execute(tables.output.select())
    connection.execute(tables.output.insert().values(stream=chunk.stream, position=2, text="c"))


def a_piece(connection):
    blob = connection.execute(tables.blobs.select()).first()
    connection.execute(tables.pieces.insert().values(blob=blob.number, position=7, data=b"x"))


@pytest.mark.parametrize("more", [a_point, a_chunk, a_piece])
def test_tables(tmp_path, more):
    """Rows of an SQL database of which there are more than were told are seen; the others are in order."""
    backend, store = BACKENDS["sqlite"], filled(f"sqlite:///{tmp_path}/runs.db")
    assert (backend.steps(store, UID), backend.doubles(store)) == ([1, 2, 3], [])
    store.server.write(more)
    assert len(backend.doubles(store)) == 1
    assert backend.steps(store, UID) == ([1, 2, 3, 3] if more is a_point else [1, 2, 3])
    store.close()


@pytest.mark.parametrize("status", ["RUNNING", "COMPLETED"])
def test_objects(tmp_path, status):
    """Pieces that lie partly in others are seen, and of a run that has ended all that lie in others."""
    backend, store = BACKENDS["s3"], filled(f"file://{tmp_path}/runs", status)
    assert (backend.steps(store, UID), backend.doubles(store)) == ([1, 2, 3], [])
    folder = layout.stream_folder(UID, StreamKey(OUTPUT))
    store.media.put(layout.piece(folder, 1, 2), b"b")
    assert len(backend.doubles(store)) == (0 if status == "RUNNING" else 1)
    store.media.put(layout.piece(folder, 2, 5), b"cde")
    assert len(backend.doubles(store)) == (1 if status == "RUNNING" else 2)
    store.close()


def test_a_blob_under_two_names(tmp_path):
    """Bytes that lie under two names are seen."""
    backend, store = BACKENDS["s3"], filled(f"file://{tmp_path}/runs")
    (name,) = (item.name for item in store.media.items(layout.BLOBS))
    store.media.put(f"{layout.BLOBS}/{name.removeprefix(layout.BLOBS).replace('/', '')}", b"x")
    assert len(backend.doubles(store)) == 1
    store.close()
