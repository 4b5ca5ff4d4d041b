"""What would bring an exceeded dose limit within bounds, and what that costs the targets."""

from collections.abc import Iterator, Mapping

from constraints.errors import MetricSyntaxError
from constraints.metric import Metric, MetricKind
from planchecker.checks.context import Context
from planchecker.checks.targets import target_dose
from planchecker.dosimetry import radiobiology
from planchecker.dosimetry.dvh import DVH
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.results import Finding, Relief, Status, TargetAfter

__all__ = ["reliefs"]

_VOLUME = (MetricKind.VOLUME_AT_DOSE, MetricKind.VOLUME_AT_PERCENT)
_CONCERNED = (Status.FAIL, Status.BORDERLINE)
_COVERED = ("PTV", "CTV", "GTV", "ITV")


def reliefs(context: Context, findings: tuple[Finding, ...]) -> Iterator[Relief]:
    """Yield, for each dose limit that fails or is borderline, the scaling that would meet it.

    The whole uncertainty band must come within the limit, so its upper end is scaled. The
    number of fractions stays. Limits on a scaled mean dose are left out: they do not scale by
    one factor.
    """
    for finding in findings:
        factor_gy = _factor(context, finding)
        if factor_gy is not None:
            factor, level_gy = factor_gy
            yield Relief(
                finding=finding.id,
                factor=factor,
                reduction_gy=level_gy * (1 - factor),
                targets=tuple(_targets(context, factor)),
            )


def _factor(context: Context, finding: Finding) -> tuple[float, float] | None:
    """Return the factor and the physical dose in Gy that it applies to."""
    exceeded = finding.status in _CONCERNED and finding.comparison.startswith("<")
    dvh = context.dvhs.get(finding.roi_number) if finding.roi_number is not None else None
    # Without a metric the finding is about more than this plan, such as a sum of courses.
    alone = bool(finding.metric)
    if not (exceeded and alone) or dvh is None or finding.limit is None or finding.value is None:
        return None
    highest = max(finding.value, *(finding.band or ()))
    try:
        metric = Metric.parse(finding.metric)
        if metric.kind in _VOLUME:
            level, wanted = _dose_at_limit(context, dvh, metric, finding.limit)
        elif metric.kind is MetricKind.DMEAN and metric.scale:
            return None
        else:
            level, wanted = (_physical(context, metric, d) for d in (highest, finding.limit))
    except (MetricSyntaxError, PlanCheckerError, ValueError):
        # Not every finding asks a metric of a histogram.
        return None
    if not (level > 0 and 0 < wanted < level < float("inf")):
        return None
    return wanted / level, level


def _dose_at_limit(context: Context, dvh: DVH, metric: Metric, limit: float) -> tuple[float, float]:
    """Return the dose that as much volume gets as the limit allows, and what it may get."""
    asked = "Dmax" if limit <= 0 else f"D{limit:f}{metric.unit}"
    found = dvh.metric(asked)
    wanted = metric.number or 0.0
    if metric.kind is MetricKind.VOLUME_AT_PERCENT:
        wanted *= ((context.case.plan and context.case.plan.prescription.dose_gy) or 0.0) / 100
    level = max((found.value or 0.0, *(found.band or ())))
    return level, _physical(context, metric, wanted)


def _physical(context: Context, metric: Metric, dose_gy: float) -> float:
    if not metric.scale or metric.alpha_beta is None:
        return dose_gy
    fractions = context.case.plan.prescription.fractions if context.case.plan else None
    if not fractions:
        raise ValueError("the number of fractions is not known")
    # BED is EQD2 times (1 + 2 / (a/b)).
    eqd2 = dose_gy if metric.scale == "EQD2" else dose_gy / (1 + 2 / metric.alpha_beta)
    return radiobiology.physical_from_eqd2(
        eqd2, fractions=fractions, alpha_beta_gy=metric.alpha_beta
    )


def _targets(context: Context, factor: float) -> Iterator[TargetAfter]:
    for match in context.matches:
        dvh = context.dvhs.get(match.roi_number)
        if match.category == "target" and match.name.startswith(_COVERED) and dvh is not None:
            after = _after(context, match, dvh, factor)
            if after is not None:
                yield after


def _after(context: Context, match: Match, dvh: DVH, factor: float) -> TargetAfter | None:
    dose_gy = target_dose(context, match).dose_gy
    if not dose_gy:
        return None
    d95 = dvh.metric("D95%").value
    levels: Mapping[str, float] = {"before": dose_gy, "after": dose_gy / factor}
    volume = {when: dvh.metric(f"V{level:f}Gy[%]").value for when, level in levels.items()}
    return TargetAfter(
        roi_number=match.roi_number,
        roi_name=match.roi_name,
        dose_gy=dose_gy,
        d95_gy=(d95, None if d95 is None else d95 * factor),
        v100_percent=(volume["before"], volume["after"]),
    )
