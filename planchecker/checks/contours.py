"""ST004 to ST006: whether the contours that matter are whole."""

from collections.abc import Iterator

from planchecker.checks.context import Context, Outcome
from planchecker.checks.geometry import planes_without
from planchecker.checks.limits.nesting import CORD, contoured, drawn_structures, is_neural
from planchecker.checks.targets import targets
from planchecker.naming import Match
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["cord_spans_target", "empty_rois", "nothing_dropped", "structure_finding"]


def empty_rois(context: Context) -> Iterator[Outcome]:
    """Ask whether ROIs that matter are listed without contours.

    What
    ----
    ROIs of the structure set that hold no contour.

    Why
    ---
    An empty PTV or cord looks present in a list and is checked by nothing.

    Passes
    ------
    No target and no contour of the cord's family is empty.

    Fires
    -----
    `warn` for an empty target or cord. Other empty ROIs are listed without a status.

    Not evaluated
    -------------
    There is no structure set, or an empty cord leaves none: ST001 says so. Where no target and
    no cord is listed it does not apply.

    References
    ----------
    AAPM MPPG 11.a, physicist initial check.
    """
    if context.case.structure_set is None:
        return
    drawn = drawn_structures(context)
    empty = [m for m in context.matches if m.roi_number not in drawn]
    grave = [m for m in empty if m.category == "target" or is_neural(context.protocol, m.name)]
    for match in grave:
        yield structure_finding(
            "ST004",
            match.roi_name,
            Status.WARN,
            f"{match.roi_name} is listed without contours: nothing of it was checked.",
            roi_number=match.roi_number,
            remedy="Contour it or delete the ROI.",
        )
    others = [m.roi_name for m in empty if m not in grave]
    if others:
        yield NotApplicable(
            code="ST004", subject="empty ROIs", reason=f"no contours: {', '.join(others)}"
        )
    if not grave:
        yield _kinds_of(
            context,
            "ST004",
            tuple(context.matches),
            both="No target and no cord is empty.",
            target="No target is empty; no cord is listed.",
            cord="No cord is empty; no target is listed.",
        )


def nothing_dropped(context: Context) -> Iterator[Outcome]:
    """Ask whether contours of targets and of the cord were dropped or mended.

    What
    ----
    What reading and the dose-volume histogram left out or decided for targets and the cord:
    contours that are no closed loops, gaps, crossings, single planes.

    Why
    ---
    A volume with a part missing can keep a limit that the whole would break.

    Passes
    ------
    Nothing was dropped or decided.

    Fires
    -----
    `manual` for each structure of which a contour was lost; `warn` where something else was
    decided.

    Not evaluated
    -------------
    There is no structure set, or no target and no cord is contoured: ST001 says so. A contour
    without a volume is `not-evaluated` in the check that needs it.

    References
    ----------
    DICOM PS3.3 C.8.8.6, ROI Contour Module.
    """
    if context.case.structure_set is None:
        return
    noisy = False
    for match in contoured(context):
        if match.category != "target" and not is_neural(context.protocol, match.name):
            continue
        dvh = context.dvhs.get(match.roi_number)
        structure = drawn_structures(context)[match.roi_number]
        lost = structure.dropped_contours + sum(
            contour.geometric_type.is_closed and len(contour.points_mm) < 3
            for contour in structure.contours
        )
        notes = (*structure.notes, *(dvh.notes if dvh else ()))
        if notes or lost:
            noisy = True
            notes = notes or (f"{lost} contours could not be used",)
            yield structure_finding(
                "ST005",
                match.roi_name,
                Status.MANUAL if lost else Status.WARN,
                f"{match.roi_name}: {'; '.join(dict.fromkeys(notes))}.",
                roi_number=match.roi_number,
                remedy="Look at the contours on every slice.",
            )
    if not noisy:
        yield _kinds_of(
            context,
            "ST005",
            tuple(contoured(context)),
            both="No contour of a target or the cord was dropped.",
            target="No contour of a target was dropped; there is none of the cord.",
            cord="No contour of the cord was dropped; there is none of a target.",
        )


def cord_spans_target(context: Context) -> Iterator[Outcome]:
    """Ask whether the cord is contoured at every height of the target.

    What
    ----
    Slices on which a PTV (else a CTV or GTV) is contoured and nothing of the cord, its PRV,
    the thecal sac, the spinal canal and the cauda equina is.

    Why
    ---
    The maximum of a cord that stops short of the target says nothing about the rest of it.

    Passes
    ------
    Every height of the target has a contour of the cord's family.

    Fires
    -----
    `manual` where heights are bare, in a plan of the spine or of an unknown site.

    Not evaluated
    -------------
    No target or no cord is contoured: ST001 says so.

    References
    ----------
    TG-101 counts the cord from 5-6 mm above to 5-6 mm below the target,
    doi 10.1118/1.3438081.
    """
    found = targets(context, "PTV") or targets(context, "CTV", "GTV")
    cord = [m for m in contoured(context) if is_neural(context.protocol, m.name)]
    if not found or not cord:
        return
    if context.scheme.spine is False:
        yield NotApplicable(
            code="ST006", subject=CORD, reason="the target is known not to be spine"
        )
        return
    drawn = drawn_structures(context)
    covers = tuple(drawn[m.roi_number] for m in cord)
    for target in found:
        bare = planes_without(drawn[target.roi_number], covers)
        if bare:
            yield structure_finding(
                "ST006",
                target.roi_name,
                Status.MANUAL,
                f"On {len(bare)} slices of {target.roi_name} (z {min(bare):g} to {max(bare):g} mm) "
                "no contour of the cord is drawn, so its maximum may be missed.",
                roi_number=target.roi_number,
                remedy="Contour the cord (or the cauda equina) beyond both ends of the target.",
            )
        else:
            yield structure_finding(
                "ST006",
                target.roi_name,
                Status.PASS,
                f"The cord is contoured at every height of {target.roi_name}.",
                roi_number=target.roi_number,
            )


def _kinds_of(
    context: Context, code: str, found: tuple[Match, ...], *, both: str, target: str, cord: str
) -> Outcome:
    """Return a pass for targets and cord, for those of them that are there."""
    targets = any(match.category == "target" for match in found)
    neural = any(is_neural(context.protocol, match.name) for match in found)
    if not targets and not neural:
        reason = "there is no target and no cord; ST001 reports it"
        return NotApplicable(code=code, subject="structures", reason=reason)
    said = both if targets and neural else target if targets else cord
    return structure_finding(code, "structures", Status.PASS, said)


def structure_finding(
    code: str,
    subject: str,
    status: Status,
    message: str,
    *,
    roi_number: int | None = None,
    remedy: str = "",
) -> Finding:
    """Return a finding about a structure, without a metric."""
    return Finding(
        code=code,
        subject=subject,
        status=status,
        message=message,
        roi_number=roi_number,
        remedy=remedy,
    )
