"""The store of a batch as tables for other programs: CSV or Parquet, one file a table."""

import csv
import importlib.util
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planchecker.batch.archive import TABLES, archive
from planchecker.errors import MissingExtra, PlanCheckerError
from planchecker.reports.csv_ import safe_cell

__all__ = ["WRITERS", "Exported", "export"]

_CHUNK: Final = 20_000
_TYPES: Final = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "VARCHAR"}

Columns = Sequence[tuple[str, str]]
Rows = Iterator[list[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """One table that was written, and its number of rows."""

    table: str
    path: Path
    rows: int


def export(store_path: Path, out_dir: Path, *, format: str) -> tuple[Exported, ...]:  # noqa: A002
    """Write every table of a store into a folder, all of them or none.

    Parameters
    ----------
    format
        ``"csv"`` or ``"parquet"``. In CSV an empty cell is an absent value or an empty text,
        line breaks and control characters of a text are replaced, and a text that a spreadsheet
        would take for a formula begins with an apostrophe; Parquet holds what the store holds.

    Raises
    ------
    ReadError
        If the store cannot be read.
    MissingExtra
        If Parquet is asked for and duckdb is not installed.
    PlanCheckerError
        If a file cannot be written.
    ValueError
        If the format is unknown.
    """
    if format not in WRITERS:
        raise ValueError(f"unknown format {format!r}; known are {', '.join(WRITERS)}")
    if format == "parquet":
        _need_duckdb()
    try:
        with archive(store_path) as store:
            out_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".export-", dir=out_dir) as scratch:
                counts = WRITERS[format](store, Path(scratch))
                return tuple(_moved(scratch, out_dir, counts, format))
    except OSError as error:
        raise PlanCheckerError(
            f"cannot write the export to {str(out_dir)!r}: {error.strerror or error}; "
            "choose a folder that can be written"
        ) from error


def _moved(
    scratch: str, out_dir: Path, counts: Mapping[str, int], suffix: str
) -> Iterator[Exported]:
    for table, rows in counts.items():
        name = f"{table}.{suffix}"
        yield Exported(table=table, path=(Path(scratch) / name).replace(out_dir / name), rows=rows)


def _columns(store: sqlite3.Connection, table: str) -> Columns:
    return [(row["name"], row["type"]) for row in store.execute(f'PRAGMA table_info("{table}")')]


def _chunks(store: sqlite3.Connection, table: str) -> Rows:
    cursor = store.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of `TABLES`
    while rows := cursor.fetchmany(_CHUNK):
        yield [tuple(row) for row in rows]


def _write_csv(store: sqlite3.Connection, folder: Path) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        counts[table] = 0
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(name for name, _ in _columns(store, table))
            for rows in _chunks(store, table):
                writer.writerows([_plain(value) for value in row] for row in rows)
                counts[table] += len(rows)
    return counts


def _plain(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value


def _write_parquet(store: sqlite3.Connection, folder: Path) -> dict[str, int]:
    import duckdb  # noqa: PLC0415 - an extra

    counts = {}
    # A file, not memory: the findings of a large archive need not fit.
    with duckdb.connect(str(folder / "scratch.duckdb")) as target:
        # Nothing here needs an extension, and none may be fetched from a network.
        target.execute("SET autoinstall_known_extensions = false")
        target.execute("SET autoload_known_extensions = false")
        for table in TABLES:
            columns = _columns(store, table)
            typed = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns)
            target.execute(f'CREATE TABLE "{table}" ({typed})')
            counts[table] = 0
            for rows in _chunks(store, table):
                target.register("chunk", _arrays(rows, columns))
                target.execute(f'INSERT INTO "{table}" SELECT * FROM chunk')  # noqa: S608
                target.unregister("chunk")
                counts[table] += len(rows)
            place = str(folder / f"{table}.parquet").replace("'", "''")
            target.execute(f"COPY \"{table}\" TO '{place}' (FORMAT parquet)")
            target.execute(f'DROP TABLE "{table}"')
    return counts


def _arrays(rows: Sequence[tuple[Any, ...]], columns: Columns) -> dict[str, Any]:
    """Lay rows out by column; an absent number is masked, never 0."""
    import numpy as np  # noqa: PLC0415 - Parquet only

    found: dict[str, Any] = {}
    for (name, kind), values in zip(columns, zip(*rows, strict=True), strict=True):
        if kind == "TEXT":
            found[name] = np.array(values, dtype=object)
            continue
        absent = [value is None for value in values]
        numbers = [0 if value is None else value for value in values]
        dtype = np.int64 if kind == "INTEGER" else np.float64
        found[name] = np.ma.masked_array(np.array(numbers, dtype=dtype), mask=absent)
    return found


def _need_duckdb() -> None:
    if importlib.util.find_spec("duckdb") is None:
        raise MissingExtra(
            "Parquet needs duckdb, which is not installed; run pip install 'planchecker[analytics]'"
            ", or export CSV"
        )


WRITERS: Final[Mapping[str, Callable[[sqlite3.Connection, Path], dict[str, int]]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
}
"""What writes all tables into a folder, and returns the number of rows of each."""
