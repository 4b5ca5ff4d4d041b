"""Opening the store: made, brought up to date, or refused."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError

__all__ = ["SCHEMA_VERSION", "named", "open_store", "read_store", "transaction"]

SCHEMA_VERSION: Final = 1
"""Of the newest ``schema_<n>.sql`` beside this module."""
_WAIT_S: Final = 60.0
_PAGES_BEFORE_CHECKPOINT: Final = 1000


def open_store(path: Path | str) -> sqlite3.Connection:
    """Open a store for writing; it is made if it does not exist.

    Several processes may hold the same store open. A store of an older program is brought up
    to date in one transaction.

    Returns
    -------
    sqlite3.Connection
        In autocommit mode: use `transaction`. Rows can be asked by name.

    Raises
    ------
    PlanCheckerError
        If the file cannot be written, is no store, or is newer than the program.
    """
    path = Path(path)
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made empty first, so that nobody else can ever read it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        with named(path):
            _settle(connection, writer=True)
            _bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def read_store(path: Path | str) -> sqlite3.Connection:
    """Open a store for reading; nothing in it can be changed through the connection.

    Raises
    ------
    PlanCheckerError
        If there is no such store, or it is newer or older than the program.

    Examples
    --------
    >>> read_store("no-such.sqlite")
    Traceback (most recent call last):
    ...
    planchecker.errors.PlanCheckerError: there is no store 'no-such.sqlite'; run `batch` first
    """
    path = Path(path)
    if not path.is_file():
        raise PlanCheckerError(f"there is no store {str(path)!r}; run `batch` first")
    with named(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)
    try:
        with named(path):
            _settle(connection, writer=False)
            _refuse_older(_version(connection, path), path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of a block or none of it; other writers wait meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk ends the transaction by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into an error that names the store."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise PlanCheckerError(f"the store {str(path)!r} cannot be used: {why}") from error


def _settle(connection: sqlite3.Connection, *, writer: bool) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    if writer:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BEFORE_CHECKPOINT}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version; 0 only where the file is empty."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if tables and (version < 1 or not {"batch", "case", "file"} <= tables):
        raise PlanCheckerError(f"{str(path)!r} is a database of another program, not a store")
    if version > SCHEMA_VERSION:
        raise PlanCheckerError(
            f"the store {str(path)!r} has schema {version}, this program knows "
            f"{SCHEMA_VERSION}; use the newer program that wrote it, or another folder"
        )
    return version


def _refuse_older(version: int, path: Path) -> None:
    if version != SCHEMA_VERSION:
        raise PlanCheckerError(
            f"the store {str(path)!r} has schema {version}, this program reads "
            f"{SCHEMA_VERSION}; run `batch --resume` on it with this program"
        )


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == SCHEMA_VERSION:
        return
    with transaction(connection):
        # Another process may have been quicker.
        for version in range(_version(connection, path) + 1, SCHEMA_VERSION + 1):
            source = files("planchecker.batch.store") / f"schema_{version}.sql"
            for statement in _statements(source.read_text(encoding="utf-8")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")


def _statements(script: str) -> Iterator[str]:
    # executescript would commit first, and half a migration could stay.
    waiting = ""
    for part in re.split("(?<=;)", script):
        waiting += part
        if sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""
