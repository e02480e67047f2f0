"""``expkit export``: what other programs read is what was recorded."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import pandas
import pyarrow.parquet
import pytest

from expkit import runs
from expkit.readers import open_run
from expkit.readers.exporting import as_json, as_parquet
from expkit.readers.exporting.as_page import page
from expkit.readers.exporting.drawing import drawing
from expkit.readers.points import Part
from expkit.record.decoding import decode
from expkit.record.model import OUTPUT, Annotation, FileRef, Point, RunRecord, StreamKey
from expkit.record.uid import new_uid
from expkit.record.wire import annotation_from_json, record_from_json
from expkit.stores.folder.store import FolderStore
from expkit.stores.memory import MemoryStore

HOME = Path(__file__).parents[2]
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NASTY = "</pre><script>alert('x')</script>\x1b[31m&\"'"


def fill(store):
    """Three runs: with awkward values, failed, and without anything."""
    blob = store.put_blob(b"weights")
    first = RunRecord(
        uid=new_uid(), name=NASTY, command="main", status="COMPLETED", start_time=NOON, stop_time=NOON.replace(minute=1),
        config={"lr": 0.1, "net": {"units": 64}, "words": ["a", NASTY], "text": "a,b\n\"c\""},
        result={"acc": 0.5}, meta={"tags": ["good", NASTY]}, info={"note": NASTY},
        files=(FileRef(path=f"{NASTY}.bin", role="artifact", root="files", sha256=blob.sha256, size=7),),
    )  # fmt: skip
    second = RunRecord(
        uid=new_uid(), name="second", command="main", status="FAILED", start_time=NOON, config={"lr": 1, "net": {"units": "auto"}},
        fail_trace=("Traceback\n", NASTY),
    )  # fmt: skip
    for record in (first, second, RunRecord(uid=new_uid(), name="bare", command="", status="QUEUED")):
        store.create(record)
        store.save(record)
    points = [Point("loss", step, 1 / (step + 1), 1.7e9 + step) for step in range(1000)]
    odd = [
        Point("loss", 1000, math.nan, 1.7e9),
        Point("loss", 1001, math.inf, 1.7e9),
        Point(NASTY, 0, "text", math.inf),
    ]
    store.append(first.uid, StreamKey(), 0, [*points, *odd, Point("loss", 0.5, 2**70, 1.7e9, (("split", "test"),))])
    store.append(first.uid, StreamKey(OUTPUT), 0, f"hello\n{NASTY}\n".encode() + b"\xff")
    store.annotate(first.uid, Annotation(action="note", value=NASTY, author=NASTY, time=NOON))
    return store


@pytest.fixture
def store(tmp_path):
    return fill(FolderStore(tmp_path / "runs"))


@pytest.fixture
def export(tmp_path, store):
    """Run ``expkit export``; exit code, stdout and stderr."""

    def run(*words):
        done = subprocess.run(
            [sys.executable, "-m", "expkit", "export", *words],
            cwd=tmp_path, capture_output=True, timeout=120, env={**os.environ, "PYTHONPATH": os.fspath(HOME)},
        )  # fmt: skip
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_csv_of_runs(export):
    """A row for each run, a column for each leaf, and last, least and greatest value of each metric."""
    code, printed, _ = export("--csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert (code, len(rows)) == (0, 3)
    assert (rows[0]["config.lr"], rows[0]["config.net.units"], rows[1]["config.net.units"]) == ("0.1", "64", "auto")
    assert (rows[0]["config.text"], json.loads(rows[0]["config.words"])) == ('a,b\n"c"', ["a", NASTY])
    assert (rows[0]["result.acc"], rows[0]["start"], rows[0]["duration"]) == (
        "0.5",
        "2026-03-01T12:00:00+00:00",
        "60.0",
    )
    assert (rows[0]["metrics.loss.last"], rows[0]["metrics.loss.min"]) == (str(2**70), "0.001")
    assert rows[2]["config.lr"] == rows[2]["metrics.loss.last"] == ""
    assert pandas.read_csv(io.StringIO(printed))["config.lr"].tolist()[:2] == [0.1, 1.0]


def test_csv_of_points(export):
    """A row for each point, in the order in which they were logged."""
    code, printed, _ = export("1", "--csv", "--points")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert (code, len(rows)) == (0, 1004)
    assert (rows[7]["metric"], rows[7]["step"], rows[7]["value"], rows[7]["time"]) == (
        "loss",
        "7",
        "0.125",
        "1700000007.0",
    )
    assert [row["value"] for row in rows if row["step"] in ("1000", "1001")] == ["nan", "inf"]
    assert [(row["value"], row["tags"]) for row in rows if row["tags"]] == [(str(2**70), "split=test")]


def test_chosen(export, tmp_path):
    """Questions and names choose runs, --columns the columns, the name of the file the form."""
    code, printed, _ = export('state == "FAILED"', "--columns=id,config.lr,start", "--csv")
    assert (code, printed) == (0, "id,config.lr,start\n2,1,2026-03-01T12:00:00+00:00\n")
    code, printed, said = export("last", "2", "-o", "some.csv")
    assert (code, printed, said) == (0, "", "2 runs in some.csv\n")
    assert [row["id"] for row in csv.DictReader((tmp_path / "some.csv").read_text().splitlines())] == ["2", "3"]
    assert export("config.lr > 7", "--json")[:2] == (0, "")


def test_parquet_of_runs(export, tmp_path):
    """Columns have the type that their values have in common, else they are texts."""
    assert export("-o", "runs.parquet")[0] == 0
    table = pyarrow.parquet.read_table(tmp_path / "runs.parquet")
    frame = table.to_pandas()
    assert frame["config.lr"].tolist()[:2] == [0.1, 1.0]
    assert frame["config.net.units"].tolist()[:2] == ["64", "auto"]
    assert str(table.schema.field("start").type) == "timestamp[us, tz=UTC]"
    assert frame["start"][0].to_pydatetime() == NOON


def test_parquet_of_points(export, store, tmp_path):
    """Every point is there; what is no number is in the column text, and what is no time is left out, as in frames."""
    assert export("--points", "-o", "points.parquet")[0] == 0
    frame = pyarrow.parquet.read_table(tmp_path / "points.parquet").to_pandas()
    assert len(frame) == 1004
    loss = frame[(frame.metric == "loss") & (frame.tags == "")]
    assert loss.value.tolist()[:1000] == [1 / (step + 1) for step in range(1000)]
    assert loss.step.tolist()[:1000] == list(range(1000))
    assert frame[frame.text.notna()][["metric", "text"]].to_numpy().tolist() == [[NASTY, "text"]]
    assert frame.time.iloc[7].timestamp() == 1_700_000_007
    assert frame[frame.time.isna()].text.tolist() == ["text"]
    assert runs(store=store)["1"].metrics[NASTY].to_pandas().time.isna().tolist() == [True]


def test_row_groups(tmp_path, store, monkeypatch):
    """Row groups are written while runs are read, so that memory does not grow with their number."""
    monkeypatch.setattr(as_parquet, "POINTS", 10)
    monkeypatch.setattr(as_parquet, "RUNS", 2)
    for name, write in (("points", as_parquet.write_points), ("runs", as_parquet.write_runs)):
        path = tmp_path / f"{name}.parquet"
        with path.open("wb") as file:
            write(runs(store=store), file)
        assert pyarrow.parquet.ParquetFile(path).num_row_groups == 2


def test_json_loses_nothing(store, monkeypatch):
    """From what is written, records, later facts, points and output come back as they were."""
    monkeypatch.setattr(as_json, "CHUNK", 100)
    file, there = io.StringIO(), MemoryStore()
    as_json.write_runs(runs(store=store), file, points=True)
    for line in file.getvalue().splitlines():
        tree = json.loads(line, parse_constant=pytest.fail)
        record = record_from_json(tree["record"])
        assert tree["state"] == record.status
        there.create(record, id=record.id)
        for note in tree["annotations"]:
            there.annotate(record.uid, annotation_from_json(note))
        for stream in tree["streams"]:
            key = StreamKey(stream["content"], stream["segment"], stream["rank"])
            there.append(record.uid, key, 0, _items(stream))
    assert len(there.ids()) == 3
    for key in store.ids():
        assert there.load(key.uid).but(id=key.id) == store.load(key.uid)
        assert there.annotations(key.uid) == store.annotations(key.uid)
        assert dict(there.streams(key.uid)) == dict(store.streams(key.uid))
        for stream in store.streams(key.uid):
            assert repr(there.read(key.uid, stream)) == repr(store.read(key.uid, stream))


def _items(stream):
    from base64 import b64decode

    if stream["content"] == OUTPUT:
        return b"".join(map(b64decode, stream["base64"]))
    return [
        Point(name, decode(step), decode(value), decode(time), tuple(map(tuple, tags)), kind)
        for name, step, value, time, tags, kind in stream["points"]
    ]


class Page(HTMLParser):
    """Which elements and which links a page has."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_page(export):
    """A page has config, drawings, output and files; nothing in it runs or is fetched, whatever the run says."""
    code, printed, _ = export("1", "--html")
    page = Page(printed)
    assert code == 0
    assert "script" not in page.tags
    assert {"svg", "polyline", "pre", "table"} <= set(page.tags)
    assert not [name for name, value in page.attributes if name.startswith("on") or name in ("src", "href")]
    assert "default-src 'none'" in dict(page.attributes)["content"] or "default-src 'none'" in printed
    for said in (
        "net.units",
        "64",
        "result.acc",
        "</pre><script>alert('x')</script>",
        "hello",
        "weights"[:0],
        ".bin",
        "7 bytes",
    ):
        assert said in page.text
    assert "\x1b" not in printed
    assert not re.search(r"url\(|https?://", printed)


def test_drawings_of_strange_names():
    """What readers who see nothing are told of a drawing has no control characters either."""
    store = MemoryStore()
    store.create(RunRecord(uid=new_uid(), name=NASTY, command="main", status=NASTY), id="1")
    store.append("1", StreamKey(), 0, [Point(NASTY, step, 1.0, 1.7e9) for step in range(2)])
    found = "".join(page(open_run("1", store)))
    assert "aria-label" in found
    assert "\x1b" not in found


def test_points_of_a_page_are_read_once():
    """A page with figures and drawings of several processes reads each point once; each process is a line."""
    read = []

    class Counted(MemoryStore):
        def read(self, *arguments, **named):
            read.append(len(batch := super().read(*arguments, **named)))
            return batch

    store = Counted()
    store.create(RunRecord(uid=new_uid(), name="x", command="main", status="COMPLETED"), id="1")
    for rank in range(2):
        store.append("1", StreamKey(rank=rank), 0, [Point("loss", step, 1.0, 1.7e9) for step in range(1000)])
    found = "".join(page(open_run("1", store)))
    assert "2000 points" in found
    assert found.count("<polyline") == 2
    assert sum(read) == 2000


@pytest.mark.parametrize("kind", [int, str])
def test_drawings_are_in_order_of_steps(kind):
    """A line goes from step to step, whatever the order in which they were logged; no numbers count from 0."""
    part = Part(0, 0, [kind(step) for step in (3, 1, 2)], [1.0, 2.0, True], [0.0] * 3)
    (line,) = re.findall(r'points="([^"]*)"', drawing("x", [part]))
    places = [float(place.partition(",")[0]) for place in line.split()]
    assert places == sorted(places)
    assert len(places) == 3


def test_page_of_a_failed_run(export):
    """The error is on the page; a run without metrics has no drawings."""
    page = Page(export("2", "--html")[1])
    assert "Traceback" in page.text
    assert "svg" not in page.tags


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "say what to write: --csv, --parquet, --json or --html"),
        (["--html"], 2, "a page shows one run"),
        (["9", "--html"], 1, "there is no run '9'"),
        (["config.lr > 7", "--html"], 1, "there is no such run"),
        (["--csv", "--json"], 2, "Try: expkit export --help"),
        (["--json", "--columns=id"], 2, "--columns is for rows"),
        (["--html", "--points"], 2, "a page has drawings"),
        (["--csv", "statsu == 1"], 2, "runs have no 'statsu'"),
        (["--csv", "--columns=statsu"], 2, "runs have no 'statsu'"),
        (["--csv", "--store=nowhere"], 2, "there is no store in "),
        (["--csv", "-o", "no/where.csv"], 1, "expkit: no/where.csv cannot be written: there is no folder "),
        (["--parquet", "-o", "runs/../no/where"], 1, "runs/../no/where cannot be written: there is no folder "),
        (["--csv", "-o", "runs"], 1, "expkit: runs cannot be written: Is a directory\n"),
        (["--csv", "-o", "/dev/full"], 1, "expkit: /dev/full cannot be written: No space left on device\n"),
        (["--help"], 0, "Examples:"),
    ],
)
def test_mistakes(export, tmp_path, words, code, said):
    """What cannot work is said in a sentence, and leaves no file behind."""
    before = sorted(os.listdir(tmp_path))
    found, printed, complaint = export(*words)
    assert said in printed + complaint
    assert (found, "Traceback" in complaint, sorted(os.listdir(tmp_path))) == (code, False, before)


def test_an_interrupted_file_is_not_there(store, tmp_path, monkeypatch):
    """A file is there whole, or as it was before."""
    from expkit.console.export import main

    (tmp_path / "runs.csv").write_text("before")
    monkeypatch.chdir(tmp_path)

    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("expkit.readers.exporting.as_csv.rows_of", broken)
    with pytest.raises(KeyboardInterrupt):
        main(["--csv", "-o", "runs.csv"])
    assert sorted(os.listdir(tmp_path)) == ["runs", "runs.csv"]
    assert (tmp_path / "runs.csv").read_text() == "before"


def test_pipes_and_links(export, tmp_path):
    """Nothing takes the place of a pipe, and the file behind a link is written, not the link."""
    printed = export("--csv")[1]
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert export("--csv", "-o", "link.csv")[0] == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == printed
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert export("--csv", "-o", "pipe")[0] == 0
    assert reader.communicate(timeout=60)[0] == printed
    assert (tmp_path / "pipe").is_fifo()
