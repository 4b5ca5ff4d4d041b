"""Which dose each target is meant to get."""

from dataclasses import dataclass

from planchecker.checks.context import Context
from planchecker.checks.limits.nesting import contoured
from planchecker.checks.limits.selection import prescription
from planchecker.naming import Match
from planchecker.results import NotApplicable

__all__ = ["TargetDose", "no_targets", "target_dose", "targets"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetDose:
    """The prescription of one target.

    Parameters
    ----------
    dose_gy
        None where the plan states none.
    sure
        Whether the plan ties this dose to this target; where it does not, the highest
        prescribed dose is taken and a shortfall proves nothing.
    how
        Where the dose came from, in words.
    """

    dose_gy: float | None
    sure: bool
    how: str


def targets(context: Context, *kinds: str) -> tuple[Match, ...]:
    """Return the contoured targets of the given kinds, such as ``"PTV"``."""
    return tuple(
        m for m in contoured(context) if m.category == "target" and m.name.startswith(kinds)
    )


def target_dose(context: Context, target: Match) -> TargetDose:
    """Return the dose a target is judged by.

    The dose reference that names its ROI; else the plan's dose where the plan has one level
    and one PTV. With several levels or several PTVs and no reference it is the highest.
    """
    stated = prescription(context)
    own = {
        item.prescription_gy
        for item in stated.targets
        if item.roi_number == target.roi_number and item.prescription_gy is not None
    }
    if len(own) == 1:
        return TargetDose(dose_gy=own.pop(), sure=True, how="prescribed to this target")
    levels = {
        item.prescription_gy
        for item in stated.targets
        if item.prescription_gy is not None and item.reference_type in ("", "TARGET")
    }
    if stated.dose_gy is not None:
        levels.add(stated.dose_gy)
    if not levels:
        return TargetDose(dose_gy=None, sure=False, how="the plan states no prescribed dose")
    if len(levels) == 1 and len(targets(context, "PTV")) <= 1:
        return TargetDose(dose_gy=levels.pop(), sure=True, how="prescribed dose of the plan")
    return TargetDose(
        dose_gy=max(levels),
        sure=False,
        how="highest prescribed dose; the plan does not say which dose this target gets",
    )


def no_targets(code: str, kinds: str) -> NotApplicable:
    """Return the line for a plan without such targets."""
    return NotApplicable(code=code, subject=kinds, reason=f"no {kinds} is contoured")
