"""The store of a batch opened for reading, never for writing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from planchecker.batch.store import SCHEMA_VERSION
from planchecker.errors import ReadError

__all__ = ["TABLES", "archive"]

_WAIT_S: Final = 60.0
TABLES: Final = (
    "batch",
    "batch_case",
    "file",
    "case",
    "case_input",
    "finding",
    "metric",
    "override",
    "error",
)
"""Every table of the store, in the order of the schema."""


@contextmanager
def archive(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store for reading; rows can be asked by name.

    Parameters
    ----------
    path
        The file that ``planchecker batch`` wrote.

    Raises
    ------
    ReadError
        If there is no such file, or it is no store, or it breaks off while it is read.

    Examples
    --------
    >>> with archive(Path("no-such.sqlite")) as store:
    ...     pass
    Traceback (most recent call last):
    planchecker.errors.ReadError: there is no store 'no-such.sqlite'; give ...
    """
    if not path.is_file():
        raise ReadError(
            f"there is no store {str(path)!r}; give the SQLite file that planchecker batch wrote"
        )
    store = _connected(path, "mode=ro")
    try:
        if _needs_a_neighbour(store, path):
            store.close()
            store = _connected(path, "mode=ro&immutable=1")
        store.row_factory = sqlite3.Row
        # Counts, lists and charts of one page must be of one moment, though a batch may run.
        store.execute("BEGIN")
        _refuse_others(store, path)
        yield store
    except sqlite3.Error as error:
        raise ReadError(
            f"{str(path)!r} cannot be read as the store of a batch: {error}; "
            "run planchecker batch again"
        ) from error
    finally:
        store.close()


def _connected(path: Path, options: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{options}"
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)


def _needs_a_neighbour(store: sqlite3.Connection, path: Path) -> bool:
    """Whether SQLite wants to make a file beside a store that lies where nothing can be written.

    A store whose last writer left its log behind is not whole without it: that stays an error.
    """
    try:
        store.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return True
    return False


def _refuse_others(store: sqlite3.Connection, path: Path) -> None:
    version = store.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise ReadError(
            f"the store {str(path)!r} has schema {version}, this program knows {SCHEMA_VERSION}; "
            "use the newer program that wrote it"
        )
    found = {row["name"] for row in store.execute("SELECT name FROM sqlite_master")}
    missing = [table for table in TABLES if table not in found]
    if missing:
        raise ReadError(
            f"{str(path)!r} is no store of a batch: it has no table {missing[0]!r}; "
            "give the SQLite file that planchecker batch wrote"
        )
