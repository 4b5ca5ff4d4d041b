"""What a batch comes to: every case it found, counted, and the exit code."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planchecker.batch.fail_on import FailOn
from planchecker.batch.store.reading import CASES
from planchecker.status import ExitCode, Status

__all__ = ["Account", "account", "exit_code"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The counts of one batch.

    Parameters
    ----------
    found, checked, failed, skipped
        Cases: ``found = checked + failed + skipped`` once the batch is complete.
    statuses
        How many cases have which status, worst first; failed cases have none.
    codes
        How many cases have which exit code.
    files
        How many files of the tree are in which state.
    unreadable
        Files and folders that could not be read.
    idle
        Objects that belong to no plan, structure set or dose.
    earlier
        Cases in the store that this batch did not find: of another root, or gone from this one.
    """

    state: str
    found: int
    checked: int
    failed: int
    skipped: int
    statuses: Mapping[str, int]
    codes: Mapping[int, int]
    files: Mapping[str, int]
    unreadable: int = 0
    idle: int = 0
    earlier: int = 0


def account(
    connection: sqlite3.Connection,
    batch_id: int,
    *,
    files: Mapping[str, int] | None = None,
    idle: int = 0,
) -> Account:
    """Count what a batch came to, from its store.

    Parameters
    ----------
    files, idle
        What only the run itself knows for certain: another one may have looked at the same
        files since. Without `files` the store tells.
    """
    row = connection.execute("SELECT * FROM batch WHERE id = ?", (batch_id,)).fetchone()
    counted = {
        name: _one(
            connection,
            "SELECT count(*) FROM batch_case WHERE batch_id = ? AND outcome = ?",
            (batch_id, name),
        )
        for name in ("checked", "failed", "skipped")
    }
    by_status = dict(
        connection.execute(
            f"SELECT status, count(*) FROM ({CASES}) WHERE status IS NOT NULL GROUP BY status",  # noqa: S608 - a constant
            (batch_id,),
        ).fetchall()
    )
    codes = connection.execute(
        f"SELECT coalesce(exit_code, 2) AS code, count(*) FROM ({CASES}) GROUP BY code",  # noqa: S608 - a constant
        (batch_id,),
    ).fetchall()
    if files is None:
        files = dict(
            connection.execute(
                "SELECT state, count(*) FROM file WHERE batch_id = ? GROUP BY state", (batch_id,)
            ).fetchall()
        )
    return Account(
        state=row["state"],
        found=_one(connection, "SELECT count(*) FROM batch_case WHERE batch_id = ?", (batch_id,)),
        **counted,
        statuses={s.value: by_status[s.value] for s in Status if s.value in by_status},
        codes={int(code): int(count) for code, count in codes},
        files=dict(files),
        unreadable=_one(
            connection,
            "SELECT count(*) FROM error WHERE batch_id = ? AND case_id IS NULL"
            " AND kind = 'unreadable'",
            (batch_id,),
        ),
        idle=idle,
        earlier=_one(
            connection,
            'SELECT count(*) FROM "case" WHERE key NOT IN'
            " (SELECT key FROM batch_case WHERE batch_id = ?)",
            (batch_id,),
        ),
    )


def exit_code(found: Account, fail_on: FailOn = FailOn.UNDECIDED) -> ExitCode:
    """Return the exit code of a batch: that of the worst, in the order 1, 2, 3, 0.

    What was not judged is never 0: a case that crashed, a file that could not be read, a batch
    that was interrupted or found nothing.

    Examples
    --------
    >>> def batch(**counts):
    ...     given = {"state": "complete", "found": 2, "checked": 2, "failed": 0, "skipped": 0}
    ...     return Account(**given | {"statuses": {}, "codes": {0: 2}, "files": {}} | counts)
    >>> exit_code(batch()).value, exit_code(batch(codes={0: 1, 2: 1})).value
    (0, 2)
    >>> exit_code(batch(codes={3: 2})).value, exit_code(batch(codes={3: 2}), FailOn.FAIL).value
    (3, 0)
    >>> exit_code(batch(statuses={"warn": 1}), FailOn.WARN).value
    3
    """
    codes = {ExitCode(code) for code, count in found.codes.items() if count}
    whole = found.checked + found.failed + found.skipped == found.found
    if found.unreadable or not found.found or not whole or found.state != "complete":
        codes.add(ExitCode.ERROR)
    if fail_on is FailOn.FAIL:
        codes.discard(ExitCode.UNDECIDED)
    if fail_on is FailOn.WARN and found.statuses.get(Status.WARN.value):
        codes.add(ExitCode.UNDECIDED)
    ranked = (ExitCode.FAIL, ExitCode.ERROR, ExitCode.UNDECIDED)
    return next((code for code in ranked if code in codes), ExitCode.OK)


def _one(connection: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> int:
    return int(connection.execute(query, values).fetchone()[0])
