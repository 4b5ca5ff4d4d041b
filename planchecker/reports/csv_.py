"""Findings as CSV, one row each, for a spreadsheet or a database."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from planchecker.reports.style import Style
from planchecker.reports.text import clean, significant
from planchecker.results import Finding, Report

__all__ = ["render", "safe_cell"]

_HEAD: Final = (
    "plan",
    "plan_uid",
    "report_status",
    "id",
    "code",
    "subject",
    "roi_number",
    "status",
    "metric",
    "value",
    "unit",
    "band_low",
    "band_high",
    "comparison",
    "limit",
    "margin",
    "governs",
    "guideline",
    "source",
    "doi",
    "evidence",
    "message",
    "remedy",
    "x_mm",
    "y_mm",
    "z_mm",
)
_FORMULA: Final = ("=", "+", "-", "@")


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write findings as CSV (RFC 4180 but for the line feed), worst first within a plan.

    Columns are only ever added at the end. Cells that a spreadsheet would take for a formula
    begin with an apostrophe.

    Parameters
    ----------
    reports
        One or more; the plan stands in every row.
    style
        Not used; every renderer takes it.

    Examples
    --------
    >>> render([Report(findings=())]).splitlines()[0][:30]
    'plan,plan_uid,report_status,id'
    """
    del style
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_HEAD)
    for report in reports:
        ids = {id(one): name for one, name in zip(report.findings, report.ids, strict=True)}
        for finding in report.ranked:
            writer.writerow(_row(report, finding, ids[id(finding)]))
    return buffer.getvalue()


def _row(report: Report, finding: Finding, name: str) -> Iterator[object]:
    plan = report.plan
    yield from (safe_cell(plan.label) if plan else "", plan.sop_instance_uid if plan else "")
    yield from (report.status.value, name, safe_cell(finding.code), safe_cell(finding.subject))
    yield from (finding.roi_number, finding.status.value, safe_cell(finding.metric))
    low, high = finding.band or (None, None)
    yield from (_number(finding.value), finding.unit, _number(low), _number(high))
    yield from (finding.comparison, _number(finding.limit), _number(finding.margin))
    yield "yes" if finding.governs else "no"
    yield from map(safe_cell, (finding.guideline, finding.source, finding.doi, finding.evidence))
    yield from map(safe_cell, (finding.message, finding.remedy))
    yield from map(_number, finding.location_mm or (None, None, None))


def _number(value: float | None) -> float | None:
    return None if value is None else significant(value)


def safe_cell(text: str) -> str:
    """Make a text of an export safe for a spreadsheet: one line, and never a formula.

    Examples
    --------
    >>> safe_cell("=1+1")
    "'=1+1"
    """
    shown = clean(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
