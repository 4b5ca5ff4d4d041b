"""What the dashboard lists one by one: cases, margins, decisions of the centre, errors."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from planchecker.batch.dashboard.counting import COLUMNS, NO_VERDICT
from planchecker.reports.text import clean
from planchecker.results import Finding, Status

__all__ = [
    "CaseLine",
    "ErrorCount",
    "ErrorLine",
    "MarginLine",
    "OverrideLine",
    "cases",
    "error_counts",
    "errors",
    "files",
    "margins",
    "overrides",
    "runs",
]

WITHHELD: Final = "withheld"
_SEVERITY: Final = "CASE status {} ELSE -1 END".format(
    " ".join(f"WHEN '{status.value}' THEN {status.severity}" for status in Status)
)
_CASES: Final = f"""
SELECT * FROM "case" ORDER BY
    CASE state WHEN 'checked' THEN {_SEVERITY} ELSE -1 END, planned_on DESC, id
"""  # noqa: S608 - statuses of the program
_OPEN: Final = """
SELECT case_id, code, subject, status, governs FROM finding WHERE status <> 'pass'
ORDER BY case_id, position
"""
_WRONG: Final = """
SELECT error.case_id AS case_id, error.kind AS kind, error.message AS message
FROM error JOIN "case" ON "case".id = error.case_id WHERE "case".state <> 'checked'
ORDER BY error.id DESC
"""
_MARGINS: Final = """
SELECT finding.*, "case".id AS case_number, "case".plan_label AS plan_label,
       "case".report_folder AS report_folder, metric.structure AS structure
FROM finding JOIN "case" ON "case".id = finding.case_id
LEFT JOIN metric ON metric.case_id = finding.case_id AND metric.roi_number = finding.roi_number
                AND metric.expression = 'Dmax'
WHERE finding.margin IS NOT NULL AND finding.bound > 0 AND finding.governs = 1
  AND finding.guideline <> ''
ORDER BY finding.margin / finding.bound, finding.case_id, finding.position LIMIT ?
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseLine:
    """One case of the list; `link` is empty where there is no report to open."""

    status: str
    plan: str
    patient: str
    planned_on: str
    machine: str
    technique: str
    scheme: str
    reason: str
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MarginLine:
    """One finding with its plan, to be written as every report writes it."""

    finding: Finding
    plan: str
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OverrideLine:
    """One decision of the centre and in how many cases it was in effect."""

    kind: str
    subject: str
    published: str
    own: str
    reason: str
    approver: str
    cases: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorCount:
    """How often one kind of error happened, and in how many cases."""

    kind: str
    times: int
    cases: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorLine:
    """One thing that went wrong."""

    kind: str
    where: str
    message: str
    at: str


def cases(store: sqlite3.Connection, *, anonymise: bool, links: bool = True) -> Iterator[CaseLine]:
    """Yield every case, those without a verdict first, then worst first."""
    leading = _leading(store)
    for number, row in enumerate(store.execute(_CASES), start=1):
        judged = row["state"] == "checked" and row["status"] in COLUMNS
        patient = ", ".join(part for part in (row["patient_name"], row["patient_id"]) if part)
        planned = row["planned_on"] or ""
        yield CaseLine(
            status=row["status"] if judged else NO_VERDICT,
            plan=f"plan {number}" if anonymise else row["plan_label"],
            patient="" if anonymise else patient,
            # A day is a mark of a patient, a month is not.
            planned_on=planned[:7] if anonymise else planned,
            machine=row["machine"],
            technique=row["technique"],
            scheme=row["scheme"],
            reason=leading.get(row["id"], ("", ""))[0 if anonymise else 1],
            link=report_link(row["report_folder"]) if links and judged else "",
        )


def _leading(store: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Return, by case, code alone and code with subject of the finding to read first."""
    known = {status.value: status.severity for status in Status}
    best: dict[int, tuple[tuple[int, bool], str, str]] = {}
    for row in store.execute(_OPEN):
        rank = known.get(row["status"], -1), not row["governs"]
        held = best.get(row["case_id"])
        if held is None or rank < held[0]:
            best[row["case_id"]] = rank, row["code"], f"{row['code']} {row['subject']}"
    found = {case: (code, words) for case, (_, code, words) in best.items()}
    # Where there is no report, what went wrong takes the place of its findings.
    for row in store.execute(_WRONG):
        found[row["case_id"]] = row["kind"], f"{row['kind']}: {row['message']}"
    return found


def report_link(folder: str) -> str:
    """Return where the report of a case lies, seen from the dashboard; empty where unsafe.

    Examples
    --------
    >>> report_link("ab12"), report_link("../elsewhere"), report_link("")
    ('cases/ab12/report.html', '', '')
    """
    path = PurePosixPath(folder)
    odd = not folder or path.is_absolute() or ".." in path.parts or "\\" in folder
    if odd or ":" in folder:
        return ""
    below = path if path.parts[0] == "cases" else "cases" / path
    return quote(str(below / "report.html"))


def margins(
    store: sqlite3.Connection, most: int, *, anonymise: bool, links: bool = True
) -> Iterator[MarginLine]:
    """Yield the governing limits with the least left, or the most exceeded, worst first."""
    for row in store.execute(_MARGINS, (most,)):
        # A contour's own name may hold that of the patient.
        subject = (row["structure"] or WITHHELD) if anonymise else row["subject"]
        known = row["status"] in {status.value for status in Status}
        finding = Finding(
            code=row["code"],
            subject=subject,
            status=Status(row["status"]) if known else Status.NOT_EVALUATED,
            message="",
            metric=row["metric"],
            value=row["value"],
            unit=clean(row["unit"]),
            comparison=clean(row["comparison"]),
            limit=row["bound"],
            margin=row["margin"],
            guideline=row["guideline"],
            source=row["source"],
        )
        link = report_link(row["report_folder"]) if links else ""
        yield MarginLine(finding=finding, plan="" if anonymise else row["plan_label"], link=link)


def overrides(store: sqlite3.Connection, *, anonymise: bool) -> Iterator[OverrideLine]:
    """Yield the decisions of the centre, the most frequent first."""
    query = (
        "SELECT kind, subject, published, own, reason, approver, COUNT(DISTINCT case_id) AS cases "
        "FROM override GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY cases DESC, kind, subject"
    )
    for row in store.execute(query):
        yield OverrideLine(
            kind=row["kind"],
            subject=row["subject"],
            published=row["published"],
            own=row["own"],
            reason=WITHHELD if anonymise else row["reason"],
            approver=WITHHELD if anonymise else row["approver"],
            cases=row["cases"],
        )


def error_counts(store: sqlite3.Connection) -> Iterator[ErrorCount]:
    """Yield the kinds of errors, the most frequent first."""
    query = (
        "SELECT kind, COUNT(*) AS times, COUNT(DISTINCT case_id) AS cases FROM error "
        "GROUP BY kind ORDER BY times DESC, kind"
    )
    for row in store.execute(query):
        yield ErrorCount(kind=row["kind"], times=row["times"], cases=row["cases"])


def errors(store: sqlite3.Connection, most: int, *, anonymise: bool) -> Iterator[ErrorLine]:
    """Yield the latest errors; without names none, for their words hold paths and patients."""
    if anonymise:
        return
    query = (
        'SELECT error.*, "case".plan_label AS plan_label, "case".patient_id AS patient_id '
        'FROM error LEFT JOIN "case" ON "case".id = error.case_id '
        "ORDER BY error.id DESC LIMIT ?"
    )
    for row in store.execute(query, (most,)):
        where = row["path"] or row["plan_label"] or row["patient_id"] or ""
        yield ErrorLine(kind=row["kind"], where=where, message=row["message"], at=row["at"])


def files(store: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    """Return how many files there are of each state."""
    query = "SELECT state, COUNT(*) AS files FROM file GROUP BY state ORDER BY state"
    return tuple((row["state"], row["files"]) for row in store.execute(query))


def runs(store: sqlite3.Connection) -> tuple[sqlite3.Row, ...]:
    """Return the runs of the store, the last one first."""
    return tuple(store.execute("SELECT * FROM batch ORDER BY id DESC"))
