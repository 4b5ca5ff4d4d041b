"""RI: what earlier and parallel courses add to this plan."""

from collections.abc import Iterator

from constraints.model import Evidence, ReirradiationRule, Technique
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.courses_at import Cumulative
from planchecker.checks.courses_given import courses_given, courses_laid, earlier_courses
from planchecker.checks.limits.nesting import CORD
from planchecker.checks.limits.selection import prescription
from planchecker.checks.parallel_plans import parallel_plans
from planchecker.checks.plan_overlap import other_plans
from planchecker.checks.reirradiation_organs import cord_risk, organ_sums
from planchecker.checks.reirradiation_rules import ask_rule
from planchecker.checks.reirradiation_shown import practice, recovery, risk_score
from planchecker.checks.saying import moot, say
from planchecker.courses import technique_of
from planchecker.results import Status

__all__ = ["CHECKS"]

_NO_COURSE = "no earlier course was given"
_DOSES = ("cumulative_dose", "course_dose", "retreatment_dose", "retreatment_share")


def stereotactic_conditions(context: Context) -> Iterator[Outcome]:
    """Ask the conditions for stereotactic re-irradiation, and its bound of the sum of any plan.

    What
    ----
    On the thecal sac: cumulative EQD2, EQD2 of this course, its share of the sum, and the
    interval. Of a conventional plan only the cumulative dose is asked.

    Why
    ---
    The cord remembers: myelopathy came where the sum was high, the second course large against
    the first, or early.

    Passes
    ------
    Every condition is kept by the whole band of what is known.

    Fires
    -----
    `fail` where a condition is broken, `borderline` where it lies between hot spots apart and
    hot spots coinciding; the share alone after a low earlier dose is `warn`. On a contour
    inside the sac, after a course that was not conventional, and for a third course nothing is
    better than `manual`.

    Not evaluated
    -------------
    Dose, fractions, dates or contours are missing.

    References
    ----------
    Sahgal et al. 2021, doi 10.1016/j.ijrobp.2019.09.038; Sahgal et al. 2012, IJROBP 82:107.
    """
    yield from _family(context, "RI010", stereotactic=True)


def cumulative_rules(context: Context) -> Iterator[Outcome]:
    """Ask the rules for two courses of any technique.

    What
    ----
    Cumulative BED of the cord, the BED of each course, and the interval.

    Why
    ---
    They hold for conventional courses, for which the stereotactic caps were never meant.

    Passes
    ------
    Every rule is kept by the whole band of what is known.

    Fires
    -----
    `fail` where a rule is broken in a conventional plan, `warn` in a stereotactic one, where it
    stands beside the stereotactic conditions, and for the stricter figure below which no case
    was reported; `borderline` where it lies between the bounds.

    Not evaluated
    -------------
    Dose, fractions, dates or contours are missing.

    References
    ----------
    Nieder et al. 2006, IJROBP 66:1446.
    """
    yield from _family(context, "RI011", stereotactic=False)


def standing(context: Context) -> Iterator[Outcome]:
    """Ask whether published rules carry this retreatment at all.

    What
    ----
    How many courses there were and of which technique.

    Why
    ---
    The conditions were drawn from one stereotactic course after one conventional course.
    Everything else may keep the figures and still be no more than a careful guess.

    Passes
    ------
    One earlier conventional course, and this plan is stereotactic.

    Fires
    -----
    `manual` for a conventional retreatment, a course after a stereotactic one or one of unknown
    technique, and for a third course, on which experts do not agree.

    Not evaluated
    -------------
    Where the technique of this plan is unknown.

    References
    ----------
    Sahgal et al. 2021, doi 10.1016/j.ijrobp.2019.09.038; Nieder et al. 2018,
    doi 10.1007/s00066-018-1266-6.
    """
    courses, worlds = earlier_courses(context), context.technique.worlds
    if not courses:
        yield moot("RI012", "courses", _NO_COURSE)
        return
    before = [technique_of(c, context.protocol, context.guidelines) for c in courses]
    number = len(courses) + 1
    remedy = "Let a physician decide on dose and purpose of the further course."
    if not worlds:
        yield say(
            "RI012",
            "courses",
            Status.NOT_EVALUATED,
            "The technique of the plan is unknown, so no rule for a further course can be chosen.",
            remedy="Export the plan with its beams and its prescription.",
        )
    elif len(courses) > 1:
        message = f"This is course {number}: experts were asked and did not agree on a rule."
        yield say("RI012", "courses", Status.MANUAL, message, remedy=remedy)
    elif worlds != (Technique.STEREOTACTIC,):
        message = (
            "The plan is or may be conventional: a conventional retreatment that keeps the "
            "cumulative rules is still for a physician to judge."
        )
        yield say("RI012", "courses", Status.MANUAL, message, remedy=remedy)
    elif before[0] is not Technique.CONVENTIONAL:
        kind = before[0].value if before[0] else "of unknown technique"
        message = f"The earlier course is {kind}; the conditions are for a conventional one."
        yield say("RI012", "courses", Status.MANUAL, message, remedy=remedy)
    else:
        message = "A stereotactic course after one conventional course: the conditions are for it."
        yield say("RI012", "courses", Status.PASS, message)


CHECKS: tuple[Check, ...] = (
    Check(code="RI001", title="Earlier courses as given", run=courses_given),
    Check(code="RI002", title="Overlap with other plans", run=other_plans),
    Check(code="RI003", title="Courses laid over the plan", run=courses_laid),
    Check(code="RI010", title="Stereotactic re-irradiation", run=stereotactic_conditions),
    Check(code="RI011", title="Cumulative rules for two courses", run=cumulative_rules),
    Check(code="RI012", title="Standing of the retreatment", run=standing),
    Check(code="RI013", title="Risk score of the cord", run=risk_score),
    Check(code="RI014", title="Practice after the earlier course", run=practice),
    Check(code="RI015", title="Recovery between courses", run=recovery),
    Check(code="RI016", title="Organs in both courses", run=organ_sums),
    Check(code="RI020", title="Sum of the plans at hand", run=parallel_plans),
    Check(code="RI030", title="Logistic risk of the cord", run=cord_risk),
)


def _family(context: Context, code: str, *, stereotactic: bool) -> Iterator[Outcome]:
    courses = earlier_courses(context)
    if not courses:
        yield moot(code, CORD, _NO_COURSE)
        return
    # Parallel plans that are to be summed add to the same cord.
    added = context.courses
    known: dict[tuple[int, float], Cumulative] = {}
    asked = 0
    for guideline in context.guidelines.values():
        for rule in guideline.reirradiation:
            if (rule.technique is Technique.STEREOTACTIC) is not stereotactic:
                continue
            reason = _out_of_scope(context, rule)
            if reason:
                yield moot(code, rule.id, f"{guideline.id}: {reason}")
                continue
            asked += 1
            over = courses if rule.quantity == "interval" else added
            yield from ask_rule(
                context,
                guideline,
                rule,
                over,
                code=code,
                governs=_governs(context, rule),
                known=known,
            )
    if not asked:
        yield _nothing_asked(context, code)


def _nothing_asked(context: Context, code: str) -> Outcome:
    if not context.technique.worlds:
        why, remedy = "The technique of the plan is unknown", "Export the plan with its beams."
    else:
        why, remedy = "No guideline of the protocol has such a rule", "Use a protocol with one."
    return say(code, CORD, Status.NOT_EVALUATED, f"{why}: no rule was asked.", remedy=remedy)


def _out_of_scope(context: Context, rule: ReirradiationRule) -> str:
    if rule.evidence is Evidence.D:
        return "switched off: the figure rests on memory (evidence D)"
    if rule.quantity not in (*_DOSES, "interval"):
        return "no condition to keep; see RI015"
    if rule.decision == "manual" or rule.courses > 2:
        return "gives no rule to follow; see RI012"
    fractions = prescription(context).fractions
    if rule.fractions and fractions not in rule.fractions:
        return f"for {', '.join(map(str, rule.fractions))} fraction(s)"
    other = rule.technique is not None and rule.technique not in context.technique.worlds
    # The sum of all courses is bounded whatever the technique; caps of one course are not.
    if other and context.technique.worlds and rule.quantity != "cumulative_dose":
        return f"for {rule.technique} retreatment"
    return ""


def _governs(context: Context, rule: ReirradiationRule) -> bool:
    """Stereotactic conditions decide over general ones where the plan is only stereotactic."""
    if context.technique.worlds != (Technique.STEREOTACTIC,):
        return True
    return rule.technique is Technique.STEREOTACTIC
