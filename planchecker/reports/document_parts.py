"""Entries of the JSON report that describe the plan beside its findings."""

from dataclasses import dataclass

from planchecker.reports.text import significant
from planchecker.results import MissedTarget, PopulationRow

__all__ = [
    "MissedTargetEntry",
    "PopulationEntry",
    "missed_entry",
    "population_entry",
    "rounded",
    "rounded_all",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class MissedTargetEntry:
    """Volume of one target below a dose, and the part of it within `margin_mm` of `contour`."""

    roi_number: int
    roi_name: str
    contour: str
    margin_mm: float | None
    level_percent: float | None
    dose_gy: float | None
    missed_cc: float | None
    near_cc: float | None
    near_percent: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PopulationEntry:
    """One metric among the plans of its kind in an archive; `reason` says why no percentile."""

    roi_number: int
    roi_name: str
    matched: str
    metric: str
    value: float | None
    unit: str
    band: list[float | None] | None
    cases: int
    percentile: float | None
    median: float | None
    lowest: float | None
    highest: float | None
    reason: str


def missed_entry(one: MissedTarget) -> MissedTargetEntry:
    """Lay out what one target misses."""
    return MissedTargetEntry(
        roi_number=one.roi_number,
        roi_name=one.roi_name,
        contour=one.contour,
        margin_mm=rounded(one.margin_mm),
        level_percent=rounded(one.level_percent),
        dose_gy=rounded(one.dose_gy),
        missed_cc=rounded(one.missed_cc),
        near_cc=rounded(one.near_cc),
        near_percent=rounded(one.near_percent),
    )


def population_entry(one: PopulationRow) -> PopulationEntry:
    """Lay out one metric against an archive."""
    return PopulationEntry(
        roi_number=one.roi_number,
        roi_name=one.roi_name,
        matched=one.matched,
        metric=one.metric,
        value=rounded(one.value),
        unit=one.unit,
        band=rounded_all(one.band),
        cases=one.cases,
        percentile=rounded(one.percentile),
        median=rounded(one.median),
        lowest=rounded(one.lowest),
        highest=rounded(one.highest),
        reason=one.reason,
    )


def rounded(value: float | None) -> float | None:
    """Round to 6 significant digits; None where there is no finite number."""
    return None if value is None else significant(value)


def rounded_all(values: tuple[float, ...] | None) -> list[float | None] | None:
    """Round each of several numbers; None where there are none."""
    return None if values is None else [significant(value) for value in values]
