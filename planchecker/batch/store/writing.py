"""What a batch writes into its store: one transaction a case."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planchecker.batch.job import Job, Outcome
from planchecker.batch.store.opening import transaction

__all__ = [
    "Provenance",
    "begin_batch",
    "end_batch",
    "expect_cases",
    "record",
    "record_error",
    "skip_cases",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What a batch rests on, as in the table ``batch``."""

    root: str
    engine: str
    program_version: str
    library_sha256: str
    protocol: str
    protocol_sha256: str
    site_sha256: str
    options: str


def begin_batch(connection: sqlite3.Connection, given: Provenance) -> int:
    """Enter a batch that begins now and return its number."""
    with transaction(connection):
        cursor = connection.execute(
            "INSERT INTO batch (root, started_at, state, engine, program_version, library_sha256,"
            " protocol, protocol_sha256, site_sha256, options)"
            " VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?)",
            (
                given.root,
                now(),
                given.engine,
                given.program_version,
                given.library_sha256,
                given.protocol,
                given.protocol_sha256,
                given.site_sha256,
                given.options,
            ),
        )
    return int(cursor.lastrowid or 0)


def expect_cases(connection: sqlite3.Connection, batch_id: int, keys: Iterable[str]) -> None:
    """Enter every case that was found, before the first is checked."""
    with transaction(connection):
        connection.executemany(
            "INSERT INTO batch_case (batch_id, key, outcome) VALUES (?, ?, 'waiting')",
            [(batch_id, key) for key in keys],
        )
        connection.execute(
            "UPDATE batch SET found = (SELECT count(*) FROM batch_case WHERE batch_id = id)"
            " WHERE id = ?",
            (batch_id,),
        )


def skip_cases(connection: sqlite3.Connection, batch_id: int, keys: Iterable[str]) -> None:
    """Enter which cases stand as an earlier run left them."""
    with transaction(connection):
        connection.executemany(
            "UPDATE batch_case SET outcome = 'skipped' WHERE batch_id = ? AND key = ?",
            [(batch_id, key) for key in keys],
        )


def record(
    connection: sqlite3.Connection,
    batch_id: int,
    job: Job,
    outcome: Outcome,
    *,
    folder: str = "",
    report_sha256: str = "",
) -> None:
    """Enter what became of a case in place of what was known of it before."""
    failed = outcome.failure is not None
    row: dict[str, Any] = {
        "key": job.key,
        "batch_id": batch_id,
        "state": "failed" if failed else "checked",
        "resume_key": job.resume_key,
        "checked_at": now(),
        "duration_s": outcome.duration_s,
        "peak_mb": outcome.peak_mb,
        "status": None,
        "exit_code": 2,
        "report_folder": folder,
        "report_sha256": report_sha256,
        **outcome.case,
    }
    if failed:
        row |= {"plan_label": job.label}
    with transaction(connection):
        connection.execute('DELETE FROM "case" WHERE key = ?', (job.key,))
        case_id = _insert(connection, "case", row)
        for source in job.sources:
            given = {"path": source.label, "sop_instance_uid": source.sop_instance_uid}
            _insert(
                connection, "case_input", {"case_id": case_id, "sha256": source.sha256, **given}
            )
        for table, rows in (
            ("finding", outcome.findings),
            ("metric", outcome.metrics),
            ("override", outcome.overrides),
        ):
            for one in rows:
                _insert(connection, table, {"case_id": case_id, **one})
        if outcome.failure is not None:
            _error(
                connection,
                batch_id,
                case_id=case_id,
                path=job.label,
                kind=outcome.failure.kind,
                message=outcome.failure.message,
            )
        connection.execute(
            "UPDATE batch_case SET outcome = ? WHERE batch_id = ? AND key = ?",
            (row["state"], batch_id, job.key),
        )


def record_error(
    connection: sqlite3.Connection, batch_id: int, rows: Iterable[tuple[str, str, str]]
) -> None:
    """Enter errors that are no case's, each as path, kind and message."""
    with transaction(connection):
        for path, kind, message in rows:
            _error(connection, batch_id, case_id=None, path=path, kind=kind, message=message)


def end_batch(connection: sqlite3.Connection, batch_id: int, *, state: str) -> None:
    """Enter how a batch ended, with its counts."""
    with transaction(connection):
        counted = dict(
            connection.execute(
                "SELECT outcome, count(*) FROM batch_case WHERE batch_id = ? GROUP BY outcome",
                (batch_id,),
            ).fetchall()
        )
        connection.execute(
            "UPDATE batch SET state = ?, ended_at = ?, checked = ?, failed = ?, skipped = ?"
            " WHERE id = ?",
            (
                state,
                now(),
                *(counted.get(name, 0) for name in ("checked", "failed", "skipped")),
                batch_id,
            ),
        )


def now() -> str:
    """Return the time as the store holds it: ISO 8601 with offset."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _error(
    connection: sqlite3.Connection,
    batch_id: int,
    *,
    case_id: int | None,
    path: str,
    kind: str,
    message: str,
) -> None:
    row = {"case_id": case_id, "path": path, "kind": kind, "message": message, "at": now()}
    _insert(connection, "error", {"batch_id": batch_id, **row})


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(f":{name}" for name in row)
    cursor = connection.execute(
        f'INSERT INTO "{table}" ({names}) VALUES ({marks})',  # noqa: S608 - names are ours
        {name: _clean(value) for name, value in row.items()},
    )
    return int(cursor.lastrowid or 0)


def _clean(value: Any) -> Any:
    # A text of an export may hold half a character, which SQLite refuses.
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
