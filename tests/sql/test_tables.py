"""The tables: what people find in them, how they grow, and how those of older versions are brought up to date."""

from __future__ import annotations

import math
import sqlite3
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, func, select, text, update

from expkit import open_store
from expkit.errors import FormatError, RunNotFoundError
from expkit.record.model import OUTPUT, FileRef, Point, StreamKey
from expkit.stores.sql import tables
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import AWKWARD, sample_annotation, sample_lease, sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT, at_once

VERSION_1 = Path(__file__).with_name("version1.sql")

PATHS = {
    "sqlite": "json_extract({0}, '$.{1}')",
    "postgresql": "({0} ->> '{1}')",
    "mysql": "JSON_VALUE({0}, '$.{1}')",
}
"""How each database looks into a JSON column."""


def ask(store, statement):
    """Rows of a query as people type it."""
    return store.server.read(lambda connection: [tuple(row) for row in connection.execute(text(statement))], list)


def count(store, table):
    """Rows of a table."""
    return store.server.read(lambda connection: connection.scalar(select(func.count()).select_from(table)), int)


def test_config_and_result_can_be_queried(store):
    """Entries of config, result and info are conditions of a query, in each database's own words."""
    for number in range(4):
        store.create(
            sample_record(config={"lr": 0.1 * number, "name": "ü"}, result={"acc": number}, info={"n": number})
        )
    lr, acc, name = (
        PATHS[store.place.kind].format(*each) for each in (("config", "lr"), ("result", "acc"), ("config", "name"))
    )
    found = ask(
        store, f"SELECT id FROM expkit_runs WHERE CAST({lr} AS DECIMAL(9, 3)) > 0.15 AND {name} = 'ü' ORDER BY id"
    )
    assert found == [("3",), ("4",)]
    assert ask(store, f"SELECT id FROM expkit_runs WHERE CAST({acc} AS DECIMAL(9, 3)) = 2") == [("3",)]


def test_what_people_read(store):
    """Runs, metrics, output, files, notes and signs of life stand in tables, in plain columns."""
    ref = FileRef(path="out/ü.bin", role="artifact", sha256="ab" * 32, size=7)
    run = store.create(
        sample_record(files=(ref,), seed=11, fail_trace=("Traceback", "ZeroDivisionError")), lease=sample_lease()
    )
    store.append(run, LOSS, 0, [Point("loss", 1, 0.5, 1.7e9), Point("acc", 2, 3, 1.7e9, (("phase", "train"),))])
    store.append(run, TEXT, 0, "schöner ☃ text\n".encode())
    store.annotate(run, sample_annotation("why"))
    assert ask(store, "SELECT id, name, status, seed, fail_trace FROM expkit_runs") == [
        ("1", "sample", "RUNNING", 11, "Traceback\nZeroDivisionError")
    ]
    joined = "expkit_points p JOIN expkit_metrics m ON m.number = p.metric JOIN expkit_runs r ON r.number = m.run"
    assert ask(store, f"SELECT r.id, m.name, p.step, p.value FROM {joined} ORDER BY p.position") == [
        ("1", "loss", 1, 0.5),
        ("1", "acc", 2, 3.0),
    ]
    assert ask(store, "SELECT text FROM expkit_output") == [("schöner ☃ text\n",)]
    assert ask(store, "SELECT role, path, size FROM expkit_files") == [("artifact", "out/ü.bin", 7)]
    assert ask(store, "SELECT action, author FROM expkit_annotations") == [("note", "somebody")]
    assert ask(store, "SELECT host, pid FROM expkit_leases") == [("elsewhere", 1)]
    assert ask(store, "SELECT what FROM expkit_changes ORDER BY number") == [("created",), ("annotated",)]


def test_what_columns_cannot_say(store):
    """Values that a JSON column does not take are shown as near as can be; the record has them exactly."""
    deep = {}
    for _ in range(200):
        deep = {"in": deep}
    odd = {**AWKWARD, "deep": deep, "half": "\ud800", "nul": "a\0b", "long": "x" * 2_000_000}
    record = sample_record(
        config=odd, info={"k" * 10_000: "\0", "big": [2**70]}, result={"!expkit": "float", "value": "inf"}, name="a\0b"
    )
    run = store.create(record)
    assert store.load(run) == record.but(id=run)
    ((config, info, result, name),) = ask(store, "SELECT config, info, result, name FROM expkit_runs")
    assert "too large to be shown" in str(config) and str(2**70) in str(info)
    assert "inf" in str(result) and name == "a\\0b"


def test_points_survive_exactly(store):
    """Numbers that columns of a database change or refuse come back as they were."""
    run = store.create(sample_record())
    values = [
        5e-324,
        1.7976931348623157e308,
        0.1 + 0.2,
        1 / 3,
        -0.0,
        0.0,
        123456789.123456789,
        1e22,
        3,
        2**53 + 1,
        True,
        math.inf,
        None,
    ]
    points = [Point("v", 2**63 - 1 - number, value, 1.7e9 + number / 7) for number, value in enumerate(values)]
    points += [Point("k" * 10_000 + "\0\ud800", -(2**63), 1.0, 0.1, (("a", "\0"),), "x")]
    store.append(run, LOSS, 0, points)
    assert repr(store.read(run, LOSS)) == repr(points)


def by_metric(points):
    """The columns of points as lists, metric by metric."""
    found = {}
    for name, step, value, time, tags, kind in points:
        for column, item in zip(found.setdefault((name, tags, kind), ([], [], [])), (step, value, time), strict=True):
            column.append(item)
    return found


def in_columns(store, run):
    """The same, as the store gives it column by column."""
    columns = store.columns(run, LOSS).items()
    return {series: tuple(np.asarray(each, dtype=object).tolist() for each in three) for series, three in columns}


def many_points():
    """Metrics that are plain, of whole numbers, with some values that columns cannot say, and with long numbers alone."""
    odd = {7: math.nan, 8: -0.0, 9: math.inf, 20_000: 3, 20_001: "text", 20_002: None, 23_999: 2**70}
    points = []
    for number in range(24_000):
        time = 1.7e9 + number / 7
        points.append(Point("plain", number - 9, number / 3, time))
        points.append(Point("odd", 2**62 - number, odd.get(number, 1e-300 * number), time, (("phase", "train"),)))
    points += [Point("late", number, 0.1, 1.7e9) for number in (5, 2, 2**63 - 1, -(2**63), 3)]
    return points + [Point("whole", number, number, 1.7e9) for number in range(5)]


def test_columns_are_what_reading_gives(store):
    """Column by column points are, order and types included, what they are one by one, over many packets; so are metrics."""
    run, points = store.create(sample_record()), many_points()
    store.append(run, LOSS, 0, points)
    assert repr(in_columns(store, run)) == repr(by_metric(points))
    assert all(isinstance(column, np.ndarray) for column in store.columns(run, LOSS)["plain", (), "scalar"])


def test_columns_of_a_server_that_cuts_texts(store):
    """Columns are whole, also where a server would cut off what is packed into a text."""
    if store.place.kind == "mysql":
        event.listen(store.server.engine, "connect", lambda raw, _: raw.query("SET SESSION group_concat_max_len = 100"))
    run = store.create(sample_record())
    store.append(run, LOSS, 0, points := sample_points(100))
    store.server.engine.dispose()
    assert in_columns(store, run) == by_metric(points)


def test_columns_of_many_metrics(store):
    """A few statements give the points of hundreds of metrics on a server; none of them is lost between two questions."""
    run = store.create(sample_record())
    store.append(run, LOSS, 0, points := [Point(f"m{number % 501}", number, 0.5, 1.7e9) for number in range(1002)])
    assert in_columns(store, run) == by_metric(points)
    if store.place.kind != "sqlite":
        assert statements(store, lambda: store.columns(run, LOSS)) < 10


def statements(store, work):
    """How many statements ``work`` sends; one for many rows counts once."""
    sent = []

    def note(conn, cursor, statement, parameters, context, executemany):
        sent.append(statement)

    event.listen(store.server.engine, "before_cursor_execute", note)
    work()
    event.remove(store.server.engine, "before_cursor_execute", note)
    return len(sent)


def test_a_beat_is_a_few_statements(store):
    """A beat is as many statements with 5,000 points as with one, and as many after 20,000 points as before."""
    record = sample_record()
    run = store.create(record)
    store.append(run, LOSS, 0, sample_points(10))
    store.save(record)

    def beat(offset, size):
        store.append(run, LOSS, offset, sample_points(size, offset))
        store.save(record.but(info={"n": offset}))

    few = statements(store, lambda: beat(10, 1))
    assert statements(store, lambda: beat(11, 5000)) == few
    store.append(run, LOSS, 5011, sample_points(15_000, 5011))
    assert statements(store, lambda: beat(20_011, 1)) == few <= 14


def test_only_what_changed_is_written(store):
    """Saving the same config again does not send it again."""
    record = sample_record(config={"long": "x" * 100_000})
    store.create(record)
    store.save(record)
    sizes = []

    def note(conn, cursor, statement, parameters, context, executemany):
        sizes.append(len(str(parameters)))

    event.listen(store.server.engine, "before_cursor_execute", note)
    store.save(record.but(info={"n": 1}))
    event.remove(store.server.engine, "before_cursor_execute", note)
    assert sum(sizes) < 20_000


def test_output_in_chunks(store):
    """Long output is kept in chunks, text as text and the rest as bytes, and read from any place."""
    run = store.create(sample_record())
    data = b"line of text\n" * 200_000 + bytes(range(256)) * 10
    store.append(run, TEXT, 0, data)
    store.append(run, TEXT, len(data), b"more")
    assert store.read(run, TEXT) == data + b"more"
    assert store.read(run, TEXT, 1_500_000, 1000) == data[1_500_000:1_501_000]
    rows = ask(store, "SELECT CASE WHEN text IS NULL THEN 1 ELSE 0 END FROM expkit_output ORDER BY position")
    assert rows == [(0,), (0,), (1,), (0,)]


def test_sweep_removes_what_deleted_runs_logged(store):
    """Points and output of a deleted run go with the next sweep; those of others stay."""
    for _ in range(2):
        run = store.create(sample_record())
        store.append(run, LOSS, 0, sample_points(5))
        store.append(run, StreamKey(OUTPUT), 0, b"text")
    store.delete(1)
    store.sweep(0)
    assert [count(store, table) for table in (tables.points, tables.metrics, tables.output, tables.streams)] == [
        5,
        1,
        1,
        2,
    ]
    assert store.read(2, LOSS) == sample_points(5)


def test_reading_makes_nothing(databases, tmp_path):
    """Who only asks makes no tables, no file and no folder."""
    url = databases.bare(tmp_path)
    store = SqlStore(url)
    assert (store.ids(), list(store.find()), store.changes(), store.has_blob("ab" * 32), store.sweep()) == (
        [],
        [],
        ([], "0"),
        False,
        0,
    )
    with pytest.raises(RunNotFoundError):
        store.renew(1, sample_lease())
    assert not store.server.is_there() and list(tmp_path.iterdir()) == []
    store.close()


def test_tables_made_at_once(databases, tmp_path):
    """Several that begin with an empty database make its tables once."""
    url = databases.bare(tmp_path)
    stores = [SqlStore(url) for _ in range(6)]
    assert sorted(at_once(lambda number: stores[number].create(sample_record()), 6)) == [1, 2, 3, 4, 5, 6]
    for store in stores:
        store.close()


# -- other versions ---------------------------------------------------------------------------------------------


def test_a_database_of_version_1(tmp_path):
    """A file that version 1 wrote is brought up to date where it lies: nothing is lost, and what is new is filled in."""
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(VERSION_1.read_text())
    connection.close()
    store = open_store(f"sqlite:///{tmp_path}/old.db")
    assert ask(store, "SELECT id, seed, parent FROM expkit_runs") == [("1", 7, None), ("2", 8, f"{1:032x}")]
    assert ask(store, "SELECT version FROM expkit_store") == [(tables.VERSION,)]
    record = store.load(2)
    assert (record.result, record.seed, record.status) == ({"acc": 1.5}, 8, "COMPLETED")
    assert (store.read(2, LOSS), store.read(2, TEXT)) == (sample_points(3), b"hello\n")
    assert [each.value for each in store.annotations(1)] == ["why"]
    assert store.open_blob(record.files[0].sha256).read() == b"weights"
    assert store.create(sample_record()) == 3
    store.close()


def go_back(store):
    """Make tables what they were in version 1."""

    def work(connection):
        for column in ("parent", "seed"):
            connection.execute(text(f"ALTER TABLE expkit_runs DROP COLUMN {column}"))
        connection.execute(tables.store.update().values(version=1))

    store.server.write(work)
    store.close()


def test_upgrades_on_every_database(databases, tmp_path):
    """Tables of version 1 are brought up to date in each database, once, also by several at once and when broken off."""
    url = databases.bare(tmp_path)
    with_runs = SqlStore(url)
    records = [sample_record(seed=seed) for seed in (1, 2**70, None)]
    for record in records:
        with_runs.create(record)
    go_back(with_runs)
    stores = [SqlStore(url) for _ in range(4)]
    assert at_once(lambda number: len(stores[number].ids()), 4) == [3] * 4
    assert ask(stores[0], "SELECT seed FROM expkit_runs ORDER BY number") == [(1,), (None,), (None,)]
    assert [stores[1].load(record.uid).seed for record in records] == [1, 2**70, None]
    stores[2].server.write(lambda connection: connection.execute(tables.store.update().values(version=1)))
    for store in stores:
        store.close()
    again = SqlStore(url)
    assert ask(again, "SELECT version FROM expkit_store") == [(tables.VERSION,)]
    again.close()


def test_a_newer_database(store):
    """Tables that a newer version made are left alone, and a sentence says so."""
    store.create(sample_record())
    store.server.write(lambda connection: connection.execute(tables.store.update().values(version=99)))
    other = SqlStore(store.place)
    with pytest.raises(FormatError, match="a newer version of expkit made them"):
        other.ids()
    other.close()
    store.server.write(lambda connection: connection.execute(tables.store.update().values(version=tables.VERSION)))


@pytest.mark.parametrize("use", ["put", "has"])
def test_bytes_that_are_used_once_more_are_new(store, use):
    """Old bytes that nobody names, put once more or looked for, outlive a sweep: a record is about to name them."""
    name = store.put_blob(b"bytes").sha256
    store.server.write(lambda connection: connection.execute(update(tables.blobs).values(time=datetime(2020, 1, 1))))
    assert store.sweep(86400, dry_run=True) == 1
    assert store.put_blob(b"bytes").sha256 == name if use == "put" else store.has_blob(name)
    assert store.sweep(86400) == 0
    assert store.has_blob(name)
    assert store.sweep(0) == 1
    assert not store.has_blob(name)
