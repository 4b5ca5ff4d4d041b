"""One plan against the plans of its kind in an archive: information, never a verdict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from planchecker.batch.archive import archive
from planchecker.batch.metrics import Measured, is_target
from planchecker.results import PopulationRow, Report

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FEWEST", "compare_with_archive", "percentile_of"]

FEWEST: Final = "population.fewest_cases"
"""The criterion of a protocol below which no percentile is told."""

_FEW: Final = "too few to compare"
_ORGAN: Final = ("D0.03cc", "Dmean", "Dmax")
_TARGET: Final = ("D50%", "D95%", "D98%", "V100%[%]")
_LIKE: Final = """
SELECT "case".id AS id, "case".plan_uid AS plan_uid, metric.value AS value
FROM metric JOIN "case" ON "case".id = metric.case_id
WHERE metric.structure = ? AND metric.expression = ? AND metric.unit = ?
  AND metric.value IS NOT NULL AND "case".state = 'checked'
  AND "case".scheme = ? AND "case".technique = ? AND "case".plan_uid <> ?
"""


def compare_with_archive(
    report: Report, metrics: Iterable[Measured], store: Path, *, fewest: int | None
) -> tuple[PopulationRow, ...]:
    """Place the metrics of a plan among those of stored plans of the same kind.

    Of the same kind are plans of the same scheme and technique; compared are structures of the
    same TG-263 name. The plan itself, known by its UID, is left out, and so is every stored case
    without a UID (an archive made with ``--anonymise``), which could be the plan itself. Nothing
    here changes a status.

    Parameters
    ----------
    metrics
        Of the plan, as `planchecker.batch.metrics.measured` yields them.
    store
        The file that ``planchecker batch`` wrote.
    fewest
        How many plans are needed for a percentile; None where the protocol does not say, and
        then none is told.

    Returns
    -------
    tuple of PopulationRow
        Dmax, D0.03cc and Dmean of organs, D50%, D95%, D98% and V100% of targets. A row without
        a percentile says why.

    Raises
    ------
    ReadError
        If the store cannot be read.
    """
    asked = [one for one in metrics if one.structure and one.expression in _shown(one.structure)]
    with archive(store) as opened:
        return tuple(_row(report, one, opened, fewest) for one in asked)


def percentile_of(value: float, others: Sequence[float]) -> float:
    """Return the share of the others that lies below, in percent; those equal count half.

    Examples
    --------
    >>> percentile_of(3.0, [1.0, 2.0, 3.0, 4.0])
    62.5
    """
    below = sum(other < value for other in others)
    equal = sum(other == value for other in others)
    return 100 * (below + equal / 2) / len(others)


def _shown(structure: str) -> tuple[str, ...]:
    return _TARGET if is_target(structure) else _ORGAN


def _row(
    report: Report, one: Measured, store: "sqlite3.Connection", fewest: int | None
) -> PopulationRow:
    others = list(_others(report, one, store))
    found = [row for row in others if row["plan_uid"]]
    cases, values = len({row["id"] for row in found}), [row["value"] for row in found]
    why = _why_not(report, one, cases, fewest)
    if why == _FEW and len(found) < len(others):
        why = "the archive is without plan UIDs"
    row = PopulationRow(
        roi_number=one.roi_number,
        roi_name=one.roi_name,
        matched=one.structure,
        metric=one.expression,
        value=one.value,
        unit=one.unit,
        band=one.band,
        cases=cases,
        reason=why,
    )
    if why or one.value is None:
        return row
    return replace(
        row,
        percentile=percentile_of(one.value, values),
        median=median(values),
        lowest=min(values),
        highest=max(values),
    )


def _others(report: Report, one: Measured, store: "sqlite3.Connection") -> "Iterator[sqlite3.Row]":
    plan = report.plan
    if plan is None or not plan.scheme.id or not plan.technique:
        return
    given = (one.structure, one.expression, one.unit)
    yield from store.execute(_LIKE, (*given, plan.scheme.id, plan.technique, plan.sop_instance_uid))


def _why_not(report: Report, one: Measured, cases: int, fewest: int | None) -> str:
    if report.plan is None:
        return "there is no plan"
    if not report.plan.scheme.id or not report.plan.technique:
        return "scheme or technique unknown"
    if one.value is None:
        return "no answer"
    if fewest is None:
        return "the protocol does not say how many plans are enough"
    return _FEW if cases < max(fewest, 1) else ""
