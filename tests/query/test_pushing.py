"""What databases are asked: only for what the answer may need."""

import re
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update

from expkit.record.codec import encode
from expkit.record.expression import parse
from expkit.record.leaves import ODD, leaves
from expkit.record.model import POINTS, StreamKey
from expkit.record.query import Compare, Or
from expkit.record.uid import new_uid
from expkit.stores.finding import find
from expkit.stores.mongo.pushing import MongoWords
from expkit.stores.mongo.store import MongoStore
from expkit.stores.narrowing import narrowed
from expkit.stores.sql import tables
from expkit.stores.sql.pushing import SqlWords
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import NOON, sample_points, sample_record

from ..servers import mongo, sql

LOSS = StreamKey(POINTS)
PAGE = Path(__file__).parents[2] / "docs/reference/queries.md"
KINDS = {"postgresql": sql.POSTGRESQL, "mariadb": sql.MARIADB}


@pytest.fixture(scope="module", params=["sqlite", *KINDS])
def database(request, tmp_path_factory):
    """A store with runs in a database of each kind."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/runs.db"
    if request.param in KINDS:
        kind = KINDS[request.param]
        port, name = kind.shared(tmp_path_factory), f"t{new_uid()}"
        kind.ask(port, f"CREATE DATABASE {name}")
        url = kind.url(port, name)
    made = fill(SqlStore(url))
    yield made
    made.close()


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A store with runs in MongoDB."""
    made = fill(MongoStore(f"mongodb://{mongo.shared(tmp_path_factory)}/t{new_uid()}"))
    yield made
    made.close()


@contextmanager
def statements(store):
    """What the database is asked meanwhile, with parameters."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, str(parameters)))

    event.listen(store.server.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.server.engine, "before_cursor_execute", note)


def fill(store, count=20):
    """Runs whose config, result, tags and points differ."""
    for number in range(count):
        record = sample_record(
            status="COMPLETED" if number % 2 else "FAILED",
            name=f"run{number}",
            seed=number,
            start_time=NOON + timedelta(days=number),
            config={"lr": number / 10, "net": {"kind": f"k{number}"}},
            result=number,
            meta={"tags": [f"t{number}"]},
            info={"huge": "x" * 10_000},
        )
        run = store.create(record)
        for step in range(3):
            store.append(run, LOSS, step, sample_points(1, step + number))
    return store


SELECTIVE = [
    "config.lr > 1.75",
    "config.lr in (0.3, 0.4)",
    'config.net.kind == "k7"',
    "result >= 18",
    'start > "2026-03-19"',
    "metrics.loss.max < 1e-5",
    "metrics.loss.last > 0.2",
    "seed < 2",
    "id = 7",
    "name = run7",
    '"t7" in tags',
    "config.lr > 1.75 and (seed < 2 or state = COMPLETED)",
    "not (config.lr <= 1.75 or state != COMPLETED) and result = 19",
]


NOT_IN_MONGODB = {text for text in SELECTIVE if text.startswith(("metrics", "seed", "id", "name", '"t7"'))}


def test_only_candidates_are_left(database):
    """Runs that cannot be the answer stay in the database, and no answer is lost by it."""
    words = SqlWords(database.place.kind)
    for text in SELECTIVE:
        condition = narrowed(parse(text), words)
        wanted = select(func.count()).select_from(tables.runs).where(condition)
        count = database.server.read(lambda connection, wanted=wanted: connection.scalar(wanted), int)
        assert _found(database, text) == _answer(database, text)
        assert 0 < len(_answer(database, text)) <= count <= 5, text


def test_only_candidates_are_left_by_mongodb(documents):
    """The same holds for documents."""
    for text in set(SELECTIVE) - NOT_IN_MONGODB:
        count = len(documents.candidates(narrowed(parse(text), MongoWords())))
        assert _found(documents, text) == _answer(documents, text)
        assert 0 < len(_answer(documents, text)) <= count <= 5, text


def test_what_the_page_says():
    """Each question in the table of the reference is told to databases, or is not, as the table says."""
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.endswith((" yes |", " no |"))]
    assert len(rows) == 8
    for questions, in_sql, in_mongodb in rows:
        for text in re.findall("`([^`]+)`", questions):
            told = [narrowed(parse(text), words) is not None for words in (SqlWords("sqlite"), MongoWords())]
            assert told == [in_sql == "yes", in_mongodb == "yes |"], text


@pytest.mark.parametrize("field", ["uid", "config.lr", "name"])
def test_long_lists_in_databases(database, field):
    """A list of any length can be asked for, and the database looks it up where it can."""
    _ask_for_many(database, field)


@pytest.mark.parametrize("field", ["uid", "config.lr", "name"])
def test_long_lists_in_mongodb(documents, field):
    """The same holds for documents."""
    _ask_for_many(documents, field)


def _ask_for_many(store, field):
    theirs = [row[field] for row in store.find(columns=[field])]
    for count in (0, 1100):
        values = [*theirs[3:7], *(f"none{number}" for number in range(count)), *map(float, range(1000, 1000 + count))]
        query = Compare(field, "in", values)
        assert [row[field] for row in store.find(query, [field])] == theirs[3:7]
    either = Or(*(Compare(field, "==", value) for value in values))
    assert [row[field] for row in store.find(either, [field], limit=9)] == theirs[3:7]


def test_long_lists_are_narrowed(database, documents):
    """Of a thousand uids or values asked for, runs that have none of them stay in the database."""
    for field in ("uid", "config.lr", "config.net.kind", "result"):
        theirs = [row[field] for row in database.find(columns=[field])]
        numbers = range(1000) if isinstance(theirs[0], (int, float)) else ()
        query = Compare(field, "in", [*theirs[3:6], *(f"none{number}" for number in range(1000)), *map(float, numbers)])
        query = Compare(field, "in", [value for value in query.value if value not in theirs[:3] + theirs[6:]])
        condition = narrowed(query, SqlWords(database.place.kind))
        wanted = select(func.count()).select_from(tables.runs).where(condition)
        assert database.server.read(lambda connection, wanted=wanted: connection.scalar(wanted), int) == 3
        if field != "uid":
            assert len(documents.candidates(narrowed(query, MongoWords()))) == 3


def test_only_what_is_asked_for_is_fetched(database):
    """A page of a list fetches neither whole records nor points, whatever it is ordered by."""
    with statements(database) as asked:
        rows = list(database.find(None, ["id", "state", "metrics.loss.max"], ["-metrics.loss.max"], 3))
    assert [row["metrics.loss.max"] for row in rows] == [1.0, 0.5, 0.25]
    assert not any("expkit_points" in statement for statement, _ in asked)
    parts = [parameters for statement, parameters in asked if "FROM expkit_records" in statement]
    assert parts
    assert not any(name in parameters for parameters in parts for name in ("info", "rest", "files"))


def test_figures_of_ordered_runs(tmp_path, monkeypatch):
    """Figures come with the runs, also where all of these are looked at before the first is shown."""
    store = SqlStore(f"sqlite:///{tmp_path}/runs.db")
    fill(store, 60)  # more than one batch
    monkeypatch.setattr(SqlStore, "read", None)  # points are not looked at
    columns = ["config.lr", "metrics.loss.count"]
    found = list(store.find(columns=columns, order=["-config.lr"]))
    store.close()
    monkeypatch.undo()
    assert len(found) == 60 and found == list(find(store, columns=columns, order=["-config.lr"]))
    store.close()


def test_what_older_versions_wrote(database):
    """Runs without what version 3 knows are found all the same; their points are looked at once, and then never again."""
    nothing = {"config_leaves": None, "result_leaves": None}
    database.server.write(lambda connection: connection.execute(update(tables.runs).values(nothing)))
    database.server.write(lambda connection: connection.execute(update(tables.metrics).values(figures=None)))
    database.append(1, LOSS, 3, sample_points(1, 0))
    for text in SELECTIVE:
        assert _found(database, text) == _answer(database, text)
    first = list(database.find(None, ["metrics"]))
    with statements(database) as asked:
        assert list(database.find(None, ["metrics"])) == first
    assert not any("expkit_points" in statement for statement, _ in asked)


def _found(store, text):
    return [row["id"] for row in store.find(parse(text), columns=["id"])]


def _answer(store, text):
    """Without any help from the database."""
    return [row["id"] for row in find(store, parse(text), ["id"])]


def test_leaves():
    """Plain values are known by their paths; where there is anything else, that is said."""
    tree = {"a": 1, "b": {"c": [True, "x"]}, "d": None, "e": (2.5,)}
    assert leaves({"config": encode(tree)}) == {
        "config.a": 1,
        "config.b.c.0": 1,
        "config.b.c.1": "x",
        "config.e.0": 2.5,
    }
    for odd in (
        {"a.b": 1},
        {"a": "ü"},
        {"a": 2**60},
        {"a": float("nan")},
        {"a": NOON},
        {1: 2},
        {"a": list(range(1000))},
    ):
        assert ODD in leaves({"config": encode(odd)}), odd
    deep = []
    for _ in range(500):
        deep = [deep]
    assert ODD in leaves({"config": deep})
