"""From a report to rows of the store."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from planchecker.batch.job import Outcome
from planchecker.batch.metrics import Measured
from planchecker.case import Case
from planchecker.reports.document import to_document
from planchecker.results import Report

__all__ = ["rows_of"]


def rows_of(
    report: Report, case: Case, metrics: Iterable[Measured], *, anonymise: bool = False
) -> Outcome:
    """Lay a report out as rows; findings stand worst first, as in the JSON report.

    Parameters
    ----------
    report
        As it is shown.
    case
        What it was made of: for the machine and the date of the plan.
    anonymise
        Leave out the date of the plan.

    Examples
    --------
    >>> rows = rows_of(Report(findings=()), Case(), ())
    >>> rows.case["status"], rows.case["exit_code"]
    ('not-evaluated', 3)
    """
    return Outcome(
        key="",
        case=_case(report, case, anonymise=anonymise),
        findings=tuple(_findings(report)),
        metrics=tuple(_metric(one) for one in metrics),
        overrides=tuple(
            {
                "kind": one.subject,
                "subject": one.where,
                "published": one.before,
                "own": one.after,
                "reason": one.reason,
                "approver": one.approver,
            }
            for one in report.site_changes
        ),
    )


def _case(report: Report, case: Case, *, anonymise: bool) -> dict[str, Any]:
    plan, read = report.plan, case.plan
    planned_on = read.planned_on if read is not None and not anonymise else None
    machines = dict.fromkeys(beam.machine for beam in read.treatment_beams) if read else {}
    return {
        "status": report.status.value,
        "exit_code": int(report.exit_code),
        "plan_uid": plan.sop_instance_uid if plan else "",
        "plan_label": plan.label if plan else "",
        "patient_id": plan.patient_id if plan else _patient(case, "id", anonymise=anonymise),
        "patient_name": plan.patient_name if plan else _patient(case, "name", anonymise=anonymise),
        "planned_on": planned_on.isoformat() if planned_on else None,
        "machine": ", ".join(name for name in machines if name),
        "technique": plan.technique if plan else "",
        "scheme": plan.scheme.id if plan else "",
        "indication": plan.scheme.indication if plan else "",
        "prescribed_dose_gy": plan.prescribed_dose_gy if plan else None,
        "fractions": plan.fractions if plan else None,
    }


def _patient(case: Case, what: str, *, anonymise: bool) -> str:
    holder = case.structure_set or next(iter(case.doses), None)
    return "" if holder is None or anonymise else str(getattr(holder.patient, what))


def _findings(report: Report) -> Iterator[Mapping[str, Any]]:
    for position, entry in enumerate(to_document(report).findings):
        row = asdict(entry)
        low, high = row.pop("band") or (None, None)
        row.pop("location_mm")
        row["position"] = position
        row["finding_id"] = row.pop("id")
        row["bound"] = row.pop("limit")
        yield {**row, "band_low": low, "band_high": high, "governs": int(row["governs"])}


def _metric(one: Measured) -> dict[str, Any]:
    low, high = one.band or (None, None)
    return {
        "roi_number": one.roi_number,
        "roi_name": one.roi_name,
        "structure": one.structure,
        "expression": one.expression,
        "value": _finite(one.value),
        "unit": one.unit,
        "band_low": _finite(low),
        "band_high": _finite(high),
        "reason": one.reason,
    }


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
