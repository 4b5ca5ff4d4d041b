"""RI013 to RI015: what is shown beside the rules for a further course."""

from collections.abc import Iterator

from constraints.model import Course as CourseKind
from constraints.model import Evidence, PracticeRange, RiskScore, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.courses_at import Cumulative, cumulative_at
from planchecker.checks.courses_given import earlier_courses
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.nesting import CORD
from planchecker.checks.limits.selection import prescription
from planchecker.checks.reirradiation_rules import contour_for
from planchecker.checks.saying import moot, say
from planchecker.courses import Course, interval_between
from planchecker.dosimetry.radiobiology import bed
from planchecker.errors import PlanCheckerError
from planchecker.results import Status
from planchecker.schemes.tables import is_one_of

__all__ = ["practice", "recovery", "risk_score"]

_NO_COURSE = "no earlier course was given"


def risk_score(context: Context) -> Iterator[Outcome]:
    """Ask for the points of the risk score of the cord.

    What
    ----
    Points for cumulative BED, for the highest BED of one course and for the interval, and the
    group they lead to.

    Why
    ---
    The score is widely quoted; a reader wants to see where the patient would stand.

    Passes
    ------
    Points in the lowest group.

    Fires
    -----
    `manual` in any other group. Points that rest on memory give no status: they are listed as
    not applicable with what they would be.

    Not evaluated
    -------------
    Where a dose or a date is missing.

    References
    ----------
    Nieder et al. 2005, IJROBP 61:851, points; Nieder et al. 2006, IJROBP 66:1446, rates.
    """
    courses = earlier_courses(context)
    scores = [(g.id, s) for g in context.guidelines.values() for s in g.scores]
    if not courses or not scores:
        yield moot("RI013", CORD, _NO_COURSE if not courses else "the protocol holds no score")
        return
    for name, score in scores:
        off = score.evidence is Evidence.D
        try:
            points, group = _points(context, score, courses)
        except PlanCheckerError as error:
            if off:
                yield moot("RI013", score.id, f"{name}: no answer: {error}")
            else:
                remedy = "State what the message names."
                yield say("RI013", score.id, Status.NOT_EVALUATED, f"{error}.", remedy=remedy)
            continue
        said = f"{points:g} points, {group} group"
        if off:
            reason = f"{name}: points rest on memory (evidence D); they would be {said}"
            yield moot("RI013", score.id, reason)
        else:
            lowest = group == score.groups[0].name
            status = Status.PASS if lowest else Status.MANUAL
            remedy = "Let a physician decide."
            yield say("RI013", score.id, status, f"{name}: {said}.", remedy=remedy)


def practice(context: Context) -> Iterator[Outcome]:
    """Ask how this course compares with what experts use after the same earlier scheme.

    What
    ----
    The maximum of cord, PRV or thecal sac against the range that experts use for this number
    of fractions after the earlier scheme.

    Why
    ---
    A figure above what any expert uses needs a reason; one inside the range proves nothing.

    Passes
    ------
    The maximum is at most the highest figure in use.

    Fires
    -----
    `warn` above it.

    Not evaluated
    -------------
    Where the dose of the structure has no answer. Without exactly one earlier course of a
    listed scheme, and in conventional plans: not applicable.

    References
    ----------
    Survey of expert practice, PMC5551391, Table 5.
    """
    courses = earlier_courses(context)
    rows = list(_practice_rows(context, courses))
    if not rows:
        reason = "no range for this scheme after the earlier one" if courses else _NO_COURSE
        yield moot("RI014", CORD, reason)
    for name, row in rows:
        stand_in = next((s for asked in row.structures if (s := contour_for(context, asked))), None)
        if stand_in is None:
            yield moot("RI014", CORD, "no cord, PRV or thecal sac is contoured; RI010 reports it")
            continue
        found = measure(context, stand_in.match.roi_number, row.metric)
        low, high = row.span
        shown = found.reason if found.value is None else f"{found.value:.2f} Gy"
        status = Status.PASS
        if found.value is None:
            status = Status.NOT_EVALUATED
        elif found.value > high:
            status = Status.WARN
        yield say(
            "RI014",
            stand_in.match.roi_name,
            status,
            f"{stand_in.match.roi_name} {row.metric} {shown}; experts use {low:g} to {high:g} Gy "
            f"after such a course, which is no limit.",
            remedy="Compare with the earlier course, and let a physician decide.",
            roi_number=stand_in.match.roi_number,
            metric=str(row.metric),
            value=found.value,
            unit="Gy",
            band=found.band,
            comparison="<=",
            limit=high,
            margin=None if found.value is None else high - found.value,
            guideline=name,
            source=row.where,
            evidence=row.evidence.value,
            governs=False,
        )


def recovery(context: Context) -> Iterator[Outcome]:
    """State that no recovery of the cord is counted on.

    What
    ----
    The rules of thumb for recovery with time in the protocol.

    Why
    ---
    Counting on recovery raises every limit; that is a physician's decision and never silent.

    Passes
    ------
    Never: no status is given. The rules are listed as not applied.

    Fires
    -----
    Never.

    Not evaluated
    -------------
    Never.

    References
    ----------
    Doi et al. 2021, doi 10.1007/s00066-021-01772-7; QUANTEC 2010,
    doi 10.1016/j.ijrobp.2009.04.095.
    """
    courses = earlier_courses(context)
    if not courses:
        yield moot("RI015", CORD, _NO_COURSE)
        return
    for guideline in context.guidelines.values():
        for rule in guideline.reirradiation:
            if rule.quantity == "recovery":
                after = f" from {rule.after_months:g} months on" if rule.after_months else ""
                yield moot(
                    "RI015",
                    rule.id,
                    f"not applied: {rule.value:g} % recovery{after} ({guideline.id}); sums are "
                    "without recovery",
                )


def _points(context: Context, score: RiskScore, courses: tuple[Course, ...]) -> tuple[float, str]:
    stand_in = contour_for(context, score.structures[0])
    if stand_in is None:
        raise PlanCheckerError(f"no {score.structures[0]} is contoured")
    planned = context.case.plan.planned_on if context.case.plan else None
    months = []
    for course in courses:
        days = context.criterion("reirradiation.course_days")
        interval = interval_between(course, planned, unknown_days=days)
        if interval.months is None:
            raise PlanCheckerError(interval.how)
        months.append(interval.months)
    total = 0.0
    sums: dict[float, Cumulative] = {}
    for item in score.items:
        scale = item.alpha_beta_gy
        if item.quantity == "interval":
            value = min(months)
        else:
            if scale is None:
                raise PlanCheckerError(f"{score.id} states no alpha/beta")
            if scale not in sums:
                sums[scale] = cumulative_at(context, stand_in.match, courses, alpha_beta_gy=scale)
            found = sums[scale]
            each = max(found.now.value, *(one.value for one in found.earlier))
            eqd2_gy = found.total.value if item.quantity == "cumulative_dose" else each
            # BED over EQD2 is the same factor for every dose.
            value = eqd2_gy * bed(2.0, fractions=1, alpha_beta_gy=scale) / 2.0
        holds = (
            (item.low is None or value > item.low)
            and (item.high is None or value <= item.high)
            and (item.at_least is None or value >= item.at_least)
            and (item.below is None or value < item.below)
        )
        total += item.points if holds else 0.0
    return total, _group(score, total)


def _group(score: RiskScore, points: float) -> str:
    """Return the lowest group whose upper end the points do not exceed."""
    for group in score.groups:
        if group.high is None or points <= group.high:
            return group.name
    return score.groups[-1].name


def _practice_rows(
    context: Context, courses: tuple[Course, ...]
) -> Iterator[tuple[str, PracticeRange]]:
    fractions = prescription(context).fractions
    if len(courses) != 1 or Technique.STEREOTACTIC not in context.technique.worlds:
        return
    earlier = courses[0]
    if earlier.prescribed_gy is None or earlier.fractions is None:
        return
    for guideline in context.guidelines.values():
        for row in guideline.practices:
            if (
                row.course is CourseKind.REIRRADIATION
                and row.evidence is not Evidence.D
                and fractions in row.fractions
                and is_one_of(row.after, earlier.prescribed_gy, earlier.fractions, context.protocol)
            ):
                yield guideline.id, row
