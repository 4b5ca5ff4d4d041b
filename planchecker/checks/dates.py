"""ID008 to ID010: dates in order, a scan that is not old, names that hold."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.saying import moot, say
from planchecker.results import Status

__all__ = ["dates_in_order", "names_hold", "scan_age"]

_SHORT_STRING = 16
"""Most characters of a DICOM Short String, such as the plan label."""


def dates_in_order(context: Context) -> Iterator[Outcome]:
    """Ask whether scan, structures and plan were made in this order.

    What
    ----
    Acquisition Date of the images, Structure Set Date and RT Plan Date.

    Why
    ---
    Structures that are newer than the plan were changed after it was calculated; a scan that
    is newer than the structures is not the one they were drawn on.

    Passes
    ------
    Scan, structures and plan follow each other, on the same day or later.

    Fires
    -----
    `manual` where one is older than what it rests on.

    Not evaluated
    -------------
    Where images, structures or plan state no date or there are no images; without a structure
    set ID003 says so.

    References
    ----------
    AAPM MPPG 11.a; DICOM PS3.3 C.8.8.5 and C.8.8.9.
    """
    case = context.case
    if case.plan is None or case.structure_set is None:
        yield moot("ID008", "dates", "there is no structure set; ID003 reports it")
        return
    scan, drawn, planned = _scanned_on(context), case.structure_set.drawn_on, case.plan.planned_on
    days = (("images", scan), ("structures", drawn), ("plan", planned))
    silent = [name for name, day in days if day is None and (name != "images" or case.images)]
    late = drawn is not None and planned is not None and drawn > planned
    early = scan is not None and drawn is not None and scan > drawn
    status, message = climb(
        (late, Status.MANUAL, f"The structures ({drawn}) are newer than the plan ({planned})."),
        (early, Status.MANUAL, f"The images ({scan}) are newer than the structures ({drawn})."),
        (
            scan is not None and planned is not None and scan > planned,
            Status.MANUAL,
            f"The images ({scan}) are newer than the plan ({planned}).",
        ),
        (bool(silent), Status.NOT_EVALUATED, f"No date is stated: {', '.join(silent)}."),
        (
            not case.images,
            Status.NOT_EVALUATED,
            "Structures and plan follow each other; there are no images to compare with.",
        ),
        (True, Status.PASS, "Scan, structures and plan follow each other."),
    )
    remedy = "Find out what was changed last; calculate the plan again, or export its dates."
    yield say("ID008", "dates", status, message, remedy=remedy)


def scan_age(context: Context) -> Iterator[Outcome]:
    """Ask whether the scan is recent.

    What
    ----
    Days from the Acquisition Date of the images to the RT Plan Date.

    Why
    ---
    Bone disease, weight and posture change within weeks.

    Passes
    ------
    At most ``image.age_warn_days``.

    Fires
    -----
    `warn` above it, `manual` above ``image.age_error_days``.

    Not evaluated
    -------------
    Where images or plan state no date; without images IM001 says so.

    References
    ----------
    ray_scripts and PLANCHECK for the numbers.
    """
    plan = context.case.plan
    if plan is None or not context.case.images:
        yield moot("ID009", "scan", "there are no images of this plan; IM001 reports it")
        return
    scan, planned = _scanned_on(context), plan.planned_on
    if scan is None or planned is None:
        yield say(
            "ID009",
            "scan",
            Status.NOT_EVALUATED,
            "The age of the scan is not judged: a date is missing.",
            remedy="Export images and plan with their dates.",
        )
        return
    days = (planned - scan).days
    usual = context.criterion("image.age_warn_days")
    old = context.criterion("image.age_error_days")
    yield say(
        "ID009",
        "scan",
        Status.MANUAL if days > old else Status.WARN if days > usual else Status.PASS,
        f"The scan was {days} days old when the plan was made.",
        remedy="Make sure that disease and patient have not changed, or scan again.",
        metric="age of the scan",
        value=days,
        unit="d",
        comparison="<=",
        limit=usual,
        margin=usual - days,
        **context.cited("image.age_warn_days"),
    )


def names_hold(context: Context) -> Iterator[Outcome]:
    """Ask whether labels and names can be told apart.

    What
    ----
    RT Plan Label, Structure Set Label, numbers and names of beams.

    Why
    ---
    Two beams of one number or name are confused at the machine; a label that is too long is
    cut on the way, and may then equal another.

    Passes
    ------
    The plan has a label, labels have at most 16 characters, beam numbers and names differ.

    Fires
    -----
    `fail` where beams share a number; `manual` where beams share a name or the plan has no
    label; `warn` where a label is too long.

    Not evaluated
    -------------
    Never. The centre's own pattern of names needs its list.

    References
    ----------
    DICOM PS3.5 6.2, Short String; AAPM MPPG 11.a.
    """
    plan, structures = context.case.plan, context.case.structure_set
    if plan is None:
        return
    numbers = _twice(beam.number for beam in plan.beams)
    names = _twice(beam.name for beam in plan.beams if beam.name)
    labels = [plan.label, structures.label if structures else ""]
    long = [label for label in labels if len(label) > _SHORT_STRING]
    status, message = climb(
        (bool(numbers), Status.FAIL, f"Beams share a number: {', '.join(map(str, numbers))}."),
        (bool(names), Status.MANUAL, f"Beams share a name: {', '.join(map(str, names))}."),
        (not plan.label.strip(), Status.MANUAL, "The plan has no label."),
        (bool(long), Status.WARN, f"Longer than {_SHORT_STRING} characters: {', '.join(long)}."),
        (not plan.beams, Status.PASS, "The labels can be told apart; there are no beams."),
        (True, Status.PASS, "Labels and beam names can be told apart."),
    )
    yield say("ID010", "names", status, message, remedy="Rename in the planning system.")


def _scanned_on(context: Context) -> date | None:
    days = {image.acquired_on for image in context.case.images if image.acquired_on}
    return max(days, default=None)


def _twice(values: Iterator[object]) -> list[object]:
    return [value for value, times in Counter(values).items() if times > 1]
