"""Family RX: the prescription, and whether doses agree with it."""

from collections.abc import Iterator

from constraints.model import Technique
from planchecker.case import Plan
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.label_scheme import label_agrees
from planchecker.checks.ladder import climb
from planchecker.checks.normalisation import normalised
from planchecker.checks.saying import fractions_in_words
from planchecker.checks.scheme import recognised, technique_of_scheme
from planchecker.results import Finding, NotApplicable, Status
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.targets import median_dose, prescribed_targets

__all__ = ["CHECKS"]

_STATE = "State total dose and number of fractions in the plan, and export it again."


def readable(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan states its total dose.

    What
    ----
    The target prescription dose of the plan; in its place, the sum of its beam doses. Where
    there is neither, a guess from the median dose of the target is shown and never used to
    pass anything.

    Why
    ---
    Scheme, technique and every limit in percent rest on the prescription.

    Passes
    ------
    The plan states a target prescription dose.

    Fires
    -----
    `manual` where only beam doses are stated: their points differ from vendor to vendor.

    Not evaluated
    -------------
    Where there is no plan, it is one of brachytherapy, or it states neither.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.8.8.10 RT Prescription Module; the guess follows
    ``agreement.inferred_percent``.
    """
    plan = context.case.plan
    if plan is None or plan.brachy:
        yield Finding(
            code="RX001",
            subject="plan",
            status=Status.NOT_EVALUATED,
            message="There is no RT Plan." if plan is None else "The plan is of brachytherapy.",
            remedy="Export the external beam RT Plan together with structures and dose.",
        )
        return
    stated = plan.prescription
    pair = f"{stated.dose_gy or 0:g} Gy in {fractions_in_words(stated.fractions)}"
    status, message = climb(
        (
            not stated.dose_gy,
            Status.NOT_EVALUATED,
            "The plan states no total dose, and the dose does not suggest one.",
        ),
        (
            stated.source == INFERRED,
            Status.NOT_EVALUATED,
            f"The plan states no total dose; {pair} is a guess from the target dose.",
        ),
        (
            stated.source != "target prescription dose",
            Status.MANUAL,
            f"The plan states no target dose; {pair} is the sum of its {stated.source}.",
        ),
        (True, Status.PASS, f"Prescribed are {pair}."),
    )
    yield Finding(
        code="RX001",
        subject="prescription",
        status=status,
        message=message,
        value=stated.dose_gy,
        unit="Gy",
        remedy="" if status is Status.PASS else _STATE,
    )


def fractions(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan states one number of fractions.

    What
    ----
    The fraction groups of the plan, the number of fractions planned, and the beams they name.

    Why
    ---
    The same total dose in fewer fractions may be a different treatment: 30 Gy in 10 fractions
    is palliative routine, in 4 it is far beyond the tolerance of a cord in the field.

    Passes
    ------
    One fraction group with at least one fraction, whose beams are all in the plan and as many
    as it states.

    Fires
    -----
    `fail` where a fraction group names a beam that the plan lacks, or another number of beams
    than it states.

    Not evaluated
    -------------
    No or several fraction groups; no number of fractions.

    References
    ----------
    DICOM PS3.3 C.8.8.13 RT Fraction Scheme Module.
    """
    plan = context.case.plan
    if plan is None:
        return
    count, groups = plan.prescription.fractions, plan.fraction_groups
    absent = sorted(set(plan.delivered_beams) - {beam.number for beam in plan.beams})
    stated, named = plan.stated_beams, len(plan.delivered_beams)
    listed = ", ".join(map(str, absent))
    status, message = climb(
        (
            bool(absent),
            Status.FAIL,
            f"The fraction group names beams that the plan lacks: {listed}.",
        ),
        (
            stated is not None and stated != named,
            Status.FAIL,
            f"The fraction group states {stated} beams and names {named}.",
        ),
        (groups == 0, Status.NOT_EVALUATED, "The plan has no fraction group."),
        (
            groups > 1,
            Status.NOT_EVALUATED,
            f"The plan has {groups} fraction groups; they cannot be read as one prescription.",
        ),
        (
            not count or count < 1,
            Status.NOT_EVALUATED,
            "The plan states no number of fractions of at least 1.",
        ),
        (True, Status.PASS, f"The plan has one fraction group of {fractions_in_words(count)}."),
    )
    yield Finding(
        code="RX002",
        subject="fractions",
        status=status,
        message=message,
        value=count,
        remedy={
            Status.PASS: "",
            Status.FAIL: "Export the plan again, whole; mend it where it is still so.",
        }.get(status, "Export one plan per fraction group, each with its number of fractions."),
    )


def one_dose(context: Context) -> Iterator[Outcome]:
    """Ask whether one dose is prescribed.

    What
    ----
    The target prescription doses of all dose references.

    Why
    ---
    The highest one is taken for the scheme; a second dose level belongs to no scheme of the
    table and needs to be judged by a person.

    Passes
    ------
    All targets have the same dose.

    Fires
    -----
    `manual` where targets have different doses.

    Not evaluated
    -------------
    Never; a plan without target doses is listed as not applicable and caught by RX001.

    References
    ----------
    AAPM MPPG 11.a: several targets are named.
    """
    plan = context.case.plan
    targets = plan.prescription.targets if plan else ()
    doses = sorted(
        {
            target.prescription_gy
            for target in targets
            if target.prescription_gy and target.reference_type != "ORGAN_AT_RISK"
        },
        reverse=True,
    )
    if not doses:
        reason = "the plan states no target prescription dose; RX001 reports it"
        yield NotApplicable(code="RX003", subject="prescription", reason=reason)
        return
    listed = ", ".join(f"{dose:g}" for dose in doses)
    several = len(doses) > 1
    yield Finding(
        code="RX003",
        subject="prescription",
        status=Status.MANUAL if several else Status.PASS,
        message=f"Targets are prescribed {listed} Gy; {doses[0]:g} Gy is taken for the scheme."
        if several
        else f"One dose is prescribed: {listed} Gy.",
        remedy="Let a physician confirm the dose of each target." if several else "",
    )


def beam_doses(context: Context) -> Iterator[Outcome]:
    """Ask whether the beam doses add up to the prescription.

    What
    ----
    The sum of the beam doses of one fraction times the fractions, against the prescription.

    Why
    ---
    A sum that is off by the number of fractions shows that dose and fractions were mixed up.
    Smaller differences say little: the points the beam doses refer to differ by vendor.

    Passes
    ------
    The sum is not off by about the number of fractions; the difference is shown.

    Fires
    -----
    `fail` where the sum is off by about the number of fractions.

    Not evaluated
    -------------
    Never; without all beam doses, or where they are the prescription, it does not apply.

    References
    ----------
    AAPM MPPG 11.a; DICOM Beam Dose (300A,0084). See ``agreement.gross_percent``.
    """
    plan = context.case.plan
    stated = plan.prescription if plan else None
    doses = [beam.dose_gy for beam in plan.treatment_beams] if plan else []
    known = [dose for dose in doses if dose is not None]
    usable = bool(known) and len(known) == len(doses) and sum(known) > 0
    if not usable or stated is None or stated.source == "beam doses":
        reason = "not every treatment beam states its dose, or they are the prescription itself"
        yield NotApplicable(code="RX004", subject="beams", reason=reason)
        return
    if not stated.dose_gy or not stated.fractions:
        reason = "the plan states no dose or fractions to compare with; RX001 and RX002 report it"
        yield NotApplicable(code="RX004", subject="beams", reason=reason)
        return
    total = sum(known) * stated.fractions
    ratio = total / stated.dose_gy
    wrong = _by_fractions(ratio, stated.fractions, context.criterion("agreement.gross_percent"))
    number = fractions_in_words(stated.fractions)
    yield Finding(
        code="RX004",
        subject="beams",
        status=Status.FAIL if wrong else Status.PASS,
        message=f"The beam doses add up to {total:.2f} Gy in {number}, "
        f"{ratio:.2f} times the prescription"
        + (": off by about the number of fractions." if wrong else " (for information)."),
        metric="beam doses / prescription",
        value=ratio,
        **context.cited("agreement.gross_percent"),
        remedy="Check beam doses and number of fractions." if wrong else "",
    )


def agrees(context: Context) -> Iterator[Outcome]:
    """Ask whether the target receives about the prescribed dose.

    What
    ----
    The median dose (D50%) of the targets the prescription is meant for, the highest of them,
    over the prescribed dose.

    Why
    ---
    A dose of another prescription, of one fraction or of another plan shows here at once.
    Fine agreement is asked by RX021 and by coverage.

    Passes
    ------
    The median is within ``agreement.gross_percent`` of the prescription.

    Fires
    -----
    `fail` where it is off by about the number of fractions, or farther than that; `manual`
    where it is higher in a stereotactic plan, whose dose may be inhomogeneous on purpose.

    Not evaluated
    -------------
    Without a plan dose, a stated prescription, or a target with a histogram.

    References
    ----------
    AAPM MPPG 11.a; see ``agreement.gross_percent`` and ``scaling.stereotactic_max``.
    """
    plan = context.case.plan
    if plan is None:
        return
    stated = plan.prescription
    found = median_dose(prescribed_targets(plan, context.matches), context.dvhs)
    median = None if found is None else found.value
    known = stated.dose_gy is not None and stated.source != INFERRED
    if not stated.dose_gy or not known or found is None or median is None:
        lacking = "target dose" if known else "stated prescription"
        unnamed = context.plan_dose.remedy or "Name a target PTV, and export its contours."
        yield Finding(
            code="RX020",
            subject="target",
            status=Status.NOT_EVALUATED,
            message=f"Dose and prescription are not compared: there is no {lacking}.",
            metric="D50%",
            remedy=unnamed if known else _STATE,
        )
        return
    status, message = _agreement(context, median / stated.dose_gy, plan)
    yield Finding(
        code="RX020",
        subject="target",
        status=status,
        message=f"Target D50% is {median:.2f} Gy for {stated.dose_gy:g} Gy prescribed{message}.",
        metric="D50%",
        value=median,
        unit="Gy",
        band=found.band,
        **context.cited("agreement.gross_percent"),
        remedy="" if status is Status.PASS else "Check that dose and plan belong together.",
    )


def _agreement(context: Context, ratio: float, plan: Plan) -> tuple[Status, str]:
    percent = context.criterion("agreement.gross_percent")
    hot = context.criterion("scaling.stereotactic_max")
    stereotactic = Technique.STEREOTACTIC in context.technique.worlds
    number = plan.prescription.fractions or 1
    return climb(
        (
            _by_fractions(ratio, number, percent),
            Status.FAIL,
            f": off by about the number of fractions ({number})",
        ),
        (abs(ratio - 1) * 100 <= percent, Status.PASS, ""),
        (
            stereotactic and 1 < ratio <= hot,
            Status.MANUAL,
            ": high, as where the prescription is to a low isodose",
        ),
        (True, Status.FAIL, f": more than {percent:g} % off"),
    )


def _by_fractions(ratio: float, number: int, percent: float) -> bool:
    """Tell whether a ratio is about the number of fractions, or one over it."""
    near = percent / 100
    return number > 1 and any(abs(r - 1) <= near for r in (ratio / number, ratio * number))


CHECKS: tuple[Check, ...] = (
    Check(code="RX001", title="Total dose is stated", run=readable),
    Check(code="RX002", title="Number of fractions is stated", run=fractions),
    Check(code="RX003", title="One dose is prescribed", run=one_dose),
    Check(code="RX004", title="Beam doses against prescription", run=beam_doses),
    Check(code="RX005", title="Label against prescription", run=label_agrees),
    Check(code="RX010", title="Prescription scheme", run=recognised),
    Check(code="RX011", title="Technique of the scheme", run=technique_of_scheme),
    Check(code="RX020", title="Dose agrees with prescription", run=agrees),
    Check(code="RX021", title="Dose where it is prescribed", run=normalised),
)
