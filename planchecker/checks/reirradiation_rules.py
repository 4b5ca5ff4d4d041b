"""One published rule for a further course, asked of the courses at hand."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from constraints.metric import Metric
from constraints.model import Comparison, Guideline, ReirradiationRule
from planchecker.checks.context import Context
from planchecker.checks.courses_at import Cumulative, cumulative_at
from planchecker.checks.limits import judging
from planchecker.checks.limits.cord_contours import any_contours
from planchecker.checks.limits.judging import Answer
from planchecker.checks.limits.nesting import CAUDA, Role, StandIn, stand_ins
from planchecker.checks.limits.selection import prescription
from planchecker.courses import Course, interval_between, technique_of
from planchecker.cumulative import largest_retreatment_eqd2
from planchecker.dosimetry.dvh import MetricValue
from planchecker.dosimetry.radiobiology import physical_from_eqd2
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, Status
from planchecker.schemes.inference import INFERRED

__all__ = ["ask_rule", "contour_for", "contours_for", "reservations"]

_PLAIN = Metric.parse("Dmax")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """A rule with its authority and the contour it is asked of."""

    code: str
    guideline: Guideline
    rule: ReirradiationRule
    stand_in: StandIn | None
    governs: bool

    @property
    def metric(self) -> str:
        """What is compared, in the words of a finding."""
        words = {
            "cumulative_dose": f"cumulative {self.rule.metric}",
            "course_dose": f"{self.rule.metric} of each course",
            "retreatment_dose": f"{self.rule.metric} of this course",
            "retreatment_share": f"share of this course in {self.rule.metric}",
            "interval": "interval",
        }
        return words[self.rule.quantity]


def contours_for(context: Context, asked: str) -> tuple[StandIn, ...]:
    """Return every contour a rule on `asked` is tested on; the cauda equina as a last resort."""
    return stand_ins(context, asked) or tuple(
        StandIn(asked=asked, match=match, role=Role.SAME)
        for match in any_contours(context)
        if match.name == CAUDA
    )


def contour_for(context: Context, asked: str) -> StandIn | None:
    """Return the first of `contours_for`, for what is only shown."""
    return next(iter(contours_for(context, asked)), None)


def ask_rule(
    context: Context,
    guideline: Guideline,
    rule: ReirradiationRule,
    courses: Sequence[Course],
    *,
    code: str,
    governs: bool,
    known: dict[tuple[int, float], Cumulative],
) -> Iterator[Finding]:
    """Ask one rule: yield one finding for each contour, for an interval one for each course.

    Parameters
    ----------
    known
        Sums that were made before, by ROI number and alpha/beta; new ones are added.
    """
    if rule.quantity == "interval":
        question = _Question(
            code=code, guideline=guideline, rule=rule, stand_in=None, governs=governs
        )
        for course in courses:
            yield _interval(context, question, course)
        return
    found = contours_for(context, rule.structures[0])
    # A structure that is contoured twice may pass on one contour and not on the other.
    for stand_in in found or (None,):
        question = _Question(
            code=code, guideline=guideline, rule=rule, stand_in=stand_in, governs=governs
        )
        yield _on_contour(context, question, courses, known)


def _on_contour(
    context: Context,
    question: _Question,
    courses: Sequence[Course],
    known: dict[tuple[int, float], Cumulative],
) -> Finding:
    rule, stand_in = question.rule, question.stand_in
    if stand_in is None:
        return _unanswered(
            question,
            f"no {rule.structures[0]} or contour round it",
            f"Contour {rule.structures[0]} and export the structure set.",
        )
    scale = rule.metric.alpha_beta if rule.metric and rule.metric.alpha_beta else None
    if scale is None:
        return _unanswered(question, "the rule states no alpha/beta", "Mend the guideline file.")
    key = (stand_in.match.roi_number, scale)
    try:
        if key not in known:
            known[key] = cumulative_at(context, stand_in.match, courses, alpha_beta_gy=scale)
    except PlanCheckerError as error:
        remedy = "State what the message names, or export the earlier course."
        return _unanswered(question, str(error), remedy, subject=stand_in.match.roi_name)
    return _dose(context, question, known[key], courses)


def reservations(context: Context, rule: ReirradiationRule, courses: Sequence[Course]) -> list[str]:
    """Say why a kept rule still needs a person; empty where nothing stands in the way."""
    found = []
    if len(context.technique.worlds) > 1:
        found.append("The technique of the plan is ambiguous.")
    if prescription(context).source == INFERRED:
        found.append("The prescription is inferred from the dose.")
    if len(courses) >= rule.courses:
        found.append(f"It is for course {rule.courses}; this is course {len(courses) + 1}.")
    earlier = [technique_of(c, context.protocol, context.guidelines) for c in courses]
    if rule.earlier_technique and any(one is not rule.earlier_technique for one in earlier):
        found.append(f"It is for a plan after {rule.earlier_technique.value} treatment.")
    return found


def _dose(
    context: Context, question: _Question, sums: Cumulative, courses: Sequence[Course]
) -> Finding:
    rule = question.rule
    value, unit = _measured(rule, sums), rule.unit if rule.unit == "Gy" else ""
    answer = judging.compare(value, rule.comparison, rule.value, unit=value.unit)
    excess = judging.excess_status(kind=rule.kind, evidence=rule.evidence, governs=question.governs)
    status = judging.verdict(answer, excess=excess)
    notes = [_basis(sums)]
    if rule.quantity == "retreatment_share" and _low_prior(context, sums):
        least = context.criterion("reirradiation.low_prior_gy")
        if answer is not Answer.MET and status is not Status.NOT_EVALUATED:
            status = Status.WARN
            notes.append(f"The earlier dose is below {least:g} Gy EQD2: the share only warns.")
    notes.append(_room(context, question, sums))
    finding = _finding(question, value, answer, status, unit=unit)
    finding = replace(finding, location_mm=sums.total.location_mm)
    return _with_reservations(context, question, finding, answer, courses, notes)


def _with_reservations(
    context: Context,
    question: _Question,
    finding: Finding,
    answer: Answer,
    courses: Sequence[Course],
    notes: list[str],
) -> Finding:
    floor = Status.PASS
    stand_in = question.stand_in
    if stand_in is not None:
        if stand_in.role is Role.INSIDE:
            floor = Status.PASS if answer is Answer.EXCEEDED else Status.MANUAL
            notes.append(f"{stand_in.match.name} lies inside {stand_in.asked}: it cannot pass.")
        elif stand_in.role is Role.ENCLOSES:
            notes.append(f"Tested on {stand_in.match.name}, which encloses {stand_in.asked}.")
        if stand_in.match.name == CAUDA:
            floor = Status.MANUAL
            notes.append("The cauda equina stands for the cord below the conus only.")
    held_back = reservations(context, question.rule, courses)
    if held_back:
        floor = Status.MANUAL
        notes.extend(held_back)
    return replace(
        finding,
        status=judging.at_least(finding.status, floor),
        message=" ".join(part for part in (finding.message, *notes) if part),
        remedy=finding.remedy or ("Let a physician decide." if floor is not Status.PASS else ""),
    )


def _measured(rule: ReirradiationRule, sums: Cumulative) -> MetricValue:
    metric = rule.metric or _PLAIN
    factor = 1.0
    if metric.scale == "BED" and metric.alpha_beta:
        factor = 1 + 2 / metric.alpha_beta
    if rule.quantity == "retreatment_share":
        low, value, high = _share(sums)
        return MetricValue(metric=metric, value=value, unit="ratio", band=(low, high))
    if rule.quantity == "course_dose":
        amount = max((sums.now, *sums.earlier), key=lambda one: one.high)
        # The highest of all is above a bound as soon as one of them is.
        least = max(one.low for one in (sums.now, *sums.earlier))
        amount = replace(amount, low=max(amount.low, least))
    else:
        amount = sums.total if rule.quantity == "cumulative_dose" else sums.now
    low, high = factor * amount.low, factor * amount.high
    value_gy = None if math.isinf(high) else factor * amount.value
    return MetricValue(
        metric=metric, value=value_gy, unit="Gy", band=(low, high), reason=amount.how
    )


def _share(sums: Cumulative) -> tuple[float, float, float]:
    """Return lowest, likely and highest share of the plan in the sum.

    As in the publication, maxima of courses that cannot be laid over each other are added; of
    a course that is known by its prescription only, the hot spot is left out where that raises
    the share.
    """
    total = sums.total
    least = total.low
    if not sums.voxelwise:
        plain = (e.low if e.at_prescription is None else e.at_prescription for e in sums.earlier)
        least = sums.now.high + sum(plain)
    value = sums.now.value / total.value if total.value > 0 else 1.0
    low = sums.now.low / total.high if total.high > 0 else 0.0
    high = sums.now.high / least if least > 0 and math.isfinite(sums.now.high) else 1.0
    return min(low, value), min(value, 1.0), min(max(high, value), 1.0)


def _room(context: Context, question: _Question, sums: Cumulative) -> str:
    """Say what the whole set of conditions leaves for this course; empty for other rules."""
    rule, fractions = question.rule, prescription(context).fractions
    bounds = {
        one.quantity: one.value
        for one in question.guideline.reirradiation
        if one.together and one.together == rule.together
    }
    if rule.quantity != "retreatment_dose" or "cumulative_dose" not in bounds or not fractions:
        return ""
    most = largest_retreatment_eqd2(
        sum(amount.value for amount in sums.earlier),
        cumulative_gy=bounds["cumulative_dose"],
        course_gy=rule.value,
        share=bounds.get("retreatment_share"),
    )
    scale = rule.metric.alpha_beta if rule.metric else None
    if scale is None:
        return ""
    dose_gy = physical_from_eqd2(most, fractions=fractions, alpha_beta_gy=scale)
    return f"Where the hot spots coincide the conditions leave {dose_gy:.1f} Gy."


def _low_prior(context: Context, sums: Cumulative) -> bool:
    earlier = sum(amount.high for amount in sums.earlier)
    return earlier < context.criterion("reirradiation.low_prior_gy")


def _basis(sums: Cumulative) -> str:
    shares = [f"this course {sums.now.value:.1f}"]
    shares += [f"earlier {amount.value:.1f} ({amount.how})" for amount in sums.earlier]
    how = "added voxel by voxel"
    if not sums.voxelwise:
        how = (
            f"hot spots coinciding {sums.total.value:.1f}, lying apart {sums.total.low:.1f}; the "
            "first decides"
        )
    small = "".join(
        f"; {one.metric} of the sum {one.value:.1f}, {one.band[0]:.1f} to {one.band[1]:.1f}"
        for one in sums.near_maximum
        if one.value is not None and one.band is not None and math.isfinite(one.band[1])
    )
    return f"EQD2 in Gy on {sums.match.roi_name}: {', '.join(shares)}; {how}{small}."


def _interval(context: Context, question: _Question, course: Course) -> Finding:
    rule = question.rule
    planned = context.case.plan.planned_on if context.case.plan else None
    days = context.criterion("reirradiation.course_days")
    interval = interval_between(course, planned, unknown_days=days)
    if interval.months is None or interval.longest_months is None:
        return _unanswered(
            question,
            f"{course.label}: {interval.how}",
            "State when the earlier course ended, and export the date of the plan.",
            subject=course.label,
        )
    value = MetricValue(
        metric=_PLAIN,
        value=interval.months,
        unit="months",
        band=(interval.months, interval.longest_months),
    )
    answer = judging.compare(value, rule.comparison, rule.value, unit="months")
    excess = judging.excess_status(kind=rule.kind, evidence=rule.evidence, governs=question.governs)
    finding = _finding(
        question, value, answer, judging.verdict(answer, excess=excess), unit="months"
    )
    finding = replace(finding, subject=course.label)
    return replace(finding, message=f"{course.label}: {finding.message} Counting: {interval.how}.")


def _finding(
    question: _Question, value: MetricValue, answer: Answer, status: Status, *, unit: str
) -> Finding:
    rule, source = question.rule, question.guideline.source
    words = {
        Answer.MET: "met",
        Answer.EXCEEDED: "not met",
        Answer.OPEN: "between the bounds of what is known",
        Answer.NONE: f"no answer: {value.reason}",
    }
    shown = "unknown" if value.value is None else judging.number(value.value, beside=rule.value)
    stand_in = question.stand_in
    return Finding(
        code=question.code,
        subject=stand_in.match.roi_name if stand_in else "courses",
        roi_number=stand_in.match.roi_number if stand_in else None,
        status=status,
        message=(
            f"{question.metric[:1].upper()}{question.metric[1:]} {shown} {unit}".rstrip()
            + f", rule {rule.comparison.value} {rule.value:g} {unit}".rstrip()
            + f" of {question.guideline.id}: {words[answer]}."
        ),
        # Readers of a report take a metric for one of this plan alone.
        metric=str(rule.metric) if rule.quantity == "retreatment_dose" else "",
        value=value.value,
        unit=unit,
        band=value.band if value.band and math.isfinite(value.band[1]) else None,
        comparison=rule.comparison.value,
        limit=rule.value,
        margin=judging.margin(value.value, rule.comparison, rule.value),
        guideline=question.guideline.id,
        source=f"{source.title}, {rule.where}",
        doi=source.doi or source.locator,
        evidence=rule.evidence.value,
        governs=question.governs,
        remedy="" if answer is Answer.MET else _remedy(rule, answer),
    )


def _remedy(rule: ReirradiationRule, answer: Answer) -> str:
    if answer is Answer.NONE:
        return "Export a dose grid that covers the structure."
    if rule.quantity == "interval":
        return "Check the dates of the courses; let a physician decide."
    if rule.comparison in (Comparison.AT_MOST, Comparison.BELOW):
        return "Lower the dose of this plan there, or supply dose and registration of the earlier."
    return "Let a physician decide."


def _unanswered(question: _Question, why: str, remedy: str, *, subject: str = "") -> Finding:
    rule = question.rule
    return Finding(
        code=question.code,
        subject=subject or (rule.structures[0] if rule.structures else "courses"),
        status=Status.NOT_EVALUATED,
        message=f"{question.metric[:1].upper()}{question.metric[1:]} has no answer: {why}.",
        comparison=rule.comparison.value,
        limit=rule.value,
        guideline=question.guideline.id,
        evidence=rule.evidence.value,
        governs=question.governs,
        remedy=remedy,
    )
