"""Whether everything that a verdict needs has arrived."""

from collections.abc import Callable, Iterator, Mapping

from planchecker.case import Case, DoseObject, Plan
from planchecker.results import Finding, Status

__all__ = ["EXPLAINED", "incomplete", "missing_from"]


def missing_from(case: Case, *, images_expected: bool = True) -> tuple[str, ...]:
    """Say what a case lacks that its own objects name.

    Parameters
    ----------
    images_expected
        False where the sender never sends images; a part of an image series is a gap all the
        same.

    Returns
    -------
    tuple of str
        Empty where the plan, the structure set it names, its dose (one of the whole plan, or
        one of every beam) and every image slice of the structure set are there.

    Examples
    --------
    >>> missing_from(Case())
    ('the RT Plan',)
    """
    if case.plan is None:
        return ("the RT Plan",)
    return tuple(_gaps(case, case.plan, images_expected=images_expected))


def incomplete(gaps: tuple[str, ...], *, waited_s: float | None) -> Finding:
    """Ask whether everything that the plan names had arrived when a hook judged it.

    What
    ----
    The plan, the structure set it names, its dose (one of the whole plan, or one of every
    beam) and every image slice that the structure set names.

    Why
    ---
    Objects come one by one over a network or into a folder. A verdict on a part of them is a
    verdict on another plan.

    Passes
    ------
    Never shown: a complete set has no such finding.

    Fires
    -----
    Never.

    Not evaluated
    -------------
    Where the set was judged although something was missing, because nothing arrived any more.

    Parameters
    ----------
    waited_s
        How long nothing arrived before the set was judged; None where nobody waited.

    References
    ----------
    DICOM PS3.3 C.8.8.5 Structure Set Module, C.8.8.8 RT General Plan Module.
    """
    waited = "" if waited_s is None else f" after {waited_s:g} s without a new object"
    return Finding(
        code="HK001",
        subject="set of objects",
        status=Status.NOT_EVALUATED,
        message=f"The set was judged{waited} while it lacked {'; '.join(gaps)}.",
        remedy="Send or export what is missing; the set is then judged anew.",
    )


EXPLAINED: Mapping[str, tuple[str, Callable[..., Finding]]] = {
    "HK001": ("Set of objects complete", incomplete)
}
"""Codes of findings that hooks add to a report, for ``planchecker explain``."""


def _gaps(case: Case, plan: Plan, *, images_expected: bool) -> Iterator[str]:
    structures = case.structure_set
    if structures is None or structures.sop_instance_uid != (
        plan.structure_set_uid or structures.sop_instance_uid
    ):
        yield f"the structure set {plan.structure_set_uid or 'of the plan'}"
    if not _dose_is_whole(plan, case.doses):
        yield "the dose of the plan (summation type PLAN, or every beam)"
    if structures is None:
        return
    named, here = set(structures.image_uids), {image.sop_instance_uid for image in case.images}
    absent = named - here
    if absent and (images_expected or named & here):
        yield f"{len(absent)} of {len(named)} image slices of the structure set"


def _dose_is_whole(plan: Plan, doses: tuple[DoseObject, ...]) -> bool:
    own = [dose for dose in doses if plan.sop_instance_uid in dose.plan_uids]
    own = own or [dose for dose in doses if not dose.plan_uids]
    if any(dose.summation not in ("BEAM", "CONTROL_POINT") for dose in own):
        return True
    beams = {beam.number for beam in plan.treatment_beams}
    covered = {number for dose in own for number in dose.beam_numbers}
    return bool(beams) and beams <= covered
