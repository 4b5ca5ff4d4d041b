"""What decides which limits apply: structures, dose, technique, fractions, course."""

from collections.abc import Iterator

from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.selection import lacks_earlier, prescription
from planchecker.results import Finding, Status

__all__ = ["premises"]


def premises(context: Context) -> Iterator[Outcome]:
    """Establish what decides which limits apply.

    What
    ----
    Whether there are structures and a dose, whether technique, prescribed dose and number
    of fractions are known, and whether the plan is a first course.

    Why
    ---
    Limits are written for one technique, one number of fractions and one course. A limit
    of the wrong world reads like an answer and is none.

    Passes
    ------
    All are known. Where no earlier course was given the plan is judged as a first course,
    and the finding says so.

    Fires
    -----
    `manual` where the technique is ambiguous: limits of both techniques are tested and the
    worse verdict counts.

    Not evaluated
    -------------
    Any of them is unknown, or the plan is a re-irradiation, whose cumulative dose is not
    evaluated.

    References
    ----------
    Design rule of this program: not applicable needs proof.
    """
    obstacles = tuple(_obstacles(context))
    if obstacles:
        for subject, message, remedy in obstacles:
            yield Finding(
                code="DL005",
                subject=subject,
                status=Status.NOT_EVALUATED,
                message=message,
                remedy=remedy,
            )
        return
    stated, worlds = prescription(context), context.technique.worlds
    known = f"{' or '.join(w.value for w in worlds)}, {stated.fractions} fraction(s)"
    course = "judged as a first course, since no earlier course was given"
    if context.courses:
        course = "tested against first-course limits alone; RI judges it with the other courses"
    if len(worlds) > 1:
        yield Finding(
            code="DL005",
            subject="plan",
            status=Status.MANUAL,
            message=f"The technique is ambiguous ({context.technique.why}): limits of both "
            f"techniques are tested and the worse verdict counts; {known}, {course}.",
            remedy="Let a physicist say whether the plan is stereotactic.",
        )
    else:
        yield Finding(
            code="DL005",
            subject="plan",
            status=Status.PASS,
            message=f"Limits are chosen for a plan that is {known}, {course}.",
        )


def _obstacles(context: Context) -> Iterator[tuple[str, str, str]]:
    """(subject, what is wrong, remedy) for everything that stands in the way."""
    stated = prescription(context)
    if context.case.structure_set is None:
        yield (
            "structures",
            "There is no structure set, so no limit can be tested.",
            "Export the structure set of the plan.",
        )
    if context.plan_dose.grid is None:
        yield (
            "dose",
            f"There is no dose of the whole course: {context.plan_dose.problem or 'none given'}.",
            context.plan_dose.remedy or "Export the plan dose with summation type PLAN.",
        )
    if not context.technique.worlds:
        yield (
            "plan",
            f"The technique is unknown ({context.technique.why}), so no limits can be chosen.",
            "Export the plan with its beams and control points.",
        )
    if stated.fractions is None:
        yield (
            "plan",
            "The number of fractions is unknown, so no limit for a number of fractions applies.",
            "Export the plan with its fraction group.",
        )
    if stated.dose_gy is None:
        yield (
            "plan",
            "The prescribed dose is unknown, so limits for a scheme or in percent are not chosen.",
            "State the prescribed dose in the plan and export it again.",
        )
    if lacks_earlier(context):
        yield (
            "plan",
            "The plan is a re-irradiation, whose cumulative dose was not evaluated.",
            "Let a physicist add up the dose of all courses.",
        )
