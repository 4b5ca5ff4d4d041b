"""Which cases stand as an earlier run left them."""

import sqlite3
from pathlib import Path

from planchecker.batch.job import Options
from planchecker.batch.reports_on_disk import is_whole

__all__ = ["stands"]


def stands(
    connection: sqlite3.Connection, out: Path, key: str, resume_key: str, options: Options
) -> bool:
    """Whether a case was checked before on the very same grounds, and its report is still there.

    A case that failed never stands: it is done again.
    """
    row = connection.execute(
        'SELECT resume_key, report_folder, report_sha256 FROM "case"'
        " WHERE key = ? AND state = 'checked'",
        (key,),
    ).fetchone()
    if row is None or row["resume_key"] != resume_key:
        return False
    return is_whole(out, row["report_folder"], row["report_sha256"], options.formats)
