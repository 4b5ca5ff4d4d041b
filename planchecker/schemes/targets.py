"""The contours a prescription is meant for."""

from collections.abc import Iterable, Mapping

from planchecker.case import Plan
from planchecker.dosimetry.dvh import DVH, MetricValue
from planchecker.naming import Match

__all__ = ["median_dose", "median_dose_gy", "prescribed_targets"]


def prescribed_targets(plan: Plan, matches: Iterable[Match]) -> tuple[Match, ...]:
    """Return the targets that the stated prescription belongs to.

    The contours that the plan names with this dose; where it names none, every PTV; where
    there is no PTV, every CTV, else every GTV, else every target.
    """
    targets = tuple(match for match in matches if match.category == "target")
    stated = plan.prescription
    named = {t.roi_number for t in stated.targets if t.prescription_gy == stated.dose_gy}
    by_number = tuple(m for m in targets if m.roi_number in named and stated.dose_gy is not None)
    by_kind = (tuple(m for m in targets if m.name.startswith(k)) for k in ("PTV", "CTV", "GTV"))
    return next((found for found in (by_number, *by_kind) if found), targets)


def median_dose(targets: Iterable[Match], dvhs: Mapping[int, DVH]) -> MetricValue | None:
    """Return the highest D50% of the targets; None where none has an answer."""
    found = (dvhs[m.roi_number].metric("D50%") for m in targets if m.roi_number in dvhs)
    answered = (one for one in found if one.value is not None)
    return max(answered, key=lambda one: one.value or 0.0, default=None)


def median_dose_gy(targets: Iterable[Match], dvhs: Mapping[int, DVH]) -> float | None:
    """Return `median_dose` in Gy."""
    found = median_dose(targets, dvhs)
    return None if found is None else found.value
