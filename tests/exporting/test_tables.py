"""Frames, files and lists are one table: the same columns under the same titles."""

import csv
import io

import pyarrow.parquet

from expkit import runs
from expkit.console.columns import USUAL, usual_table
from expkit.readers.exporting import as_csv, as_parquet
from expkit.record.codec import encode
from expkit.record.fields import FRIENDLY
from expkit.record.model import Point, RunRecord, StreamKey
from expkit.record.uid import new_uid
from expkit.stores.memory import MemoryStore


def filled():
    """Two runs with keys that need quotes, and with metrics that were measured by expkit."""
    store = MemoryStore()
    for number in (1, 2):
        config = encode({"a.b": number, "net": {"layers": [1, number]}, "ints": {1: "x"}, "empty": {}})
        record = RunRecord(
            uid=new_uid(), name="digits", command="main", status="COMPLETED", config=config, result=number
        )
        store.create(record)
        names = ("loss", "val.acc", "system/cpu")
        store.append(record.uid, StreamKey(), 0, [Point(name, 0, number / 2, 1.7e9) for name in names])
    return store


def csv_rows(selection):
    file = io.StringIO()
    as_csv.write_runs(selection, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def parquet_table(selection):
    file = io.BytesIO()
    as_parquet.write_runs(selection, file)
    return pyarrow.parquet.read_table(io.BytesIO(file.getvalue()))


def test_one_table():
    """Titles are fields as questions have them, the same in frames, tables of Arrow, CSV, Parquet and lists."""
    everything = runs(store=filled())
    frame, rows = everything.to_pandas(), csv_rows(everything)
    table = parquet_table(everything)
    assert list(rows[0]) == table.column_names
    assert list(frame.columns) == everything.to_arrow().column_names
    assert set(frame.columns) < set(rows[0])
    wanted = {
        'config."a.b"',
        "config.net.layers",
        "config.ints.1",
        "result",
        'metrics."val.acc".last',
        "metrics.loss.last",
    }
    assert wanted < set(frame.columns)
    for title in wanted:
        assert everything.select(title).to_pandas()[title].tolist() == frame[title].tolist()


def test_what_expkit_measured(monkeypatch):
    """Metrics of expkit's own are for programs, and for those who name them; lists and groups for eyes leave them out."""
    monkeypatch.setenv("COLUMNS", "300")
    store = filled()
    everything = runs(store=store)
    assert "metrics.system/cpu.last" in set(everything.to_pandas().columns) & set(csv_rows(everything)[0])
    [group] = everything.group_by("name")
    assert "metrics.system/cpu.last" in group
    assert "system/" not in repr(everything.group_by("name"))
    rows = list(everything.find([FRIENDLY.get(name, name) for name in USUAL]))
    titles = usual_table([{name: row[FRIENDLY.get(name, name)] for name in USUAL} for row in rows]).lines()[0]
    assert 'metrics."val.acc".last' in titles
    assert 'config."a.b"' in titles
    assert "system/" not in titles
