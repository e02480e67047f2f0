"""Runs, or their points, as Parquet: a row group is written whenever enough rows have been read."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from expkit.readers.exporting.rows import columns_met, plain, rows_of, series_of
from expkit.readers.lacking import needed
from expkit.readers.table import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.readers.exporting.rows import Series
    from expkit.readers.selection import Runs

RUNS = 2_000
"""Runs in a row group."""

POINTS = 1 << 20
"""Points in a row group, at least."""

_FAR = 1 << 63


def write_runs(runs: Runs, file: BinaryIO) -> None:
    """A row for each run; columns whose values have no type in common are texts.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    arrow, parquet = _arrow()
    kinds = {name: _kind(types) for name, types in columns_met(runs).items()}
    schema = arrow.schema([(name, _type(arrow, kind)) for name, kind in kinds.items()])
    rows = rows_of(runs)
    with parquet.ParquetWriter(file, schema) as writer:
        while batch := list(islice(rows, RUNS)):
            columns = [[_fitting(row.get(name), kind) for row in batch] for name, kind in kinds.items()]
            writer.write_table(
                arrow.table([arrow.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)
            )


def write_points(runs: Runs, file: BinaryIO) -> None:
    """A row for each point: ``value`` is its number, or null and ``text`` says what it is.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    arrow, parquet = _arrow()
    texts = [(name, arrow.string()) for name in ("run", "name", "metric")]
    numbers = [("step", arrow.float64()), ("value", arrow.float64()), ("text", arrow.string())]
    places = [("time", arrow.timestamp("us", "UTC")), ("segment", arrow.int32()), ("rank", arrow.int32())]
    schema = arrow.schema([*texts, *numbers, *places, ("tags", arrow.string())])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in _batches(series_of(runs)):
            tables = [arrow.table(_point_columns(arrow, series), schema) for series in batch]
            writer.write_table(arrow.concat_tables(tables).combine_chunks())


def _arrow() -> tuple[Any, Any]:
    arrow = needed("pyarrow", "Parquet", "arrow")
    needed("numpy", "Parquet", "arrow")
    return arrow, needed("pyarrow.parquet", "Parquet", "arrow")


def _batches(found: Iterator[Series]) -> Iterator[list[Series]]:
    batch, count = [], 0
    for series in found:
        batch.append(series)
        count += len(series.times)
        if count >= POINTS:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def _point_columns(arrow: Any, series: Series) -> list[Any]:
    count = len(series.times)
    values, texts = _values(arrow, series.values)
    return [
        *(arrow.repeat(arrow.scalar(text, arrow.string()), count) for text in (series.run, series.name, series.metric)),
        _values(arrow, series.steps)[0],
        values,
        texts,
        _times(arrow, series.times),
        arrow.repeat(arrow.scalar(series.segment, arrow.int32()), count),
        arrow.repeat(arrow.scalar(series.rank, arrow.int32()), count),
        arrow.repeat(arrow.scalar(series.tags, arrow.string()), count),
    ]


def _times(arrow: Any, column: Any) -> Any:
    """Times; nothing for what is too far away to be one, or is none at all."""
    import numpy as np

    with np.errstate(over="ignore"):
        found = np.round(np.asarray(column, "float64") * 1e6)
    is_none = ~(np.abs(found) < _FAR)
    return arrow.array(np.where(is_none, 0, found).astype("int64"), arrow.timestamp("us", "UTC"), mask=is_none)


def _values(arrow: Any, column: Any) -> tuple[Any, Any]:
    """Numbers, and texts of what are none."""
    if not isinstance(column, list):
        return arrow.array(column.astype("float64")), arrow.nulls(len(column), arrow.string())
    items = list(map(plain, column))
    numbers = [_number(item) for item in items]
    texts = [text_of(item) if number is None else None for item, number in zip(items, numbers, strict=True)]
    return arrow.array(numbers, arrow.float64()), arrow.array(texts, arrow.string())


def _number(item: Any) -> float | None:
    try:
        return float(item) if isinstance(item, (int, float)) else None
    except OverflowError:
        return None


def _kind(types: set[type]) -> str:
    if types == {bool}:
        return "bool"
    if types and types <= {int, float}:
        return "float" if float in types else "int"
    return "time" if types == {datetime} else "text"


def _type(arrow: Any, kind: str) -> Any:
    known = {"bool": arrow.bool_(), "int": arrow.int64(), "float": arrow.float64()}
    return known.get(kind) or (arrow.timestamp("us", "UTC") if kind == "time" else arrow.string())


def _fitting(value: Any, kind: str) -> Any:
    """What a column takes of a value; whole numbers that are too great for it are left out."""
    if value is None:
        return None
    if kind == "text":
        return text_of(value)
    return None if kind == "int" and not -_FAR <= value < _FAR else float(value) if kind == "float" else value
