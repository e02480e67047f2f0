"""Functions of libraries that open files in native code, where the interpreter does not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

READ, WRITE, BOTH = "r", "w", "rw"
INTO = "into"
BY_MODE = "mode"


class Native(NamedTuple):
    """A function that opens a file in native code.

    Attributes:
        name: in its module, with dots.
        way: ``r``, ``w``, ``into`` for a file, or a folder into which files are written, or ``mode`` where the argument
            of this name says it.
        place: which argument is the path; ``self`` does not count.
        keyword: its name.
    """

    name: str
    way: str
    place: int
    keyword: str


def _all(names: str, way: str, keyword: str, place: int = 0) -> list[Native]:
    return [Native(name, way, place, keyword) for name in names.split()]


_SAFETENSORS = [
    *_all("load_file", READ, "filename"),
    *_all("load_model", READ, "filename", 1),
    *_all("save_file save_model", WRITE, "filename", 1),
]

NATIVE: Mapping[str, list[Native]] = {
    "pyarrow": [
        *_all("memory_map OSFile", BY_MODE, "path"),
        *_all("input_stream", READ, "source"),
        *_all("output_stream", WRITE, "source"),
    ],
    "pyarrow.parquet": [
        *_all("read_table read_pandas ParquetFile.__init__", READ, "source"),
        *_all("ParquetDataset.__init__", READ, "path_or_paths"),
        *_all("read_schema read_metadata", READ, "where"),
        *_all("ParquetWriter.__init__", WRITE, "where"),
        *_all("write_table write_metadata", WRITE, "where", 1),
        *_all("write_to_dataset", INTO, "root_path", 1),
    ],
    "pyarrow.dataset": [*_all("dataset", READ, "source"), *_all("write_dataset", INTO, "base_dir", 1)],
    "pyarrow.feather": [*_all("read_table read_feather", READ, "source"), *_all("write_feather", WRITE, "dest", 1)],
    "pyarrow.csv": [
        *_all("read_csv open_csv", READ, "input_file"),
        *_all("write_csv", WRITE, "output_file", 1),
        *_all("CSVWriter", WRITE, "sink"),
    ],
    "pyarrow.json": _all("read_json open_json", READ, "input_file"),
    "pyarrow.orc": [*_all("read_table ORCFile.__init__", READ, "source"), *_all("write_table", WRITE, "where", 1)],
    "polars": [
        *_all("read_csv read_csv_batched read_parquet read_parquet_schema read_parquet_metadata", READ, "source"),
        *_all("read_ipc read_ipc_schema read_ipc_stream read_ndjson read_json read_avro read_lines", READ, "source"),
        *_all("read_excel read_ods scan_csv scan_parquet scan_ipc scan_ndjson scan_lines", READ, "source"),
        *_all("DataFrame.write_csv DataFrame.write_ipc DataFrame.write_ipc_stream DataFrame.write_json", WRITE, "file"),
        *_all("DataFrame.write_ndjson DataFrame.write_avro", WRITE, "file"),
        *_all("DataFrame.write_parquet", INTO, "file"),
        *_all("LazyFrame.sink_csv LazyFrame.sink_parquet LazyFrame.sink_ipc LazyFrame.sink_ndjson", INTO, "path"),
    ],
    "h5py": _all("File.__init__", BY_MODE, "name"),
    "cv2": [
        *_all("imread imreadmulti imreadanimation imcount VideoCapture", READ, "filename"),
        *_all("imwrite imwritemulti imwriteanimation VideoWriter", WRITE, "filename"),
    ],
    "safetensors": _all("safe_open", READ, "filename"),
    "safetensors.numpy": _SAFETENSORS,
    "safetensors.torch": _SAFETENSORS,
    "safetensors.flax": _SAFETENSORS,
    "safetensors.tensorflow": _SAFETENSORS,
    "safetensors.mlx": _SAFETENSORS,
    "torch": _all("save", WRITE, "f", 1),
}
"""Modules and their functions that open files in native code."""

MODES = {"r": READ, "rb": READ, "w": WRITE, "wb": WRITE, "w-": WRITE, "x": WRITE}
"""What modes mean; all others read and write."""
