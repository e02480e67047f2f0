"""The tables of a store. Their names begin with ``expkit_``, so that they may lie beside those of other programs.

Times are UTC. What people read stands in columns of its own, cut to what the database can say; whatever is needed to give
everything back exactly lies beside it as JSON text: ``text`` and ``exact``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, postgresql

if TYPE_CHECKING:
    from sqlalchemy.schema import SchemaItem

VERSION = 3
"""Of the tables below."""

LONGEST_ID = 200
"""Characters of a run's id: what every database can index."""

_MYSQL = ("mysql", "mariadb")
_LONG = Text().with_variant(mysql.LONGTEXT(), *_MYSQL)
_BYTES = LargeBinary().with_variant(mysql.LONGBLOB(), *_MYSQL)
_TIME = DateTime().with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_TREE = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_OPTIONS |= {f"mariadb_{name.partition('_')[2]}": value for name, value in _OPTIONS.items()}

metadata = MetaData()


def _table(name: str, *columns: SchemaItem, **options: Any) -> Table:
    return Table(f"expkit_{name}", metadata, *columns, **{**_OPTIONS, **options})


store = _table(
    "store",
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("last_change", BigInteger, nullable=False),
)
"""One row: the version of the tables, the greatest id that was given, the number of the last change.

Who claims an id or tells a change holds this row until his transaction ends, so both are consecutive.
"""

runs = _table(
    "runs",
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("id", String(LONGEST_ID), nullable=False, unique=True),
    Column("name", _LONG),
    Column("command", _LONG),
    Column("status", _LONG),
    Column("queue_time", _TIME),
    Column("start_time", _TIME),
    Column("heartbeat", _TIME),
    Column("stop_time", _TIME),
    Column("config", _TREE),
    Column("result", _TREE),
    Column("info", _TREE),
    Column("meta", _TREE),
    Column("experiment", _TREE),
    Column("host", _TREE),
    Column("cause", _LONG),
    Column("fail_trace", _LONG),
    Column("segment", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("setter", String(32)),
    Column("parent", String(32)),
    Column("seed", BigInteger),
    Column("config_leaves", _TREE),
    Column("result_leaves", _TREE),
    sqlite_autoincrement=True,
)
"""A run as people read it. ``number`` is never given again, ``version`` is another one whenever the record was written.

It is drawn: where another database has taken the place, or an older state of it, what somebody has counted could come again.

``parent`` and ``seed`` came with version 2, ``config_leaves`` and ``result_leaves`` with version 3: for searching, see
:func:`expkit.record.leaves.leaves`; older runs have none.
"""

records = _table(
    "records",
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("part", String(20), primary_key=True),
    Column("text", _LONG, nullable=False),
)
"""The record, exactly: five parts of each run as JSON text, so that a beat writes only what has changed."""

leases = _table(
    "leases",
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("renewed", _TIME),
    Column("host", _LONG),
    Column("pid", BigInteger),
    Column("text", _LONG, nullable=False),
)
"""The last sign of life of each run."""

streams = _table(
    "streams",
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("run", BigInteger, nullable=False),
    Column("content", String(20), nullable=False),
    Column("segment", Integer, nullable=False),
    Column("process", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index("expkit_streams_of_run", "run", "content", "segment", "process", unique=True),
    sqlite_autoincrement=True,
)
"""The streams of each run and how far they go; who appends holds the row. ``process`` is the rank."""

metrics = _table(
    "metrics",
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("run", BigInteger, nullable=False),
    Column("stream", BigInteger, nullable=False),
    Column("name", _LONG, nullable=False),
    Column("tags", _TREE),
    Column("kind", _LONG),
    Column("exact", _LONG, nullable=False),
    Column("figures", _LONG),
    Column("last_position", BigInteger),
    Column("lowest", Double),
    Column("highest", Double),
    Column("latest", Double),
    Index("expkit_metrics_of_run", "run"),
    Index("expkit_metrics_of_stream", "stream"),
    sqlite_autoincrement=True,
)
"""The metrics of each stream; what stands behind ``exact`` came with version 3, and changes with every point.

``figures`` is what is known of the points as JSON, see :func:`expkit.stores.figures.add`; where there is nothing, somebody
has to look at them. ``last_position`` is that of the last point.
"""

points = _table(
    "points",
    Column("metric", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger),
    Column("value", Double),
    Column("time", Double),
    Column("exact", _LONG),
    sqlite_with_rowid=False,
)
"""The points of each metric; ``position`` counts all points of the stream, ``time`` is in seconds since 1970.

``exact`` is ``[step, value, time]`` as JSON where the columns cannot say it: NaN, texts, integers as values ...
"""

output = _table(
    "output",
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("text", _LONG),
    Column("data", _BYTES),
)
"""What runs have printed, in chunks: as text where it is some, else as bytes. ``position`` is that of the first byte."""

files = _table(
    "files",
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", String(20)),
    Column("path", _LONG),
    Column("size", BigInteger),
    Column("sha256", String(64)),
)
"""The files of each run."""

blobs = _table(
    "blobs",
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("sha256", String(64), unique=True),
    Column("size", BigInteger, nullable=False),
    Column("time", _TIME, nullable=False),
    sqlite_autoincrement=True,
)
"""Bytes that are kept, once for each content; without a hash while they are on their way."""

pieces = _table(
    "pieces",
    Column("blob", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("data", _BYTES, nullable=False),
)
"""The bytes themselves, in pieces of 1 MB."""

remarks = _table(
    "annotations",
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("run", BigInteger, nullable=False),
    Column("time", _TIME),
    Column("action", _LONG),
    Column("author", _LONG),
    Column("value", _TREE),
    Column("text", _LONG, nullable=False),
    Column("token", String(32), nullable=False, unique=True),
    Index("expkit_annotations_of_run", "run"),
    sqlite_autoincrement=True,
)
"""What people said about runs later."""

changes = _table(
    "changes",
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("uid", String(32), nullable=False),
    Column("what", String(20), nullable=False),
    Column("time", _TIME, nullable=False),
)
"""What happened, in the order in which it became visible."""
