"""What a batch left in its store, one case after the other."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

__all__ = [
    "CASES",
    "cases_of",
    "counts_of_findings",
    "errors_of",
    "loose_errors",
    "worst_findings",
]

CASES: Final = (
    "SELECT b.key AS found, b.outcome, c.* FROM batch_case b"
    ' LEFT JOIN "case" c ON c.key = b.key WHERE b.batch_id = ?'
)
"""Every case that a batch found; what it became is NULL where nothing is known of it."""


def cases_of(connection: sqlite3.Connection, batch_id: int) -> Iterator[dict[str, Any]]:
    """Yield the cases that a batch found, the worst first."""
    rows = connection.execute(
        f"{CASES} ORDER BY CASE coalesce(c.exit_code, 2) WHEN 1 THEN 0 WHEN 2 THEN 1 WHEN 3 THEN 2"
        " ELSE 3 END, c.plan_label, b.key",
        (batch_id,),
    )
    for row in rows:
        yield {**dict(row), "key": row["found"]}


def counts_of_findings(connection: sqlite3.Connection, case_id: int | None) -> dict[str, int]:
    """Return how many findings of a case have which status."""
    rows = connection.execute(
        "SELECT status, count(*) FROM finding WHERE case_id = ? GROUP BY status", (case_id,)
    )
    return dict(rows.fetchall())


def worst_findings(connection: sqlite3.Connection, case_id: int, most: int) -> list[dict[str, Any]]:
    """Return the first findings of a case that are no pass, worst first."""
    rows = connection.execute(
        "SELECT code, subject, status, message FROM finding"
        " WHERE case_id = ? AND status <> 'pass' ORDER BY position LIMIT ?",
        (case_id, most),
    )
    return [dict(row) for row in rows]


def errors_of(connection: sqlite3.Connection, case_id: int | None) -> list[dict[str, Any]]:
    """Return what went wrong with a case."""
    rows = connection.execute(
        "SELECT kind, message, path FROM error WHERE case_id = ? ORDER BY id", (case_id,)
    )
    return [dict(row) for row in rows]


def loose_errors(connection: sqlite3.Connection, batch_id: int) -> Iterator[dict[str, Any]]:
    """Yield what went wrong in a batch that is no case's, such as files that cannot be read."""
    rows = connection.execute(
        "SELECT kind, message, path FROM error WHERE batch_id = ? AND case_id IS NULL ORDER BY id",
        (batch_id,),
    )
    for row in rows:
        yield dict(row)
