"""One rule asked of one contour: the finding with everything it rests on."""

import math
from dataclasses import dataclass, replace

from constraints.metric import Metric
from constraints.model import Comparison, Guideline, Limit, Setting
from planchecker.checks.context import Context
from planchecker.checks.limits import judging
from planchecker.checks.limits.judging import Answer
from planchecker.checks.limits.nesting import Role, StandIn
from planchecker.checks.limits.selection import is_operated, prescription
from planchecker.dosimetry.dvh import MetricValue
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, Status

__all__ = ["Rule", "ask", "measure", "noted", "rule_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A bound with its authority.

    Parameters
    ----------
    metric, comparison, value, unit
        What must hold; ``%Rx`` is percent of the prescription and is turned into Gy.
    excess
        Status of a proved excess.
    guideline, source, doi, evidence
        As in `planchecker.results.Finding`.
    sites
        Body sites the bound was given for; empty means any.
    setting
        Intact or operated bone, where it was given for one of them.
    measured_on
        Contours the figure was measured on, where they differ from the wording.
    decided
        What a site file decided about it, in sentences.
    """

    metric: Metric
    comparison: Comparison
    value: float
    unit: str
    excess: Status
    guideline: str
    source: str
    doi: str = ""
    evidence: str = ""
    governs: bool = True
    sites: tuple[str, ...] = ()
    setting: Setting = Setting.ANY
    measured_on: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()


def rule_of(guideline: Guideline, limit: Limit, *, governs: bool) -> Rule:
    """Return the rule that a published limit states."""
    return Rule(
        metric=limit.metric,
        comparison=limit.comparison,
        value=limit.value,
        unit=limit.unit,
        excess=judging.excess_status(kind=limit.kind, evidence=limit.evidence, governs=governs),
        guideline=guideline.id,
        source=f"{guideline.source.title} ({guideline.source.year}), {limit.where}",
        doi=guideline.source.doi or guideline.source.locator,
        evidence=limit.evidence.value,
        governs=governs,
        sites=limit.sites,
        setting=limit.setting,
        measured_on=limit.figures_from,
        decided=limit.decided,
    )


def measure(
    context: Context, roi_number: int, metric: Metric, *, prescription_gy: float | None = None
) -> MetricValue:
    """Answer a metric for one contour; where there is no histogram the reason says why."""
    dvh = context.dvhs.get(roi_number)
    if dvh is None:
        reason = (
            context.dvh_problems.get(roi_number)
            or context.plan_dose.problem
            or "its dose-volume histogram could not be computed"
        )
        return MetricValue(metric=metric, value=None, unit=metric.unit, reason=reason)
    stated = prescription(context)
    try:
        return dvh.metric(
            metric,
            prescription_gy=stated.dose_gy if prescription_gy is None else prescription_gy,
            fractions=stated.fractions,
        )
    except PlanCheckerError as error:
        return MetricValue(metric=metric, value=None, unit=metric.unit, reason=str(error))


def ask(
    context: Context,
    rule: Rule,
    stand_in: StandIn,
    *,
    code: str,
    floor: Status = Status.PASS,
    note: str = "",
    measured: MetricValue | None = None,
) -> Finding:
    """Test one rule on one contour.

    Parameters
    ----------
    measured
        The answer of the metric, where it was not measured on the whole contour.
    floor
        The finding is at least this bad.
    note
        Why, or what else must be said; added to the message.
    """
    if measured is None:
        measured = measure(context, stand_in.match.roi_number, rule.metric)
    bound, how = _bound(context, rule)
    answer = (
        Answer.NONE
        if bound is None
        else judging.compare(measured, rule.comparison, bound, unit=rule.metric.unit)
    )
    status = judging.verdict(answer, excess=rule.excess)
    finding = Finding(
        code=code,
        subject=stand_in.match.roi_name,
        roi_number=stand_in.match.roi_number,
        status=status,
        message=_sentence(stand_in, rule, measured, bound, how, answer),
        metric=str(rule.metric),
        value=measured.value,
        unit=measured.unit,
        band=measured.band,
        comparison=rule.comparison.value,
        limit=bound,
        margin=None if bound is None else judging.margin(measured.value, rule.comparison, bound),
        guideline=rule.guideline,
        source=rule.source,
        doi=rule.doi,
        evidence=rule.evidence,
        governs=rule.governs,
        remedy=_remedy(context, rule, stand_in, answer, bound),
        location_mm=measured.location_mm,
        decided=" ".join(rule.decided),
    )
    finding = _site(finding, rule, answer)
    finding = _setting(context, finding, rule, answer)
    finding = _role(finding, rule, stand_in, answer)
    return noted(finding, note, floor=floor)


def noted(finding: Finding, note: str, *, floor: Status = Status.PASS) -> Finding:
    """Return the finding with a sentence added, and at least as bad as `floor`."""
    message = f"{finding.message} {note}" if note else finding.message
    return replace(finding, message=message, status=judging.at_least(finding.status, floor))


def _bound(context: Context, rule: Rule) -> tuple[float | None, str]:
    """Return the bound in the unit of the metric, and how it was or why it was not reached."""
    if rule.unit != "%Rx":
        if rule.unit == rule.metric.unit:
            return rule.value, ""
        return None, f"a limit in {rule.unit} does not fit {rule.metric}"
    dose_gy = prescription(context).dose_gy
    if rule.metric.unit != "Gy" or rule.metric.scale:
        return None, f"a limit in % of the prescription does not fit {rule.metric}"
    if dose_gy is None:
        return None, f"the limit is {rule.value:g} % of a prescription the plan does not state"
    return rule.value * dose_gy / 100, f" ({rule.value:g} % of {dose_gy:g} Gy)"


def _sentence(
    stand_in: StandIn,
    rule: Rule,
    measured: MetricValue,
    bound: float | None,
    how: str,
    answer: Answer,
) -> str:
    match = stand_in.match
    name = match.roi_name if match.roi_name == match.name else f"{match.roi_name} ({match.name})"
    if bound is None:
        return f"{name} {rule.metric} not judged: {how}."
    limit = f"limit {rule.comparison.value} {bound:g} {rule.metric.unit}{how}"
    if answer is Answer.NONE:
        why = measured.reason or f"the answer came in {measured.unit or 'no unit'}"
        return f"{name} {rule.metric} has no answer: {why} ({limit})."
    words = {
        Answer.MET: "met",
        Answer.EXCEEDED: "exceeded" if rule.comparison.value.startswith("<") else "not reached",
        Answer.OPEN: "inside the uncertainty band",
    }
    return f"{name} {rule.metric} {_shown(measured, bound)}, {limit}: {words[answer]}."


def _shown(measured: MetricValue, bound: float) -> str:
    unit = measured.unit
    if measured.value is not None:
        text = f"{judging.number(measured.value, beside=bound)} {unit}"
        ends = [judging.number(end, beside=bound) for end in measured.band or ()]
        return f"{text} (band {' to '.join(ends)})" if len(set(ends)) > 1 else text
    why = measured.reason or "not determined"
    low, high = measured.band or (0.0, math.inf)
    least = f"at least {judging.number(low, beside=bound)}"
    most = "" if math.isinf(high) else f" and at most {judging.number(high, beside=bound)}"
    return f"{least}{most} {unit} ({why})"


def _remedy(
    context: Context, rule: Rule, stand_in: StandIn, answer: Answer, bound: float | None
) -> str:
    if answer is Answer.MET:
        return ""
    if bound is None:
        return "State the prescribed dose in the plan and export it again."
    if answer is not Answer.NONE:
        change = "Lower the dose to" if rule.comparison.value.startswith("<") else "Cover"
        return f"{change} {stand_in.match.roi_name}, or let a physician decide."
    if context.plan_dose.grid is None and context.plan_dose.remedy:
        return context.plan_dose.remedy
    dvh = context.dvhs.get(stand_in.match.roi_number)
    if dvh is not None and dvh.outside_cc > 0:
        return f"Calculate and export the dose on a grid that covers {stand_in.match.roi_name}."
    return f"Check that {stand_in.match.roi_name} is contoured whole, and export it again."


def _site(finding: Finding, rule: Rule, answer: Answer) -> Finding:
    """Soften an excess of a limit for a body site that the plan does not name."""
    if not rule.sites or answer is Answer.NONE:
        return finding
    note = f"The limit is given for {', '.join(rule.sites)}; the site of the plan is not known."
    if answer is not Answer.MET:
        finding = replace(finding, status=Status.MANUAL)
    return noted(finding, note)


def _setting(context: Context, finding: Finding, rule: Rule, answer: Answer) -> Finding:
    """Soften an excess of a limit for operated bone where nothing shows the operation."""
    if rule.setting is not Setting.POSTOPERATIVE or is_operated(context) or answer is Answer.NONE:
        return finding
    if answer is not Answer.MET:
        finding = replace(finding, status=Status.MANUAL)
    return noted(finding, "The limit is for operated bone; nothing shows that this one was.")


def _role(finding: Finding, rule: Rule, stand_in: StandIn, answer: Answer) -> Finding:
    tested, asked = stand_in.match.name, stand_in.asked
    if stand_in.role is Role.ENCLOSES:
        if answer in (Answer.MET, Answer.NONE):
            return noted(finding, f"Tested on {tested}, which encloses {asked}.")
        note = f"Tested on {tested}, which encloses {asked}: the limit may be met on {asked}."
        return replace(
            noted(finding, note), remedy=f"Contour {asked} and check again. {finding.remedy}"
        )
    if stand_in.role is Role.INSIDE:
        note = f"Tested on {tested}, which lies inside {asked}: that can never show the limit met."
        floor = Status.PASS if answer is Answer.EXCEEDED else Status.MANUAL
        found = noted(finding, note, floor=floor)
        return replace(found, remedy=f"Contour {asked} and check again. {finding.remedy}".strip())
    if rule.measured_on and tested not in rule.measured_on:
        return noted(finding, f"The figure was measured on {', '.join(rule.measured_on)}.")
    return finding
