"""TC: what the targets receive."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from constraints.metric import Metric, MetricKind
from constraints.model import Comparison, Criterion, Technique
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.hot_spot import hottest_voxel
from planchecker.checks.limits import judging
from planchecker.checks.limits.asking import measure, noted
from planchecker.checks.limits.judging import Answer
from planchecker.checks.limits.selection import prescription
from planchecker.checks.near_cord import away_from_cord
from planchecker.checks.targets import TargetDose, no_targets, target_dose, targets
from planchecker.naming import Match
from planchecker.results import Finding, NotApplicable, Status
from planchecker.schemes.inference import INFERRED

__all__ = ["CHECKS"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Floor:
    """One coverage criterion: metric, name of the number in the protocol, status below it."""

    code: str
    metric: Metric
    criterion: str
    excess: Status
    comparison: Comparison = Comparison.AT_LEAST

    @property
    def in_percent_of_dose(self) -> bool:
        """Whether the number is percent of the prescription rather than of the volume."""
        return self.metric.kind is not MetricKind.VOLUME_AT_PERCENT


_MEDIAN = _Floor(
    code="TC001",
    metric=Metric.parse("D50%"),
    criterion="coverage.ptv_d50_percent",
    excess=Status.FAIL,
)
_NEAR_MINIMUM = _Floor(
    code="TC002",
    metric=Metric.parse("D95%"),
    criterion="coverage.ptv_d95_percent",
    excess=Status.WARN,
)
_TUMOUR = _Floor(
    code="TC003",
    metric=Metric.parse("V90%[%]"),
    criterion="coverage.ctv_v90_percent",
    excess=Status.FAIL,
)
_HOT_SPOT = _Floor(
    code="TC004",
    metric=Metric.parse("Dmax"),
    criterion="hot_spot.ptv_max_percent_conventional",
    excess=Status.WARN,
    comparison=Comparison.AT_MOST,
)


def ptv_median(context: Context) -> Iterator[Outcome]:
    """Ask whether every PTV gets the prescribed dose at all.

    What
    ----
    D50% of each PTV against the protocol's floor, in percent of the dose prescribed to it.

    Why
    ---
    A median far below the prescription is no question of margins: the dose is of another
    plan, of one fraction, or misses the target.

    Passes
    ------
    The whole uncertainty band reaches the floor.

    Fires
    -----
    `fail` below the floor, `borderline` where it lies in the band. Where the plan does not say
    which of several doses the PTV gets, or the prescription is inferred: `manual`.

    Not evaluated
    -------------
    No PTV is contoured, no dose is prescribed, or the PTV has no dose.

    References
    ----------
    Local floor of the protocol; ICRU report 83 for the median dose.
    """
    yield from _ptvs(context, _MEDIAN)
    if not targets(context, "PTV"):
        yield _unanswered(
            _MEDIAN.code,
            "No PTV is contoured, so coverage cannot be judged.",
            "Contour the PTV (ROI type PTV) and export the structure set.",
        )


def ptv_coverage(context: Context) -> Iterator[Outcome]:
    """Ask whether every PTV is covered, and say what was given up for the cord.

    What
    ----
    D95% of each PTV against the protocol's floor; D98%, V100%, D50% and D2% stand beside.

    Why
    ---
    Coverage lost to a misplaced field must not hide behind coverage given up for the cord.

    Passes
    ------
    D95% reaches the floor; in a stereotactic plan also where the part of the PTV away from the
    cord reaches it. What was given up is then in the message.

    Fires
    -----
    `warn` below the floor; `manual` where the dose of the PTV is not sure.

    Not evaluated
    -------------
    No dose is prescribed, or the PTV has no dose. Without a PTV TC001 says so.

    References
    ----------
    Local floor of the protocol; ICRU reports 83 and 91 for the metrics. Full PTV coverage is
    not expected next to the cord: planning study, doi 10.1186/s13014-016-0631-9.
    """
    for outcome in _ptvs(context, _NEAR_MINIMUM):
        if isinstance(outcome, Finding) and outcome.roi_number is not None:
            yield noted(outcome, _beside(context, outcome.roi_number))
        else:
            yield outcome


def tumour_coverage(context: Context) -> Iterator[Outcome]:
    """Ask whether the CTV and the GTV are covered.

    What
    ----
    The share of each CTV and GTV that receives 90 % of its dose, against the protocol's floor.

    Why
    ---
    A cold PTV rim may be accepted; cold tumour decides about pain and compression.

    Passes
    ------
    The whole uncertainty band reaches the floor.

    Fires
    -----
    `fail` below the floor, `borderline` where it lies in the band; `warn` in a stereotactic
    plan whose CTV or GTV away from the cord reaches it; `manual` where its dose is not sure.

    Not evaluated
    -------------
    No dose is prescribed, or the CTV or GTV has no dose. Without CTV and GTV: not applicable.

    References
    ----------
    Local floor of the protocol.
    """
    found = targets(context, "CTV", "GTV", "ITV")
    for target in found:
        yield _judge(context, _TUMOUR, target)
    if not found:
        yield no_targets(_TUMOUR.code, "CTV, GTV or ITV")


def hot_spot(context: Context) -> Iterator[Outcome]:
    """Ask whether a conventional plan stays below the ICRU hot spot.

    What
    ----
    Dmax of each PTV against the protocol's percentage of its dose, in conventional plans.

    Why
    ---
    A homogeneous dose is meant there. In stereotactic plans hot spots inside the target are
    meant, and nothing is asked.

    Passes
    ------
    The whole uncertainty band stays below.

    Fires
    -----
    `warn` above. Where the dose of the PTV is not sure, the highest prescribed one is taken.

    Not evaluated
    -------------
    No dose is prescribed, the PTV has no dose, or the technique is unknown. Without a PTV
    TC001 says so.

    References
    ----------
    ICRU reports 50 and 62.
    """
    worlds = context.technique.worlds
    if worlds == (Technique.STEREOTACTIC,):
        yield NotApplicable(
            code=_HOT_SPOT.code,
            subject="PTV",
            reason="the plan is stereotactic: hot spots inside the target are meant",
        )
    elif not worlds:
        yield _unanswered(
            _HOT_SPOT.code,
            "The technique is unknown, so a hot spot cannot be judged.",
            "Export the plan with its beams and control points.",
        )
    else:
        yield from _ptvs(context, _HOT_SPOT)


CHECKS: tuple[Check, ...] = (
    Check(code="TC001", title="PTV receives its dose", run=ptv_median),
    Check(code="TC002", title="PTV coverage", run=ptv_coverage),
    Check(code="TC003", title="CTV and GTV coverage", run=tumour_coverage),
    Check(code="TC004", title="Hot spot in the PTV", run=hot_spot),
    Check(code="TC005", title="Place of the highest dose", run=hottest_voxel),
)


def _ptvs(context: Context, floor: _Floor) -> Iterator[Outcome]:
    for target in targets(context, "PTV"):
        yield _judge(context, floor, target)


def _judge(context: Context, floor: _Floor, target: Match) -> Finding:
    meant = target_dose(context, target)
    criterion = context.protocol.criteria.get(floor.criterion)
    if criterion is None:
        return _unanswered(
            floor.code,
            f"The protocol does not hold {floor.criterion}.",
            "Add the criterion to the protocol file.",
            target,
        )
    if meant.dose_gy is None:
        return _unanswered(
            floor.code,
            f"{target.roi_name}: {meant.how}, so coverage cannot be judged.",
            "State the prescribed dose in the plan and export it again.",
            target,
        )
    finding, answer = _compared(context, floor, target, meant, criterion)
    if answer is Answer.NONE:
        return finding
    return _inferred(context, _near_cord(context, finding, floor, target, meant.dose_gy))


def _compared(
    context: Context, floor: _Floor, target: Match, meant: TargetDose, criterion: Criterion
) -> tuple[Finding, Answer]:
    dose_gy = meant.dose_gy or 0.0
    bound = criterion.value * dose_gy / 100 if floor.in_percent_of_dose else criterion.value
    measured = measure(context, target.roi_number, floor.metric, prescription_gy=dose_gy)
    answer = judging.compare(measured, floor.comparison, bound, unit=floor.metric.unit)
    shown = f"has no answer: {measured.reason or 'no reason given'}"
    if answer is not Answer.NONE and measured.value is not None:
        shown = f"{judging.number(measured.value, beside=bound)} {measured.unit}"
    of_dose = f" ({criterion.value:g} % of {dose_gy:g} Gy)" if floor.in_percent_of_dose else ""
    # A shortfall of the highest dose proves nothing for a target that may be meant to get less;
    # an excess of it is one for every lower dose too.
    proved = meant.sure or floor.comparison is Comparison.AT_MOST
    finding = Finding(
        code=floor.code,
        subject=target.roi_name,
        roi_number=target.roi_number,
        status=judging.verdict(answer, excess=floor.excess if proved else Status.MANUAL),
        message=(
            f"{target.roi_name} {floor.metric} {shown}, asked {floor.comparison.value} "
            f"{bound:.4g} {measured.unit}{of_dose}; {meant.how}."
        ),
        metric=str(floor.metric),
        value=measured.value,
        unit=measured.unit,
        band=measured.band,
        comparison=floor.comparison.value,
        limit=bound,
        margin=judging.margin(measured.value, floor.comparison, bound),
        **context.cited(floor.criterion),
        remedy="" if answer is Answer.MET else _remedy(context, target, answer, floor),
        location_mm=measured.location_mm,
    )
    return finding, answer


def _near_cord(
    context: Context, finding: Finding, floor: _Floor, target: Match, dose_gy: float
) -> Finding:
    """Exempt and show what a stereotactic plan gives up next to the cord."""
    clear = context.technique.worlds == (Technique.STEREOTACTIC,)
    if finding.status is Status.PASS or not clear or floor is _HOT_SPOT or finding.limit is None:
        return finding
    rest = away_from_cord(context, target)
    if rest is None:
        return noted(finding, "Whether the loss lies next to the cord could not be worked out.")
    if floor.in_percent_of_dose and floor.metric.number is not None:
        reached = rest.dose_at_percent(floor.metric.number)
    else:
        reached = rest.percent_at_dose((floor.metric.number or 0.0) * dose_gy / 100)
    note = (
        f"{rest.near_percent:.0f} % of it lies within {rest.margin_mm:g} mm of {rest.contour}; "
        f"{floor.metric} of the rest is {judging.number(reached, beside=finding.limit)} "
        f"{finding.unit}"
    )
    if reached < finding.limit:
        return noted(finding, f"{note}, so the loss does not lie next to the cord alone.")
    exempt = Status.PASS if floor.excess is Status.WARN else Status.WARN
    if finding.status is Status.MANUAL:
        exempt = Status.MANUAL
    return noted(
        replace(finding, status=exempt, remedy=""), f"{note}: given up for the cord, exempt."
    )


def _inferred(context: Context, finding: Finding) -> Finding:
    source = prescription(context).source
    if source == "beam doses" and context.plan_dose.effective and finding.status is Status.WARN:
        return noted(
            replace(finding, status=Status.MANUAL),
            "The dose is weighted by RBE and the prescription, a sum of beam doses, is not.",
        )
    if source != INFERRED:
        return finding
    return noted(
        replace(finding, status=Status.MANUAL),
        "The prescription is inferred from the dose, so a person must judge.",
    )


def _beside(context: Context, roi_number: int) -> str:
    """Return the other coverage metrics in words."""
    target = next(m for m in context.matches if m.roi_number == roi_number)
    dose_gy = target_dose(context, target).dose_gy
    parts = []
    for name in ("D98%", "V100%[%]", "D50%", "D2%"):
        metric = Metric.parse(name)
        got = measure(context, roi_number, metric, prescription_gy=dose_gy)
        shown = "no answer" if got.value is None else f"{got.value:.2f} {got.unit}"
        parts.append(f"{name} {shown}")
    return f"Beside: {', '.join(parts)}."


def _remedy(context: Context, target: Match, answer: Answer, floor: _Floor) -> str:
    if answer is not Answer.NONE:
        if floor is _HOT_SPOT:
            return f"Make the dose in {target.roi_name} more even, or let a physician accept it."
        return f"Cover {target.roi_name}, or let a physician accept the loss."
    if context.plan_dose.grid is None and context.plan_dose.remedy:
        return context.plan_dose.remedy
    return f"Export {target.roi_name} with closed contours and a dose grid that covers it."


def _unanswered(code: str, message: str, remedy: str, target: Match | None = None) -> Finding:
    return Finding(
        code=code,
        subject=target.roi_name if target else "PTV",
        roi_number=target.roi_number if target else None,
        status=Status.NOT_EVALUATED,
        message=message,
        remedy=remedy,
    )
