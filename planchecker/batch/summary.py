"""What the terminal shows of a batch."""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from planchecker.batch.accounting import Account
from planchecker.batch.store.reading import cases_of, errors_of, loose_errors, worst_findings
from planchecker.reports.text import clean

__all__ = ["summary"]

_MOST_CASES: Final = 10
_MOST_ERRORS: Final = 10
_PAGE: Final = "report.html"


def summary(
    connection: sqlite3.Connection, batch_id: int, found: Account, *, width: int = 120
) -> str:
    """Tell what a batch came to: counts, the worst cases, what went wrong.

    Parameters
    ----------
    width
        Longer lines are cut, but for errors: nobody can mend what is not shown.
    """
    lines = [*_counts(found), *_worst(connection, batch_id)]
    errors = list(_errors(connection, batch_id))
    return "".join(f"{line}\n" for line in (*(_cut(line, width) for line in lines), *errors))


def _counts(found: Account) -> Iterator[str]:
    yield (
        f"{found.found} cases found = {found.checked} checked + {found.failed} failed + "
        f"{found.skipped} skipped (unchanged since an earlier run)"
    )
    if found.statuses:
        yield "by status: " + ", ".join(f"{count} {name}" for name, count in found.statuses.items())
    files = ", ".join(f"{count} {state}" for state, count in sorted(found.files.items()))
    yield f"{sum(found.files.values())} files: {files or 'none'}"
    if found.earlier:
        yield (
            f"{found.earlier} other cases in the store were not found this time: of another tree, "
            "or gone from this one"
        )
    if found.idle:
        yield f"{found.idle} objects or image series belong to no plan, structure set or dose"


def _worst(connection: sqlite3.Connection, batch_id: int) -> Iterator[str]:
    rows = [case for case in cases_of(connection, batch_id) if case["exit_code"] != 0]
    if not rows:
        return
    yield ""
    yield "worst first:"
    for case in rows[:_MOST_CASES]:
        name = clean(case["plan_label"] or "without a plan")
        if case["status"] is None:
            told = errors_of(connection, case["id"]) or [{"kind": "crash", "message": ""}]
            yield f"  error ({told[-1]['kind']})  {name}  [{case['key']}]"
            continue
        first = worst_findings(connection, case["id"], 1)
        said = f"{first[0]['code']} {first[0]['subject']}" if first else "nothing was evaluated"
        yield f"  {case['status']}  {name}  {clean(said)}  {case['report_folder']}/{_PAGE}"
    if len(rows) > _MOST_CASES:
        yield f"  ... and {len(rows) - _MOST_CASES} more"


def _errors(connection: sqlite3.Connection, batch_id: int) -> Iterator[str]:
    failed = (case for case in cases_of(connection, batch_id) if case["status"] is None)
    told = [
        {**error, "path": case["plan_label"] or error["path"]}
        for case in islice(failed, _MOST_ERRORS + 1)
        for error in errors_of(connection, case["id"])[-1:]
    ]
    told += islice(loose_errors(connection, batch_id), _MOST_ERRORS + 1)
    if not told:
        return
    yield ""
    yield "errors:"
    for error in told[:_MOST_ERRORS]:
        yield f"  {error['kind']}  {clean(error['path'])}: {clean(error['message'])}"
    if len(told) > _MOST_ERRORS:
        yield "  ... and more: see the table `error` of the store"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: max(width, 20) - 3]}..."
