"""ST: whether the structures can be relied on."""

from collections import defaultdict
from collections.abc import Iterator

from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.contours import (
    cord_spans_target,
    empty_rois,
    nothing_dropped,
    structure_finding,
)
from planchecker.checks.limits.nesting import CORD, contoured, drawn_structures, is_neural
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["CHECKS"]

_TARGET_TYPES = ("PTV", "CTV", "GTV")
_CONTRADICTS = {
    "target": ("ORGAN", "AVOIDANCE", "EXTERNAL", "SUPPORT", "BOLUS"),
    "organ": (*_TARGET_TYPES, "EXTERNAL", "SUPPORT", "BOLUS"),
    "prv": (*_TARGET_TYPES, "EXTERNAL", "SUPPORT", "BOLUS"),
    "external": (*_TARGET_TYPES, "ORGAN", "AVOIDANCE", "SUPPORT"),
    "support": (*_TARGET_TYPES, "ORGAN", "EXTERNAL"),
}


def expected_present(context: Context) -> Iterator[Outcome]:
    """Ask whether target, external contour and cord exist and hold contours.

    What
    ----
    A PTV (or CTV or GTV), an external contour, and in a plan of the spine or of an unknown site
    a contour of the cord, its PRV, the thecal sac, the spinal canal or the cauda equina.

    Why
    ---
    What is not contoured is not checked.

    Passes
    ------
    Each of them has contours.

    Fires
    -----
    `warn` without an external contour.

    Not evaluated
    -------------
    There is no structure set, no target or no contour of the cord.

    References
    ----------
    AAPM MPPG 11.a, physicist initial check.
    """
    if context.case.structure_set is None:
        yield structure_finding(
            "ST001",
            "structures",
            Status.NOT_EVALUATED,
            "There is no structure set.",
            remedy="Export the structure set of the plan.",
        )
        return
    drawn = tuple(contoured(context))
    yield _presence(
        "target",
        tuple(m for m in drawn if m.category == "target"),
        Status.NOT_EVALUATED,
        "Contour the PTV (ROI type PTV) and export the structure set.",
    )
    yield _presence(
        "body",
        tuple(m for m in drawn if m.category == "external"),
        Status.WARN,
        "Contour the body (ROI type EXTERNAL) and export the structure set.",
    )
    cord = tuple(m for m in drawn if is_neural(context.protocol, m.name))
    if context.scheme.spine is False and not cord:
        yield NotApplicable(
            code="ST001", subject=CORD, reason="the target is known not to be spine"
        )
    else:
        yield _presence(
            "cord",
            cord,
            Status.NOT_EVALUATED,
            f"Contour {CORD}, or the structure that stands for it, and export the structure set.",
        )


def unambiguous(context: Context) -> Iterator[Outcome]:
    """Ask whether every name stands for one structure.

    What
    ----
    ROI names that occur twice, two ROIs with the same TG-263 name, two outlines of the body,
    and names that fit several structures.

    Why
    ---
    A limit tested on the wrong one of two contours looks like an answer.

    Passes
    ------
    There are none of these.

    Fires
    -----
    `manual` for each of them; both contours of a pair are tested.

    Not evaluated
    -------------
    There is no structure set: ST001 says so. Where nothing is contoured it does not apply.

    References
    ----------
    AAPM TG-263 for the names.
    """
    if context.case.structure_set is None:
        return
    drawn = drawn_structures(context)
    if not drawn:
        reason = "nothing is contoured; ST001 reports it"
        yield NotApplicable(code="ST002", subject="structures", reason=reason)
        return
    findings = [*_twice(context, drawn), *_ambiguous(context, drawn)]
    yield from findings
    if not findings:
        yield structure_finding(
            "ST002", "structures", Status.PASS, "Every name stands for one structure."
        )


def types_agree(context: Context) -> Iterator[Outcome]:
    """Ask whether the ROI types agree with the names.

    What
    ----
    RT ROI Interpreted Type against what the name was matched to.

    Why
    ---
    A PTV typed as an organ, or a cord typed as a target, was mixed up by someone; planning
    systems act on the type.

    Passes
    ------
    No type contradicts its name; a missing type contradicts nothing.

    Fires
    -----
    `manual` for a target or the cord, `warn` for another structure.

    Not evaluated
    -------------
    There is no structure set: ST001 says so. Where no structure with a known name states a type
    it is listed as not applicable.

    References
    ----------
    DICOM PS3.3 C.8.8.8, RT ROI Interpreted Type.
    """
    if context.case.structure_set is None:
        return
    drawn = drawn_structures(context)
    wrong = [
        (match, drawn[match.roi_number].interpreted_type)
        for match in context.matches
        if match.roi_number in drawn
        and drawn[match.roi_number].interpreted_type in _CONTRADICTS.get(match.category, ())
    ]
    for match, kind in wrong:
        grave = match.category == "target" or is_neural(context.protocol, match.name)
        yield structure_finding(
            "ST003",
            match.roi_name,
            Status.MANUAL if grave else Status.WARN,
            f"{match.roi_name} is {match.name} by name and {kind} by ROI type.",
            roi_number=match.roi_number,
            remedy="Correct the ROI type or the name.",
        )
    known = [m for m in context.matches if m.roi_number in drawn and m.category in _CONTRADICTS]
    typed = sum(bool(drawn[m.roi_number].interpreted_type) for m in known)
    if not typed:
        reason = "no structure with a known name states an ROI type"
        yield NotApplicable(code="ST003", subject="structures", reason=reason)
    elif not wrong:
        said = f"No ROI type contradicts its name; {typed} of {len(known)} are stated."
        yield structure_finding("ST003", "structures", Status.PASS, said)


CHECKS: tuple[Check, ...] = (
    Check(code="ST001", title="Expected structures present", run=expected_present),
    Check(code="ST002", title="Names unambiguous", run=unambiguous),
    Check(code="ST003", title="ROI types agree with names", run=types_agree),
    Check(code="ST004", title="Empty ROIs", run=empty_rois),
    Check(code="ST005", title="Nothing dropped from targets and cord", run=nothing_dropped),
    Check(code="ST006", title="Cord contoured along the target", run=cord_spans_target),
)


def _presence(what: str, found: tuple[Match, ...], missing: Status, remedy: str) -> Finding:
    if found:
        names = ", ".join(m.roi_name for m in found)
        return structure_finding("ST001", what, Status.PASS, f"Contours of the {what}: {names}.")
    return structure_finding("ST001", what, missing, f"No contour of the {what}.", remedy=remedy)


def _twice(context: Context, drawn: dict[int, Structure]) -> Iterator[Finding]:
    by_name: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in context.matches:
        if match.roi_number not in drawn:
            continue
        by_name["ROI name", match.roi_name].append(match)
        if match.name and match.category in ("organ", "prv"):
            by_name["TG-263 name", match.name].append(match)
        if match.category == "external":
            # A patient has one outline, whatever two of them are called.
            by_name["meaning", "External"].append(match)
    told: set[tuple[int, ...]] = set()
    for (kind, name), matches in by_name.items():
        numbers = tuple(m.roi_number for m in matches)
        if len(matches) < 2 or numbers in told:
            continue
        told.add(numbers)
        listed = ", ".join(f"{m.roi_name} (ROI {m.roi_number})" for m in matches)
        yield structure_finding(
            "ST002",
            name,
            Status.MANUAL,
            f"{len(matches)} ROIs carry the {kind} {name}: {listed}; each was tested.",
            roi_number=numbers[0],
            remedy="Rename or delete all but the one the plan was made with.",
        )


def _ambiguous(context: Context, drawn: dict[int, Structure]) -> Iterator[Finding]:
    for match in context.matches:
        if match.roi_number in drawn and match.how.startswith("ambiguous"):
            yield structure_finding(
                "ST002",
                match.roi_name,
                Status.MANUAL,
                f"{match.roi_name} fits several structures ({match.how}); no limit was tested "
                "on it.",
                roi_number=match.roi_number,
                remedy="Rename it to the TG-263 name that is meant.",
            )
